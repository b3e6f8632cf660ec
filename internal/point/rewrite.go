package point

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A Rewrite is something that differs between the two points in packets that are the same otherwise.
type Rewrite struct {
	Field         string // "source address", "TTL"
	A, B          string // at either point
	Course        Course
	Conversations int
	First         *Meeting
}

// Rewrites are those of the pair, each once, the most frequent of a field first. Whatever a way does to nearly
// all packets (a router lowers the TTL by one) is among them.
func (p *Pair) Rewrites() []Rewrite {
	var out []Rewrite
	index := map[[4]string]int{}
	add := func(m *Meeting, w Course, name string, a, b any) {
		x, y := fmt.Sprint(a), fmt.Sprint(b)
		k := [4]string{name, x, y, fmt.Sprint(w)}
		if x == y {
			return
		}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, Rewrite{Field: name, A: x, B: y, Course: w, First: m})
		}
		out[i].Conversations++
	}
	for i := range p.Meetings {
		m := &p.Meetings[i]
		for d := range 2 {
			m.rewritten(d, func(name string, a, b any) { add(m, m.Ways[d].From, name, a, b) })
		}
	}
	rank := map[string]int{}
	for i, f := range fieldOrder {
		rank[f] = i
	}
	slices.SortStableFunc(out, func(a, b Rewrite) int {
		return cmp.Or(cmp.Compare(rank[a.Field], rank[b.Field]), cmp.Compare(b.Conversations, a.Conversations))
	})
	return out
}

var fieldOrder = []string{"source address", "source port", "sequence numbers", "MSS", "window scale", "SACK", "time stamps", "payload", "DSCP", "TTL"}

// rewritten yields what differs in the packets of side d of A.
func (m *Meeting) rewritten(d int, yield func(name string, a, b any)) {
	e := d
	if m.Flipped {
		e = 1 - d
	}
	if m.A.Ends[d].Addr() != m.B.Ends[e].Addr() {
		yield("source address", m.A.Ends[d].Addr(), m.B.Ends[e].Addr())
	}
	if m.A.Ends[d].Port() != m.B.Ends[e].Port() {
		yield("source port", m.A.Ends[d].Port(), m.B.Ends[e].Port())
	}
	w := &m.Ways[d]
	if w.Altered > 0 {
		yield("payload", "as sent", "other bytes, as many")
	}
	if w.Matched == 0 {
		return
	}
	if w.TTL != 0 {
		yield("TTL", fmt.Sprintf("%+d", max(w.TTL, 0)), fmt.Sprintf("%+d", max(-w.TTL, 0)))
	}
	if w.DSCP[0] != w.DSCP[1] {
		yield("DSCP", w.DSCP[0], w.DSCP[1])
	}
	if m.A.TCP == nil || m.B.TCP == nil {
		return
	}
	if m.Shift[d] != 0 {
		yield("sequence numbers", "+0", fmt.Sprintf("%+d", int32(m.Shift[d])))
	}
	options(&m.A.TCP.Sides[d], &m.B.TCP.Sides[e], yield)
}

// options compares those of the SYN, when both points have it.
func options(a, b *flow.Side, yield func(name string, a, b any)) {
	if !a.ISNKnown || !b.ISNKnown {
		return
	}
	word := func(has bool) string {
		if has {
			return "there"
		}
		return "removed"
	}
	number := func(n int) string {
		if n <= 0 {
			return "none"
		}
		return fmt.Sprint(n)
	}
	yield("MSS", number(a.MSS), number(b.MSS))
	yield("window scale", a.Scale, b.Scale)
	yield("SACK", word(a.SACK), word(b.SACK))
	yield("time stamps", word(a.Timestamps), word(b.Timestamps))
}

// Total adds up the directions of all conversations that take a course.
func (p *Pair) Total(course Course) (w Way, conversations int) {
	w.From = course
	for i := range p.Meetings {
		for d := range 2 {
			x := &p.Meetings[i].Ways[d]
			if x.From != course || x.Matched+x.Lost+x.Only+x.Altered+x.Alike[0]+x.Alike[1] == 0 {
				continue
			}
			conversations++
			w.Matched, w.Lost, w.Only, w.Outside = w.Matched+x.Matched, w.Lost+x.Lost, w.Only+x.Only, w.Outside+x.Outside
			w.Ranges, w.Altered = w.Ranges+x.Ranges, w.Altered+x.Altered
			w.Alike[0], w.Alike[1] = w.Alike[0]+x.Alike[0], w.Alike[1]+x.Alike[1]
		}
	}
	if course != Unknown {
		w.Delay = p.Delay[course-AtoB]
	}
	return w, conversations
}
