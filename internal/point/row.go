package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A file is one source of a point, of those that its recorder wrote one after another.
type file struct {
	source int
	before uint32 // records of the files before it, modulo 2^32
}

// rows joins the sources that are one point:
//
//  1. Whoever gives several the same name says so.
//  2. Files of a series (a ring buffer) are one when their times follow each other, and no connection goes back to where it was.
//  3. Of other files, times must not overlap, and a connection of the one must go on in the next where it stopped, and none do anything else.
//     Two points whose clocks are far apart have the same bytes, and not those that come next.
func rows(points []Point, prints []*Recorder, convs *flow.Conversations) (outPoints []Point, outPrints []*Recorder) {
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(points[a].First, points[b].First) })
	w := &rower{points: points, prints: prints, convs: convs, ways: make([]map[ends]*trip, len(points))}
	into := make([]int, len(points)) // the first source of the row
	last := map[int]int{}            // of a row
	for n, i := range order {
		into[i] = i
		for _, j := range slices.Backward(order[:n]) {
			if first := into[j]; last[first] == j && w.follows(j, i) {
				into[i] = first
				break
			}
		}
		last[into[i]] = i
	}
	index := map[int]int{}
	for i := range points {
		if into[i] != i {
			continue
		}
		index[i] = len(outPoints)
		outPoints, outPrints = append(outPoints, points[i]), append(outPrints, prints[i])
	}
	for _, i := range order {
		if k := index[into[i]]; into[i] != i {
			outPoints[k].join(&points[i])
			outPrints[k].append(prints[i], uint32(outPoints[k].before()))
		}
	}
	return outPoints, outPrints
}

// join adds a source to a point.
func (p *Point) join(o *Point) {
	if p.files == nil {
		p.files = []file{{source: p.Source}}
	}
	p.files = append(p.files, file{o.Source, uint32(p.Records)})
	p.Records += o.Records
	p.More = append(p.More, o.Source)
	p.Tick, p.Untimed = max(p.Tick, o.Tick), p.Untimed || o.Untimed
	if o.First != trace.NoTime && (p.First == trace.NoTime || o.First < p.First) {
		p.First = o.First
	}
	p.Last = max(p.Last, o.Last)
}

// before is how many records come before those of the source that was joined last.
func (p *Point) before() uint32 { return p.files[len(p.files)-1].before }

// number is what the record of a source has at the point, 0 when it is not known.
func (p *Point) number(source int, n int64) int64 {
	for _, x := range p.files {
		if x.source == source && n != 0 {
			return n + int64(x.before)
		}
	}
	return n
}

// has reports whether the source is one of the point.
func (p *Point) has(source int) bool { return p.Source == source || slices.Contains(p.More, source) }

// Of is the point that a source belongs to, nil when it is none.
func (r *Result) Of(source int) *Point {
	for i := range r.Points {
		if r.Points[i].has(source) {
			return &r.Points[i]
		}
	}
	return nil
}

// pos is the record of a print.
func (p *Point) pos(q *print) trace.Pos {
	at := trace.Pos{Source: p.Source, Number: int64(q.number)}
	for _, x := range p.files {
		if q.number > x.before {
			at = trace.Pos{Source: x.source, Number: int64(q.number - x.before)}
		}
	}
	return at
}

// append takes over what another recorder has, whose records come behind.
func (r *Recorder) append(o *Recorder, before uint32) {
	for _, list := range o.all() {
		for i := range list {
			list[i].number += before
		}
		r.joined = append(r.joined, list)
	}
	r.moored = append(append(r.moored, o.moored...), o.anchors.list)
	r.level, r.unit, r.net = max(r.level, o.level), min(r.unit, o.unit), r.net+o.net
	for a := range o.heard {
		r.hears(a)
	}
}

// A trip is where a connection begins and ends in a source, by the sequence numbers of each direction.
type trip struct {
	first, end [2]uint32
	seen       [2]bool
}

type rower struct {
	points []Point
	prints []*Recorder
	convs  *flow.Conversations
	ways   []map[ends]*trip
}

// maxPause is the longest time between two files of a row that have no name in common.
const maxPause = 10 * second

// follows reports whether source b goes on with what a recorded.
func (w *rower) follows(a, b int) bool {
	p, q := &w.points[a], &w.points[b]
	switch {
	case p.Named && q.Named:
		return p.Name == q.Name
	case p.Named || q.Named || p.Untimed || q.Untimed || p.First == trace.NoTime || q.First == trace.NoTime || q.First < p.Last:
		return false
	}
	series := p.Series != "" && p.Series == q.Series && p.Number < q.Number
	if !series && (q.First-p.Last > maxPause || p.Recorder != q.Recorder) {
		return false
	}
	on := 0
	from := w.trips(a)
	for e, y := range w.trips(b) {
		x := from[e]
		for d := 0; x != nil && d < 2; d++ {
			if !x.seen[d] || !y.seen[d] {
				continue
			}
			switch past := int32(y.first[d] - x.end[d]); {
			case past >= 0 && past < 1<<20:
				on++
			case series && int32(y.first[d]-x.first[d]) > 0, past == -1: // sent again, or a keep-alive
			default:
				return false
			}
		}
	}
	return series || on > 0
}

// trips are the connections of a source that begin in it only once.
func (w *rower) trips(i int) map[ends]*trip {
	if w.ways[i] != nil {
		return w.ways[i]
	}
	out := map[ends]*trip{}
	order := map[*trip][2][2]uint32{} // numbers of the first and last record of each direction
	c := flow.Outline{ID: -1}
	for _, list := range w.prints[i].all() {
		for k := range list {
			q := &list[k]
			if id := q.conv(); id != c.ID {
				c = w.convs.Outline(id)
			}
			if c.Proto != proto.TCP {
				continue
			}
			e, flipped := endsOf(&c)
			d := q.dir()
			if flipped {
				d = 1 - d
			}
			t := out[e]
			if t == nil {
				t = new(trip)
				out[e] = t
			}
			n := order[t]
			if !t.seen[d] || q.number < n[d][0] {
				t.first[d], n[d][0] = q.seq, q.number
			}
			if !t.seen[d] || q.number > n[d][1] {
				t.end[d], n[d][1] = q.seq+q.size, q.number
			}
			t.seen[d], order[t] = true, n
		}
	}
	w.ways[i] = out
	return out
}

// reunite makes one talk of those parts of a conversation that different files of a row have.
func (s *side) reunite() {
	if len(s.files) == 0 {
		return
	}
	s.moved = map[int]moved{}
	open := map[ends]*talk{}
	kept := s.talks[:0]
	for _, t := range s.talks { // in order of the sources, and of their beginnings
		e, flipped := endsOf(&t.conv)
		o := open[e]
		if o == nil || o.conv.Source == t.conv.Source || !resumes(&o.conv, &t.conv) {
			open[e] = t
			kept = append(kept, t)
			continue
		}
		_, other := endsOf(&o.conv)
		turned := uint32(0)
		if flipped != other {
			turned = 1
		}
		for i := range t.prints {
			q := &t.prints[i]
			q.talk = uint32(o.conv.ID)<<1 | (q.talk&1 ^ turned)
		}
		o.prints = slices.Concat(o.prints, t.prints)
		s.moved[t.conv.ID] = moved{o.conv.ID, turned}
	}
	clear(s.talks[len(kept):])
	s.talks = kept
}

// A moved conversation is part of another one.
type moved struct {
	to     int
	turned uint32 // 1 when its ends are the other way around
}

// resumes reports whether a conversation may be the rest of an earlier one: it does not begin anew.
func resumes(a, b *flow.Outline) bool {
	if a.Proto != proto.TCP || b.Proto != proto.TCP {
		return true
	}
	for d := range 2 {
		if b.Sides[d].ISNKnown {
			return false
		}
	}
	return true
}
