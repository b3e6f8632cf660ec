package point

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// A Rewrite is something that differs between the two points in packets that are the same otherwise.
type Rewrite struct {
	Field         string // "source address", "TTL"
	A, B          string // at either point
	Course        Course
	Conversations int
	First         *Meeting
}

// rewrites are those of the pair.
func (c *couple) rewrites() (out []Rewrite) {
	type key struct {
		field  string
		a, b   any
		course Course
	}
	index := map[key]int{}
	for i := range c.pair.Meetings {
		m := &c.pair.Meetings[i]
		a, b := &c.found[i].a.conv, &c.found[i].b.conv
		for d := range 2 {
			m.rewritten(a, b, d, func(name string, x, y any) {
				k := key{name, x, y, m.Ways[d].From}
				n, ok := index[k]
				if !ok {
					n = len(out)
					index[k] = n
					out = append(out, Rewrite{Field: name, A: fmt.Sprint(x), B: fmt.Sprint(y), Course: k.course, First: m})
				}
				out[n].Conversations++
			})
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

// rewritten yields what differs in the packets of side d of A: of two outlines, and of what became of the packets.
func (m *Meeting) rewritten(a, b *flow.Outline, d int, yield func(name string, x, y any)) {
	e := d
	if m.Flipped {
		e = 1 - d
	}
	if x, y := a.Ends[d].Addr(), b.Ends[e].Addr(); x != y {
		yield("source address", x, y)
	}
	if x, y := a.Ends[d].Port(), b.Ends[e].Port(); x != y {
		yield("source port", x, y)
	}
	w := &m.Ways[d]
	if w.Altered > 0 {
		yield("payload", "as sent", "other bytes, as many")
	}
	if w.Matched == 0 {
		return
	}
	if w.TTL != 0 {
		yield("TTL", signed(max(w.TTL, 0)), signed(max(-w.TTL, 0)))
	}
	if w.DSCP[0] != w.DSCP[1] {
		yield("DSCP", w.DSCP[0], w.DSCP[1])
	}
	if a.Proto != proto.TCP || b.Proto != proto.TCP {
		return
	}
	if m.Shift[d] != 0 {
		yield("sequence numbers", signed(0), signed(int32(m.Shift[d])))
	}
	options(&a.Sides[d], &b.Sides[e], yield)
}

// options compares those of the SYN, when both points have it.
func options(a, b *flow.Opening, yield func(name string, x, y any)) {
	if !a.ISNKnown || !b.ISNKnown {
		return
	}
	if max(a.MSS, 0) != max(b.MSS, 0) {
		yield("MSS", size(max(a.MSS, 0)), size(max(b.MSS, 0)))
	}
	if a.Scale != b.Scale {
		yield("window scale", a.Scale, b.Scale)
	}
	if a.SACK != b.SACK {
		yield("SACK", option(a.SACK), option(b.SACK))
	}
	if a.Timestamps != b.Timestamps {
		yield("time stamps", option(a.Timestamps), option(b.Timestamps))
	}
}

// Values as they are printed.
type (
	signed int
	size   int // 0 when there is none
	option bool
)

func (n signed) String() string { return fmt.Sprintf("%+d", int(n)) }

func (n size) String() string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(int(n))
}

func (has option) String() string {
	if has {
		return "there"
	}
	return "removed"
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
