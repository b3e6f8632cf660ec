package point

import (
	"cmp"
	"math"
	"slices"
)

// A Contradiction is a pair of points whose packets tell another offset of their clocks than the way over other points does.
type Contradiction struct {
	Pair int   // index into Result.Pairs
	At   int64 // first time, by the clock of the reference
	By   int64 // how far the offsets that are possible are apart
}

// A network is the points with what each pair says of their clocks.
//
//  1. One point is the reference: that whose clock was set least often, that is finest, and that most others are compared with.
//  2. From it the surest pairs lead to each other point. They give times in which all pairs can be written.
//  3. Between two of these times each pair says between which lines the offset of two points lies. What holds for a pair
//     holds for each way around over other points, so the narrowest bounds of all ways are taken (shortest paths, R. W. Floyd, 1962).
//  4. A pair that leaves no room with those that are surer contradicts them: it is named and left out.
type network struct {
	*Result
	sides  []*side
	ref    int
	parent []int // pair that leads to the point from the reference; -1 without
	order  []int // points, each after the one that leads to it
	spans  [][]span
	knots  []int64
}

// A span is a segment by the clock of the reference.
type span struct {
	from, to int64
	rate     float64 // of the clock of A, by that of the reference
	*Segment
}

const (
	// maxKnots bounds the times at which bounds are compared.
	maxKnots = 256
	// maxNetwork is how many points are compared each with each: bounds of more follow the surest pairs alone.
	maxNetwork = 16
)

// synchronise finds one clock for all points.
func (r *Result) synchronise(sides []*side) {
	r.Timebases = make([]Timebase, len(r.Points))
	for i := range r.Points {
		r.Timebases[i].Tick = coarse(&r.Points[i])
	}
	n := &network{Result: r, sides: sides}
	if n.ref = n.reference(); n.ref < 0 {
		return
	}
	r.Timebases[n.ref].Reference, r.Timebases[n.ref].Linked = true, true
	n.lead()
	n.place()
	n.solve()
}

// told is how sure a pair is of the offset, less is surer; never without a clock.
func (p *Pair) told() (cost int64, any bool) {
	for i := range p.Clock.Segments {
		s := &p.Clock.Segments[i]
		switch s.Bound {
		case Both:
			cost = max(cost, s.Error)
		case Loose:
			cost = max(cost, 4*unsure+min(s.SumError, unsure))
		default:
			cost = max(cost, 2*unsure+min(s.SumError, unsure))
		}
	}
	return cost, len(p.Clock.Segments) > 0
}

// unsure is more than any error that both ways tell.
const unsure = int64(1) << 58

// reference chooses the point whose clock the others are moved to, -1 when no pair has a clock.
func (n *network) reference() int {
	type merit struct{ index, links, steps, back int }
	var all []merit
	for i := range n.Points {
		m := merit{index: i}
		if len(n.Points) == len(n.sides) {
			m.back = n.sides[i].setBack()
		}
		for k := range n.Pairs {
			p := &n.Pairs[k]
			if _, ok := p.told(); ok && (p.A == i || p.B == i) {
				m.links++
				m.steps += len(p.Clock.Segments) - 1
			}
		}
		if m.links > 0 {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		return -1
	}
	return slices.MinFunc(all, func(a, b merit) int {
		return cmp.Or(cmp.Compare(a.back, b.back), cmp.Compare(b.links-a.links, 0), cmp.Compare(a.steps, b.steps),
			cmp.Compare(coarse(&n.Points[a.index]), coarse(&n.Points[b.index])), cmp.Compare(a.index, b.index))
	}).index
}

// setBack is how often the clock of the point was set back by a second and more.
func (s *side) setBack() (n int) {
	for _, t := range s.talks {
		for i := 1; i < len(t.prints); i++ {
			if difference(t.prints[i].time, t.prints[i-1].time) < -second {
				n++
			}
		}
	}
	return min(n, 1)
}

// lead finds the surest way to each point (E. W. Dijkstra, 1959).
func (n *network) lead() {
	n.parent = make([]int, len(n.Points))
	cost := make([]int64, len(n.Points))
	for i := range cost {
		n.parent[i], cost[i] = -1, math.MaxInt64
	}
	cost[n.ref] = 0
	done := make([]bool, len(n.Points))
	for {
		next := -1
		for i := range cost {
			if !done[i] && cost[i] < math.MaxInt64 && (next < 0 || cost[i] < cost[next]) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		done[next] = true
		n.order = append(n.order, next)
		for k := range n.Pairs {
			p := &n.Pairs[k]
			c, ok := p.told()
			if !ok || p.A != next && p.B != next {
				continue
			}
			if other := p.A + p.B - next; !done[other] && cost[next] < math.MaxInt64-c && cost[next]+c < cost[other] {
				n.parent[other], cost[other] = k, cost[next]+c
			}
		}
	}
}

// segmentOf is the segment of a pair that a record of its side (0: A) lies in, or the nearest one.
func (p *Pair) segmentOf(side int, number uint32) *Segment {
	list := p.Clock.Segments
	i := len(list) - 1
	for i > 0 && number < list[i].First[side] {
		i--
	}
	return &list[i]
}

// toReference moves a time of a point to the reference along the surest way.
func (n *network) toReference(point int, number uint32, t int64) int64 {
	for hops := 0; point != n.ref && n.parent[point] >= 0 && hops < len(n.Points); hops++ {
		p := &n.Pairs[n.parent[point]]
		if p.A == point {
			s := p.segmentOf(0, number)
			t += s.At(t)
			point, number = p.B, s.nearby(0, number)
		} else {
			s := p.segmentOf(1, number)
			t -= s.At(t - s.At(t))
			point, number = p.A, s.nearby(1, number)
		}
	}
	return t
}

// nearby is a record of the other side at about the same time.
func (s *Segment) nearby(side int, number uint32) uint32 {
	if number >= s.Last[side] {
		return s.Last[1-side]
	}
	if number <= s.First[side] {
		return s.First[1-side]
	}
	all := int64(s.Last[side] - s.First[side])
	return s.First[1-side] + uint32(int64(number-s.First[side])*int64(s.Last[1-side]-s.First[1-side])/all)
}

// place writes the segments of all pairs by the clock of the reference, and chooses the knots.
func (n *network) place() {
	n.spans = make([][]span, len(n.Pairs))
	var edges, inner []int64
	for k := range n.Pairs {
		p := &n.Pairs[k]
		if p.A != n.ref && n.parent[p.A] < 0 {
			continue
		}
		for i := range p.Clock.Segments {
			s := &p.Clock.Segments[i]
			x := span{n.toReference(p.A, s.First[0], s.From), n.toReference(p.A, s.Last[0], s.To), 1, s}
			x.to = max(x.to, x.from+1)
			if far := x.to - x.from; far > second {
				x.rate = float64(s.To-s.From) / float64(far)
			}
			if m := len(n.spans[k]); m > 0 {
				last := &n.spans[k][m-1]
				last.to = min(last.to, x.from)
				last.from = min(last.from, last.to-1)
			}
			n.spans[k] = append(n.spans[k], x)
			edges = append(edges, x.from, x.to)
			for j := 1; j < spots-1 && s.Bound == Both; j++ {
				inner = append(inner, x.from+(x.to-x.from)/(spots-1)*int64(j))
			}
		}
	}
	if len(edges)+len(inner) <= maxKnots {
		edges = append(edges, inner...)
	}
	n.knots = thinned(edges, maxKnots)
}

// thinned are the times in order, each once, so many at most.
func thinned(list []int64, most int) []int64 {
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) <= most {
		return list
	}
	out := make([]int64, 0, most)
	for i := range most {
		out = append(out, list[i*(len(list)-1)/(most-1)])
	}
	return out
}

// A strip is what lies below a line: its height at both ends of the time between two knots.
type strip [2]int64

var open = strip{Unbounded, Unbounded}

func (a strip) plus(b strip) strip {
	if a == open || b == open {
		return open
	}
	return strip{total(a[0], b[0]), total(a[1], b[1])}
}

// total is a+b, held to what 62 bits can say.
func total(a, b int64) int64 { return difference(max(-most, min(most, a)), -max(-most, min(most, b))) }

func (a strip) less(b strip) bool {
	return b == open && a != open || a != open && a[0]/2+a[1]/2 < b[0]/2+b[1]/2
}

// An edge is what a pair says between two knots: B is ahead of A by high at most and low at least. middle is what is used where either is open, err its error.
type edge struct {
	pair        int
	cost        int64
	low, high   strip // low with its sign turned
	middle, err strip
	bound       Bound
	step        bool // a clock was set in between
}

// between is what a pair says of the time between two knots; not ok when it says nothing.
func (n *network) between(k int, r0, r1 int64) (e edge, ok bool) {
	list := n.spans[k]
	if len(list) == 0 {
		return e, false
	}
	first := len(list) - 1
	for first > 0 && list[first].from > r0 {
		first--
	}
	last := first
	for last+1 < len(list) && list[last+1].from < r1 {
		last++
	}
	if r0 >= list[first].to && first+1 < len(list) { // between two segments
		last = max(last, first+1)
	}
	e = list[first].says(r0, r1)
	for _, s := range list[first+1 : last+1] {
		e = e.or(s.says(r0, r1))
	}
	e.pair = k
	e.cost, _ = n.Pairs[k].told()
	return e, true
}

// says is what a segment tells of the time between two knots.
func (s *span) says(r0, r1 int64) edge {
	e := edge{low: open, high: open, bound: s.Bound}
	for i, r := range []int64{r0, r1} {
		t := s.Segment.From + int64(float64(difference(r, s.from))*s.rate)
		e.middle[i], e.err[i] = s.At(t), s.ErrorAt(t)
		switch limit := s.Offset + scale(difference(t, s.Segment.From), s.Drift); s.Bound {
		case Both:
			e.high[i], e.low[i] = e.middle[i]+e.err[i], e.err[i]-e.middle[i]
		case AtMost:
			e.high[i] = limit
		case AtLeast:
			e.low[i] = -limit
		}
	}
	return e
}

// or is what holds whichever of two segments it is.
func (a edge) or(b edge) edge {
	wider := func(x, y strip) strip {
		if x == open || y == open {
			return open
		}
		return strip{max(x[0], y[0]), max(x[1], y[1])}
	}
	out := edge{low: wider(a.low, b.low), high: wider(a.high, b.high), bound: max(a.bound, b.bound), step: true}
	for i := range 2 {
		least := min(a.middle[i]-a.err[i], b.middle[i]-b.err[i])
		most := max(a.middle[i]+a.err[i], b.middle[i]+b.err[i])
		out.middle[i], out.err[i] = least+(most-least)/2, (most-least+1)/2
	}
	return out
}
