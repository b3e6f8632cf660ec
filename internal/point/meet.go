package point

import (
	"cmp"
	"math"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// maxInstances bounds how many connections with the same endpoints are compared with each other.
const maxInstances = 8

// A found comparison is a pair of talks that may be one conversation.
type found struct {
	*comparison
	how    How
	strong bool
	mid    int64 // middle of the differences of its certain packets
	at     int64 // time at A of that
}

// meet finds the conversations that both sides have:
//
//  1. Those between the same endpoints, of which a packet matches. Of several connections with the same ports,
//     that with the same initial sequence number.
//  2. Connections of TCP with other endpoints, of which sequence numbers and content are equal and nowhere else.
//  3. Anything with other endpoints, of which content is equal and nowhere else.
//
// A match that rests on little (a query of which port and content are all that is known) must agree
// with the clock that others show; where nothing is certain, most must agree with each other.
func meet(a, b *side, p *Pair) (out []found) {
	at := b.byEnds()
	hosts := b.hosts()
	m := new(memory)
	var weak []found
	for _, t := range a.talks {
		e, flippedA := endsOf(&t.conv)
		list := at[e]
		if hosts[t.conv.Ends[0].Addr()] && hosts[t.conv.Ends[1].Addr()] || len(list) > 0 {
			p.Candidates++
		}
		f := sameEnds(t, list, flippedA, m)
		switch {
		case f == nil && len(list) > 0 && halves(t, list[0], flippedA):
			p.Halves++
		case f == nil && len(list) > 0:
			p.Contradicted++
		case f != nil && f.strong:
			out = append(out, f.meet())
		case f != nil:
			weak = append(weak, *f)
		}
	}
	for _, by := range []func(q *print) (uint64, bool){numbers, content(wideBytes), content(shortBytes)} {
		strong, more := elsewhere(a, b, by, m)
		out, weak = append(out, strong...), append(weak, more...)
	}
	out = append(out, agreeing(out, weak)...)
	slices.SortFunc(out, func(x, y found) int { return cmp.Compare(x.a.conv.ID, y.a.conv.ID) })
	return out
}

// halves reports whether no direction is at both points.
func halves(t, o *talk, flippedA bool) bool {
	_, flippedB := endsOf(&o.conv)
	c := comparison{a: t, b: o, flipped: flippedA != flippedB}
	for d := range 2 {
		if a, b := c.way(d); len(a) > 0 && len(b) > 0 {
			return false
		}
	}
	return true
}

// meet marks both talks as found.
func (f *found) meet() found {
	f.a.met, f.b.met = true, true
	return *f
}

// sameEnds is the talk of the list that is the same conversation as t, nil when none is.
func sameEnds(t *talk, list []*talk, flippedA bool, m *memory) (best *found) {
	tries := 0
	for _, o := range list {
		if o.met || len(list) > maxInstances && !sameStart(&t.conv, &o.conv) {
			continue
		}
		if tries++; tries > maxInstances {
			break
		}
		_, flippedB := endsOf(&o.conv)
		f := judged(compare(t, o, flippedA != flippedB, shiftOf(&t.conv, &o.conv, flippedA != flippedB), m), SameEnds)
		if f != nil && (best == nil || f.strong && !best.strong || f.strong == best.strong && f.count() > best.count()) {
			best = f
		}
	}
	return best
}

func (c *comparison) count() int { return len(c.hits[0]) + len(c.hits[1]) }

// sameStart reports whether two connections have the same initial sequence numbers, as far as both are known.
func sameStart(a, b *flow.Outline) bool {
	if a.Proto != proto.TCP || b.Proto != proto.TCP {
		return true
	}
	return a.Sides[0].ISNKnown && b.Sides[0].ISNKnown && a.Sides[0].ISN == b.Sides[0].ISN
}

// shiftOf is what a device adds to the sequence numbers of each side of a, from the initial ones.
func shiftOf(a, b *flow.Outline, flipped bool) (shift [2]uint32) {
	if a.Proto != proto.TCP || b.Proto != proto.TCP {
		return shift
	}
	for d := range 2 {
		x, y := &a.Sides[d], &b.Sides[d]
		if flipped {
			y = &b.Sides[1-d]
		}
		if x.ISNKnown && y.ISNKnown {
			shift[d] = y.ISN - x.ISN
		}
	}
	return shift
}

// judged is what a comparison is worth, nil when no packet matches.
//
// Equal numbers of TCP are 32 bits that senders choose at random: one packet is enough. Where numbers were shifted, they say nothing of a
// SYN: two segments with data must have the same content. Two datagrams with their identification, or one that
// has content as well, are no accident; one alone is little.
func judged(c *comparison, how How) *found {
	f := &found{comparison: c, how: how}
	deltas, data, ids := []mark{}, 0, 0
	for d := range 2 {
		for _, h := range c.hits[d] {
			q := &c.a.prints[h.a]
			deltas = append(deltas, mark{q.time, c.delta(h)})
			if q.size > 0 && c.bytes > 0 {
				data++
			}
			if h.kind == certain {
				ids++
			}
		}
	}
	if len(deltas) == 0 {
		deltas = c.alike
	}
	if len(deltas) == 0 {
		return nil
	}
	shifted := c.shift != [2]uint32{}
	switch {
	case c.count() == 0:
	case c.tcp && !shifted && how == SameEnds:
		f.strong = true
	case c.tcp && !shifted:
		f.strong = len(deltas) > 1 || ids > 0
	case c.tcp:
		if f.strong = data > 1; f.strong && c.ended() {
			return nil
		}
		if !f.strong && how == SameEnds && data == 0 && c.hasData() {
			return nil // the beginning is the same only because it was made so
		}
	default:
		f.strong = ids > 1 || ids > 0 && data > 0
	}
	slices.SortFunc(deltas, func(a, b mark) int { return cmp.Compare(a.d, b.d) })
	m := deltas[len(deltas)/2]
	f.mid, f.at = m.d, m.t
	return f
}

// hasData reports whether both talks have segments with data in one direction.
func (c *comparison) hasData() bool {
	has := func(prints []print, way []int32) bool {
		return slices.ContainsFunc(way, func(i int32) bool { return prints[i].size > 0 && prints[i].have > 0 })
	}
	for d := range 2 {
		if a, b := c.way(d); has(c.a.prints, a) && has(c.b.prints, b) {
			return true
		}
	}
	return false
}

// minContent is the least content that can tell conversations apart.
const minContent = 8

// numbers is the key of a segment by which a connection is known whatever its endpoints.
func numbers(q *print) (uint64, bool) {
	if q.ack == 0 && q.flags&flagSYN == 0 || q.size == 0 && q.flags&flagSYN == 0 {
		return 0, false
	}
	k := mix(uint64(q.seq)<<32|uint64(q.ack), uint64(q.size)<<8|uint64(q.flags&flagSYN))
	if q.comparable() >= shortBytes && q.size > 0 {
		k = mix(k, uint64(q.short))
	}
	return k, true
}

// content is the key of a packet by its payload alone.
func content(n int) func(q *print) (uint64, bool) {
	return func(q *print) (uint64, bool) {
		if q.size < minContent || q.comparable() < n {
			return 0, false
		}
		if n == wideBytes {
			return mix(uint64(q.wide)<<32|uint64(q.short), uint64(q.size)), true
		}
		return mix(uint64(q.short), uint64(q.size)), true
	}
}

// A vote is for two talks, with a pair of prints that says so.
type vote struct {
	a, b    *talk
	flipped bool
}

// A ballot is what votes for a pair say: how many, and by how much the sequence numbers of each side were shifted.
type ballot struct {
	vote
	n     int
	shift [2]uint32
}

// elsewhere finds talks with other endpoints by keys that only one talk of each side has.
func elsewhere(a, b *side, by func(*print) (uint64, bool), m *memory) (strong, weak []found) {
	ka, kb := a.index(by), b.index(by)
	ballots := map[vote]*ballot{}
	var order []*ballot
	alone := func(list []known) bool { return list[0].talk == list[len(list)-1].talk }
	both(ka, kb, func(x, y []known) {
		if !alone(x) || !alone(y) || x[0].talk.conv.Proto != y[0].talk.conv.Proto || x[0].talk.stays() || y[0].talk.stays() {
			return
		}
		p, q := &x[0].talk.prints[x[0].at], &y[0].talk.prints[y[0].at]
		v := vote{x[0].talk, y[0].talk, p.dir() != q.dir()}
		if ballots[v] == nil {
			ballots[v] = &ballot{vote: v}
			ballots[v].shift[p.dir()], ballots[v].shift[1-p.dir()] = q.seq-p.seq, q.ack-p.ack
			order = append(order, ballots[v])
		}
		ballots[v].n++
	})
	slices.SortStableFunc(order, func(x, y *ballot) int {
		return cmp.Or(cmp.Compare(y.n, x.n), cmp.Compare(x.a.conv.ID, y.a.conv.ID), cmp.Compare(x.b.conv.ID, y.b.conv.ID))
	})
	taken := map[*talk]bool{}
	for _, o := range order {
		if o.a.met || o.b.met || taken[o.a] || taken[o.b] {
			continue
		}
		how := SameNumbers
		if o.a.conv.Proto != proto.TCP {
			how, o.shift = SameContent, [2]uint32{}
		} else if o.shift != [2]uint32{} {
			how = SameContent
		}
		f := judged(compare(o.a, o.b, o.flipped, o.shift, m), how)
		switch {
		case f == nil:
		case f.strong:
			strong = append(strong, f.meet())
		case o.a.conv.Proto != proto.TCP:
			taken[o.a], taken[o.b] = true, true
			weak = append(weak, *f)
		}
	}
	return strong, weak
}

// A known print is one of a talk that is not found yet.
type known struct {
	keyed
	talk *talk
}

// index are the keys of the talks that are not found yet, sorted.
func (s *side) index(by func(*print) (uint64, bool)) []known {
	var out []known
	for _, t := range s.talks {
		if t.met {
			continue
		}
		for i := range t.prints {
			if k, ok := by(&t.prints[i]); ok {
				out = append(out, known{keyed{mix(k, uint64(t.conv.Proto)), int32(i)}, t})
			}
		}
	}
	slices.SortFunc(out, func(a, b known) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.talk.conv.ID, b.talk.conv.ID), cmp.Compare(a.at, b.at))
	})
	return out
}

const (
	// together is how far apart the differences of two conversations may be: the longest queue, and some drift.
	together = 2 * second
	// nearby is how far apart the clocks of two points may be that only little says belong together.
	nearby = 600 * second
	// minAgreeing is how many conversations that rest on little make each other likely whatever the clocks say.
	minAgreeing = 3
)

// agreeing are those of the weak ones that agree with the clock.
func agreeing(strong, weak []found) (out []found) {
	if len(weak) == 0 {
		return nil
	}
	expected := expectation(strong)
	if expected == nil {
		d, n := commonest(weak)
		if 2*n < len(weak) || n < minAgreeing && (d > nearby || d < -nearby) {
			return nil
		}
		expected = func(int64) int64 { return d }
	}
	for i := range weak {
		f := &weak[i]
		if d := difference(f.mid, expected(f.at)); !f.a.met && !f.b.met && d <= together && d >= -together {
			out = append(out, f.meet())
		}
	}
	return out
}

// expectation says by what is found how far the clocks are apart, nil when nothing is.
func expectation(list []found) func(t int64) int64 {
	if len(list) == 0 {
		return nil
	}
	marks := make([]mark, 0, len(list))
	for _, f := range list {
		marks = append(marks, mark{f.at, f.mid})
	}
	return following(marks)
}

// following gives the difference that was seen next to a time.
func following(marks []mark) func(t int64) int64 {
	slices.SortFunc(marks, func(a, b mark) int { return cmp.Compare(a.t, b.t) })
	return func(t int64) int64 {
		i, _ := slices.BinarySearchFunc(marks, t, func(m mark, t int64) int { return cmp.Compare(m.t, t) })
		if i == len(marks) || i > 0 && t-marks[i-1].t < marks[i].t-t {
			i--
		}
		return marks[i].d
	}
}

// commonest is the middle of the differences that most agree on, and how many do.
func commonest(list []found) (d int64, n int) {
	deltas := make([]int64, 0, len(list))
	for _, f := range list {
		deltas = append(deltas, f.mid)
	}
	return densest(deltas)
}

// densest is the middle of those of the numbers that are together, where most are, and how many they are.
func densest(deltas []int64) (d int64, n int) {
	slices.Sort(deltas)
	d = math.MaxInt64
	for i, j := 0, 0; j < len(deltas); j++ {
		for difference(deltas[j], deltas[i]) > together {
			i++
		}
		if j-i+1 > n {
			n, d = j-i+1, deltas[(i+j)/2]
		}
	}
	return d, n
}
