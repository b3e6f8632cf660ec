package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// Analyse compares the points, each with the prints of its source. Numbers of conversations in the prints are those in convs.
func Analyse(points []Point, prints []*Recorder, convs *flow.Conversations) *Result {
	return analyse(points, prints, convs, false)
}

// AnalyseMatches is Analyse, and keeps which record is which: see [Result.Follow]. That takes 8 bytes for each packet and pair of points.
func AnalyseMatches(points []Point, prints []*Recorder, convs *flow.Conversations) *Result {
	return analyse(points, prints, convs, true)
}

func analyse(points []Point, prints []*Recorder, convs *flow.Conversations, keep bool) *Result {
	points, prints = rows(points, prints, convs)
	r := &Result{Points: points, convs: convs}
	for i := range points {
		p := &r.Points[i]
		p.Unit, p.Packets, p.heard = prints[i].unit, prints[i].net, prints[i].heard
		r.Sampled = max(r.Sampled, prints[i].level)
	}
	sides := make([]*side, len(points))
	beside(len(points), func(i int) {
		sides[i] = gather(&r.Points[i], prints[i], convs)
		sides[i].thin(r.Sampled)
		sides[i].keep = keep
	})
	r.compare(sides)
	return r
}

// compare compares each two sides, and then all of them.
func (r *Result) compare(sides []*side) {
	for a := range sides {
		for b := a + 1; b < len(sides); b++ {
			if sides[a].any() && sides[b].any() && sides[a].Packets+sides[b].Packets > 0 {
				r.Pairs = append(r.Pairs, coupled(a, b, sides).pair)
			}
		}
	}
	r.synchronise(sides)
	r.revise(sides)
	r.inside(sides)
}

// A couple is two sides at work.
type couple struct {
	a, b  *side
	pair  Pair
	found []found
	ways  [][2]Course
	reach [2]int64 // longer than nearly all packets took, by course: AtoB, BtoA
	took  [2][]int64
	marks [2][]mark // what packets of either course took, by the time at A
	// passed are the packets whose time on the way is known, by course.
	passed [2][]passed
}

func coupled(a, b int, sides []*side) *couple {
	c := &couple{a: sides[a], b: sides[b], pair: Pair{A: a, B: b}}
	for _, s := range []*side{c.a, c.b} {
		for _, t := range s.talks {
			t.met = false
		}
	}
	c.found = meet(c.a, c.b, &c.pair)
	c.settle()
	if len(sides) == 2 && len(c.pair.Relays) == 0 && c.pair.Ambiguous == 0 {
		c.a.anchors, c.b.anchors = nil, nil // nobody asks for relays again
	}
	c.orient()
	c.clock()
	c.reserve()
	for i := range c.found {
		c.finish(i)
	}
	c.pair.Delay = [2]Delay{delayOf(c.took[0]), delayOf(c.took[1])}
	c.relayDelays()
	c.possible()
	c.pair.Twice = c.twice()
	if len(c.pair.Clock.Segments) > 0 {
		c.pair.Over = [2]Profile{c.profile(c.passed[0]), c.profile(c.passed[1])}
	}
	c.pair.Alone = c.alone()
	c.pair.Rewrites = c.rewrites()
	return c
}

// reserve makes room for what is told of the packets that are certain: nearly all.
func (c *couple) reserve() {
	c.pair.Meetings = make([]Meeting, 0, len(c.found))
	var n [2]int
	for i := range c.found {
		for d, w := range c.ways[i] {
			if w != Unknown {
				n[w-AtoB] += len(c.found[i].hits[d])
			}
		}
	}
	if len(c.pair.Clock.Segments) > 0 {
		for k := range n {
			c.passed[k] = make([]passed, 0, n[k])
			if c.level() {
				c.took[k] = make([]int64, 0, n[k])
			}
		}
	}
}

// twice reports whether both points have the same records at the same times.
func (c *couple) twice() bool {
	if c.a.Records != c.b.Records || c.a.Packets != c.b.Packets || c.a.First != c.b.First || c.a.Last != c.b.Last || len(c.a.talks) != len(c.b.talks) {
		return false
	}
	for i, t := range c.a.talks {
		o := c.b.talks[i]
		if len(t.prints) != len(o.prints) {
			return false
		}
		for k := range t.prints {
			p, q := t.prints[k], o.prints[k]
			if p.talk, q.talk = p.talk&1, q.talk&1; p != q {
				return false
			}
		}
	}
	return len(c.a.talks) > 0
}

// coarse is how far the times of a point may be behind.
func coarse(p *Point) int64 {
	if p.Unit > 1 {
		return max(p.Tick, p.Unit)
	}
	return p.Tick
}

// clock fits the clocks, and says how long packets took at most.
func (c *couple) clock() {
	if c.a.Untimed || c.b.Untimed {
		return
	}
	var n [2]int
	for i := range c.found {
		for d, w := range c.ways[i] {
			n[way(w == Unknown)] += c.found[i].clocked(d)
		}
	}
	samples, loose := make([]sample, 0, n[0]), make([]sample, 0, n[1])
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			for _, h := range f.hits[d] {
				q := &f.a.prints[h.a]
				if !h.kind.clocked() || q.time == trace.NoTime || f.b.prints[h.b].time == trace.NoTime {
					continue
				}
				s := sample{q.number, f.b.prints[h.b].number, q.time, f.delta(h), c.ways[i][d] == BtoA}
				if s.d >= most || s.d <= -most {
					continue
				}
				if c.ways[i][d] == Unknown {
					loose = append(loose, s)
				} else {
					samples = append(samples, s)
				}
			}
		}
	}
	if len(samples)+len(loose) == 0 {
		samples = c.relayed()
	}
	ticks := [2]int64{coarse(c.a.Point), coarse(c.b.Point)}
	unit := max(c.a.Unit, c.b.Unit)
	if len(samples) > 0 {
		c.pair.Clock = fit(samples, ticks, unit)
	} else if len(loose) > 0 {
		c.pair.Clock = fit(loose, ticks, unit)
		for i := range c.pair.Clock.Segments {
			c.pair.Clock.Segments[i].Bound = Loose
		}
	}
	if len(c.pair.Clock.Segments) == 0 {
		return
	}
	var back int
	for i := range samples {
		back += way(samples[i].back)
	}
	c.marks = [2][]mark{make([]mark, 0, len(samples)-back), make([]mark, 0, back)}
	for _, s := range samples {
		c.marks[way(s.back)] = append(c.marks[way(s.back)], mark{s.t, s.d})
	}
	for w := range c.marks {
		slices.SortFunc(c.marks[w], func(a, b mark) int { return cmp.Compare(a.t, b.t) })
	}
	for w := range c.reach {
		list := make([]int64, 0, len(c.marks[w])+len(loose))
		for _, of := range [][]sample{samples, loose} {
			for i := range of {
				if s := &of[i]; way(s.back) == w {
					off, _ := c.pair.Clock.At(s.t)
					if off = difference(s.d, off); s.back {
						off = -off
					}
					list = append(list, off)
				}
			}
		}
		if len(list) > 0 {
			slices.Sort(list)
			p50, p99 := list[len(list)/2], list[len(list)*99/100]
			c.reach[w] = p99 + max(leastPatience, 3*(p99-p50))
		}
	}
}

// clocked is how many hits of a direction tell the time of the same packet at both points.
func (f *found) clocked(d int) (n int) {
	for i := range f.hits[d] {
		if f.hits[d][i].kind.clocked() {
			n++
		}
	}
	return n
}

func way(back bool) int {
	if back {
		return 1
	}
	return 0
}

// leastPatience is how much later than nearly all others a packet may come at least.
const leastPatience = 5 * int64(1e6)

// stamping is how far times of records may be off: a kernel stamps packets when it gets round to it, at each point for itself.
const stamping = 200 * int64(1e3)

// due says when packets of a course arrive.
func (c *couple) due(w Course) *due {
	off := func(t int64) int64 { o, _ := c.pair.Clock.At(t); return o }
	e := c.uncertain() + stamping
	d := &due{course: w, offset: off, low: -e, high: e}
	switch w {
	case AtoB:
		d.high, d.marks = c.reach[0]+e, c.marks[0]
	case BtoA:
		d.low, d.marks = -c.reach[1]-e, c.marks[1]
	default:
		d.low, d.high = -e-c.reach[0], e+c.reach[0]
	}
	return d
}

// uncertain is how far off the time may be at which a packet of the other point is due: what its clock shows
// together with the way is measured, and not as uncertain as either.
func (c *couple) uncertain() int64 {
	e := int64(10_000)
	for i := range c.pair.Clock.Segments {
		e = max(e, c.pair.Clock.Segments[i].SumError)
	}
	return e + coarse(c.a.Point) + coarse(c.b.Point)
}
