package point

import (
	"cmp"
	"slices"
)

// solve finds the bounds of each point between each two knots, and the timebases that follow.
func (n *network) solve() {
	gaps := n.gaps()
	for k := 0; k+1 < len(n.knots); k++ {
		r0, r1 := n.knots[k], n.knots[k+1]
		edges := n.edges(r0, r1)
		var dist [][]strip
		if len(n.Points) <= maxNetwork {
			dist = n.shortest(edges, r0)
		}
		est := make([]estimate, len(n.Points))
		for _, i := range n.order[1:] {
			e := &edges[slices.IndexFunc(edges, func(e edge) bool { return e.pair == n.parent[i] })]
			p := &n.Pairs[e.pair]
			est[i] = est[p.A+p.B-i].by(e, p.B == i)
			if dist != nil && dist[n.ref][i] != open && dist[i][n.ref] != open {
				est[i] = amid(dist[n.ref][i], dist[i][n.ref])
			}
			n.add(i, r0, r1, &est[i], gaps[i])
		}
	}
	for i := range n.Timebases {
		b := &n.Timebases[i]
		if b.Linked = b.Linked || len(b.runs) > 0; len(b.runs) > 0 {
			b.runs[0].first, b.runs[len(b.runs)-1].last = 0, 0
			b.stretch()
		}
	}
}

// edges is what all pairs say between two knots, the surest first.
func (n *network) edges(r0, r1 int64) (out []edge) {
	for k := range n.Pairs {
		if e, ok := n.between(k, r0, r1); ok {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b edge) int { return cmp.Compare(a.cost, b.cost) })
	return out
}

// shortest are the least bounds of what each point is ahead of each other, over all ways. An edge that leaves no room with those before it is left out.
func (n *network) shortest(edges []edge, at int64) [][]strip {
	dist := make([][]strip, len(n.Points))
	for i := range dist {
		dist[i] = slices.Repeat([]strip{open}, len(n.Points))
		dist[i][i] = strip{}
	}
	tighten := func(a, b int, limit strip) {
		if !limit.less(dist[a][b]) {
			return
		}
		for i := range dist {
			to := dist[i][a].plus(limit)
			for j := range dist {
				if d := to.plus(dist[b][j]); d.less(dist[i][j]) {
					dist[i][j] = d
				}
			}
		}
	}
	for i := range edges {
		e := &edges[i]
		p := &n.Pairs[e.pair]
		room := int64(0)
		for _, around := range []strip{e.high.plus(dist[p.B][p.A]), e.low.plus(dist[p.A][p.B])} {
			if around != open {
				room = min(room, around[0]/2+around[1]/2)
			}
		}
		if unit := max(p.Clock.Unit, coarse(&n.Points[p.A]), coarse(&n.Points[p.B])); room < -unit-maxRounding && !e.step {
			n.contradicts(e.pair, at, -room)
			continue
		}
		if e.high != open {
			tighten(p.A, p.B, e.high)
		}
		if e.low != open {
			tighten(p.B, p.A, e.low)
		}
	}
	return dist
}

// maxRounding is what times that were moved along several points may be off, in nanoseconds.
const maxRounding = 1000

// contradicts notes a pair, the worst time of each.
func (n *network) contradicts(pair int, at, by int64) {
	i := slices.IndexFunc(n.Contradictions, func(c Contradiction) bool { return c.Pair == pair })
	if i < 0 {
		n.Contradictions = append(n.Contradictions, Contradiction{pair, at, by})
		return
	}
	n.Contradictions[i].By = max(n.Contradictions[i].By, by)
}

// An estimate is how far a point is ahead of the reference between two knots.
type estimate struct {
	off, err strip
	bound    Bound
}

// by is the estimate of the point behind an edge: its B with forth.
func (x estimate) by(e *edge, forth bool) estimate {
	out := estimate{err: x.err.plus(e.err), bound: e.bound}
	for i := range 2 {
		if forth {
			out.off[i] = total(x.off[i], e.middle[i])
		} else {
			out.off[i] = total(x.off[i], -e.middle[i])
		}
	}
	if !forth && (e.bound == AtMost || e.bound == AtLeast) {
		out.bound = AtMost + AtLeast - e.bound
	}
	switch {
	case out.bound == Both:
		out.bound = x.bound
	case x.bound != Both && x.bound != out.bound:
		out.bound = Loose
	}
	return out
}

// amid is the middle of two bounds.
func amid(high, low strip) (x estimate) {
	for i := range 2 {
		x.off[i] = high[i]/2 - low[i]/2
		x.err[i] = max(0, high[i]-x.off[i], x.off[i]+low[i])
	}
	return x
}

// A gap is a time in which a clock was set, with the records of a point before and after it.
type gap struct {
	from, to    int64
	last, first uint32
}

// gaps are those of each point, in order.
func (n *network) gaps() [][]gap {
	out := make([][]gap, len(n.Points))
	for k, list := range n.spans {
		for i := 1; i < len(list); i++ {
			x, y := &list[i-1], &list[i]
			for side, point := range []int{n.Pairs[k].A, n.Pairs[k].B} {
				out[point] = append(out[point], gap{x.to, y.from, x.Last[side], y.First[side]})
			}
		}
	}
	for i, list := range out {
		slices.SortFunc(list, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
		merged := list[:0]
		for _, g := range list {
			if m := len(merged); m > 0 && g.from <= merged[m-1].to {
				merged[m-1].to, merged[m-1].first = max(g.to, merged[m-1].to), max(g.first, merged[m-1].first)
				continue
			}
			merged = append(merged, g)
		}
		out[i] = merged
	}
	return out
}

// add appends what is known of a point between two knots.
func (n *network) add(point int, r0, r1 int64, x *estimate, gaps []gap) {
	b := &n.Timebases[point]
	before := -1 // the gap that ends here
	for i, g := range gaps {
		if r0 < g.to && r1 > g.from {
			return // the clock was set in it
		}
		if g.to <= r0 {
			before = i
		}
	}
	if x.bound > b.Bound {
		b.Bound = x.bound
	}
	p := piece{from: r0 + x.off[0], to: r1 + x.off[1], off: x.off, err: x.err}
	first := uint32(0)
	if before >= 0 {
		first = gaps[before].first
	}
	if m := len(b.runs); m == 0 || b.runs[m-1].first != first {
		if m > 0 {
			b.runs[m-1].last = gaps[before].last
		}
		b.runs = append(b.runs, run{first: first, pieces: []piece{p}})
		return
	}
	r := &b.runs[len(b.runs)-1]
	last := &r.pieces[len(r.pieces)-1]
	// Both hold at the knot, and the looser one of them on both sides.
	high, low := max(last.off[1]+last.err[1], p.off[0]+p.err[0]), min(last.off[1]-last.err[1], p.off[0]-p.err[0])
	mid := low + (high-low)/2
	last.off[1], p.off[0] = mid, mid
	last.err[1], p.err[0] = high-mid, high-mid
	last.to, p.from = r0+mid, r0+mid
	p.to = max(p.to, p.from)
	r.pieces = append(r.pieces, p)
}
