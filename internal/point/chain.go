package point

import (
	"cmp"
	"fmt"
	"slices"
)

// A Passage is one direction of a conversation between two points.
type Passage struct {
	*Pair
	*Meeting
	Side int // the sender, an end of the conversation at A of the pair
}

// Way is what became of its packets.
func (p *Passage) Way() *Way { return &p.Ways[p.Side] }

// A Hop is two points that packets pass with no other point between them, and what passed them so.
type Hop struct {
	From, To int // points, in the order in which packets pass; index into Result.Points
	Known    bool
	Passages []Passage
}

// Pair is that of the two points.
func (h *Hop) Pair() *Pair { return h.Passages[0].Pair }

// A Class is the conversations that pass the same points in the same order.
type Class struct {
	// Points are in the order in which packets pass, away from the first point and back to it. One of the two is empty when no packet went that way.
	Points        [2][]int
	Conversations int
	Hops          [2][]Hop
}

// A sighted conversation is one at several points.
type sighted struct {
	convs    []int32   // by point: its number there, -1 where it was not seen
	sent     [][2]bool // by point: which of its ends sent packets
	turned   []bool    // by point: its end 0 is end 1 at the first one
	meetings []Passage // Side is not used
}

// sighted are the conversations that more than one point has, in the order of their numbers.
func (r *Result) sighted() []*sighted {
	same := NewSame(r)
	of := map[int32]*sighted{}
	var out []*sighted
	for i := range r.Pairs {
		p := &r.Pairs[i]
		for j := range p.Meetings {
			m := &p.Meetings[j]
			first := same.first[m.A]
			s := of[first]
			if s == nil {
				n := len(r.Points)
				s = &sighted{convs: slices.Repeat([]int32{-1}, n), sent: make([][2]bool, n), turned: make([]bool, n)}
				of[first] = s
				out = append(out, s)
			}
			s.meetings = append(s.meetings, Passage{Pair: p, Meeting: m})
		}
	}
	for _, s := range out {
		s.turn()
	}
	slices.SortStableFunc(out, func(a, b *sighted) int { return cmp.Compare(a.meetings[0].Meeting.A, b.meetings[0].Meeting.A) })
	return out
}

// turn notes which points have the conversation, and where its ends are the other way around.
func (s *sighted) turn() {
	first := s.meetings[0]
	s.convs[first.Pair.A], s.sent[first.Pair.A] = first.Meeting.A, first.Sent[0]
	for again := true; again; {
		again = false
		for _, m := range s.meetings {
			a, b := m.Pair.A, m.Pair.B
			switch {
			case s.convs[a] == m.Meeting.A && s.convs[b] < 0:
				s.convs[b], s.sent[b], s.turned[b], again = m.Meeting.B, m.Sent[1], s.turned[a] != m.Flipped, true
			case s.convs[b] == m.Meeting.B && s.convs[a] < 0:
				s.convs[a], s.sent[a], s.turned[a], again = m.Meeting.A, m.Sent[0], s.turned[b] != m.Flipped, true
			}
		}
	}
}

// side is the number of end d at a point.
func (s *sighted) side(point, d int) int {
	if s.turned[point] {
		return 1 - d
	}
	return d
}

// points are those that have packets of end d, in the order in which these pass. sure says that nothing else is possible.
func (s *sighted) points(d int) (list []int, sure bool) {
	for i, c := range s.convs {
		if c >= 0 && s.sent[i][s.side(i, d)] {
			list = append(list, i)
		}
	}
	before := make([]int, len(s.convs)) // how many come before each
	sure = true
	for _, m := range s.meetings {
		x := m.Ways[s.side(m.Pair.A, d)].From
		switch {
		case !slices.Contains(list, m.Pair.A) || !slices.Contains(list, m.Pair.B) || s.convs[m.Pair.A] != m.Meeting.A || s.convs[m.Pair.B] != m.Meeting.B:
		case x == AtoB:
			before[m.Pair.B]++
		case x == BtoA:
			before[m.Pair.A]++
		default:
			sure = false
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(before[a], before[b]) })
	for i, p := range list {
		sure = sure && before[p] == i
	}
	return list, sure
}

// passage is that of end d between two points; not ok when they were not compared with each other, or saw something else.
func (s *sighted) passage(a, b, d int) (p Passage, ok bool) {
	for _, m := range s.meetings {
		if (m.Pair.A == a && m.Pair.B == b || m.Pair.A == b && m.Pair.B == a) && s.convs[m.Pair.A] == m.Meeting.A && s.convs[m.Pair.B] == m.Meeting.B {
			m.Side = s.side(m.Pair.A, d)
			return m, true
		}
	}
	return p, false
}

// Classes are the conversations of several points by the points that they pass one after another, those of most points first, then those of most conversations.
func (r *Result) Classes() []*Class {
	of := map[string]*Class{}
	var out []*Class
	for _, s := range r.sighted() {
		var lists [2][]int
		for d := range lists {
			lists[d], _ = s.points(d)
		}
		turned := 0
		if x, y := lists[0], lists[1]; len(x) > 0 && (len(y) > 0 && x[0] > y[0] || len(y) == 0 && x[0] > x[len(x)-1]) || len(x) == 0 && len(y) > 0 && y[0] < y[len(y)-1] {
			turned = 1 // the way away from the first point is that of end 1
		}
		key := fmt.Sprint(lists[turned], lists[1-turned])
		c := of[key]
		if c == nil {
			c = &Class{Points: [2][]int{lists[turned], lists[1-turned]}}
			of[key] = c
			out = append(out, c)
		}
		c.Conversations++
		for i := range 2 {
			c.Hops[i] = s.hops(c.Hops[i], i^turned)
		}
	}
	out = slices.DeleteFunc(out, func(c *Class) bool { return len(c.Hops[0])+len(c.Hops[1]) == 0 })
	slices.SortStableFunc(out, func(a, b *Class) int {
		return cmp.Or(cmp.Compare(b.points(), a.points()), cmp.Compare(b.Conversations, a.Conversations))
	})
	return out
}

func (c *Class) points() int { return max(len(c.Points[0]), len(c.Points[1])) }

// hops appends the passages of end d to hops.
func (s *sighted) hops(hops []Hop, d int) []Hop {
	list, _ := s.points(d)
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		p, ok := s.passage(a, b, d)
		if !ok {
			continue
		}
		known := p.Way().From != Unknown
		k := slices.IndexFunc(hops, func(h Hop) bool { return h.From == a && h.To == b && h.Known == known })
		if k < 0 {
			k = len(hops)
			hops = append(hops, Hop{From: a, To: b, Known: known})
		}
		hops[k].Passages = append(hops[k].Passages, p)
	}
	return hops
}

// Hops are those of all conversations, in the order of their points: what happens between two points happens on a hop, and on no other.
func (r *Result) Hops() []Hop {
	var out []Hop
	for _, s := range r.sighted() {
		for d := range 2 {
			out = s.hops(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Hop) int {
		return cmp.Or(cmp.Compare(min(a.From, a.To), min(b.From, b.To)), cmp.Compare(max(a.From, a.To), max(b.From, b.To)), cmp.Compare(a.From, b.From))
	})
	return out
}

// Course is the order of the points of the pair in which packets of the hop pass.
func (h *Hop) Course() Course {
	switch {
	case !h.Known:
		return Unknown
	case h.From == h.Pair().A:
		return AtoB
	}
	return BtoA
}

// Total adds up what became of the packets.
func (h *Hop) Total() (w Way) {
	for i := range h.Passages {
		w.add(h.Passages[i].Way())
	}
	w.From = h.Course()
	if h.Known {
		w.Delay = h.Pair().Delay[w.From-AtoB]
	}
	return w
}

// add counts what became of the packets of another direction.
func (w *Way) add(x *Way) {
	if w.Matched < x.Matched {
		w.TTL, w.DSCP = x.TTL, x.DSCP
	}
	w.Matched, w.Lost, w.Only, w.Outside = w.Matched+x.Matched, w.Lost+x.Lost, w.Only+x.Only, w.Outside+x.Outside
	w.Copied = w.Copied || x.Copied
	w.Ranges, w.Altered, w.Twice = w.Ranges+x.Ranges, w.Altered+x.Altered, w.Twice+x.Twice
	w.Alike[0], w.Alike[1] = w.Alike[0]+x.Alike[0], w.Alike[1]+x.Alike[1]
	w.Reordered, w.Extent, w.Late = w.Reordered+x.Reordered, max(w.Extent, x.Extent), max(w.Late, x.Late)
}
