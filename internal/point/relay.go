package point

import (
	"cmp"
	"math"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A Relay is two connections that carry the same bytes: something between the points ended the one and began the other (a
// proxy, a load balancer). Their packets are not the same, and nothing is said of lost ones.
type Relay struct {
	A, B    *flow.Conversation
	Flipped bool       // end 0 at A is on the side of end 1 at B
	Ways    [2]Relayed // by the sender at A
	// Doubtful says that no address and no clock shows that the one carries on what the other brought: two downloads of one file look the same.
	Doubtful bool
	// Error is how far delays may be off where the clocks of other pairs helped to tell them, in nanoseconds; 0 where that of the pair says so.
	Error int64

	hints, questions []evidence
	odd              int // questions that contradict their answers
}

// Took is what half of the places took at most, in nanoseconds, in the direction in which it was less; the greatest number when nothing tells.
func (r *Relay) Took() int64 {
	took := int64(math.MaxInt64)
	for d := range r.Ways {
		if x := &r.Ways[d].Delay; x.N > 0 {
			took = min(took, x.P50)
		}
	}
	return took
}

// Relayed is one direction of a relay.
type Relayed struct {
	From  Course
	Runs  []Run // in the order of the bytes at A
	Bytes int64 // from the first to the last byte of each run that was found
	Spots int64 // places that were found
	Delay Delay // until the bytes came by at the second point
}

// A Run is a range of bytes that is the same at both points.
type Run struct {
	A, B   uint32 // sequence numbers of its first byte
	Length int64
	Spots  int
}

// An evidence is a spot at both points.
type evidence struct {
	a, b mark // of A and B: time, and sequence number
	size uint32
	dir  int
}

func (e *evidence) shift() uint32 { return uint32(e.b.d) - uint32(e.a.d) }

// A likeness is two talks with the spots that both have.
type likeness struct {
	a, b    int // index into the talks
	flipped bool
	list    []evidence
}

const (
	// leastSpots and leastBytes are what two connections must have in common. A segment counts twice.
	leastSpots = 4
	leastBytes = 48
	// leastPart is how much of the anchors of a direction must be common, where both sides have some.
	leastPart = 0.3
	// maxRuns bounds the ranges that are kept of a direction.
	maxRuns = 64
)

// Candidates are relays that may be.
type candidates struct {
	c        *couple
	expected func(int64) int64 // how far the clocks are apart, nil when nobody knows
	known    map[[2]uint32]*likeness
	order    []*likeness
	crowded  map[uint32]int // of directions at A: spots that others have as well, so that nothing tells which is meant
	relays   []*Relay
}

// candidates finds connections that carry the same bytes, among those that are not the same:
//
//  1. A spot that each side has once is a vote for its two connections. Of one that is there a few times, those are meant that the clock
//     leaves no other for.
//  2. Votes of the same shift are a run. Runs must come in the same order at both points, have enough bytes, and
//     most of what could be common must be.
func (c *couple) candidates(expected func(int64) int64) *candidates {
	k := &candidates{c: c, expected: expected, known: map[[2]uint32]*likeness{}, crowded: map[uint32]int{}}
	both(c.a.spots, c.b.spots, k.spots)
	return k
}

// spots takes what both sides have of one hash.
func (k *candidates) spots(x, y []spot) {
	if len(x) == 1 && len(y) == 1 {
		k.vote(&x[0], &y[0])
		return
	}
	if k.expected == nil {
		k.crowd(x)
		return
	}
	byTime := func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.talk, b.talk), cmp.Compare(a.seq, b.seq))
	}
	slices.SortFunc(x, byTime)
	slices.SortFunc(y, byTime)
	fits := func(i, j int) bool {
		return i >= 0 && i < len(x) && j >= 0 && j < len(y) && x[i].size == y[j].size &&
			!away(difference(difference(y[j].time, x[i].time), k.expected(x[i].time)), together)
	}
	for i := range x {
		due := x[i].time + k.expected(x[i].time) - together
		j, _ := slices.BinarySearchFunc(y, due, func(s spot, due int64) int { return cmp.Compare(s.time, due) })
		if fits(i, j) && !fits(i, j+1) && !fits(i-1, j) && !fits(i+1, j) {
			k.vote(&x[i], &y[j])
		} else {
			k.crowd(x[i : i+1])
		}
	}
}

func (k *candidates) crowd(list []spot) {
	for i := range list {
		k.crowded[list[i].talk]++
	}
}

// vote notes that a spot is at both points.
func (k *candidates) vote(s, t *spot) {
	if s.seq == t.seq || s.size != t.size {
		return // the same connection, if it is
	}
	flipped := s.dir() != t.dir()
	key := [2]uint32{s.talk &^ 1, t.talk &^ 1}
	if flipped {
		key[1]++
	}
	l := k.known[key]
	if l == nil {
		l = &likeness{a: int(s.talk >> 1), b: int(t.talk >> 1), flipped: flipped}
		k.known[key], k.order = l, append(k.order, l)
	}
	l.list = append(l.list, evidence{mark{s.time, int64(s.seq)}, mark{t.time, int64(t.seq)}, s.size, s.dir()})
}

// judged are those of the candidates that have enough in common.
func (k *candidates) judged() (out []*Relay) {
	for _, l := range k.order {
		if r := k.c.judge(l); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// ambiguous is how many connections of A carry mostly what several do, but for those that are relays.
func (k *candidates) ambiguous(relays []Relay) int {
	settled, open := map[int]bool{}, map[int]bool{}
	for i := range relays {
		settled[relays[i].A.ID] = true
	}
	has := k.c.b.byEnds()
	for talk, n := range k.crowded {
		conv := k.c.a.talks[talk>>1].conv
		id := conv.ID
		if e, _ := endsOf(&conv); has[e] != nil {
			continue // B has the same connection, or the other half of it
		}
		if n >= 2*leastSpots && 2*n >= len(k.c.a.hashes[talk]) && !settled[id] {
			open[id] = true
		}
	}
	return len(open)
}

// judge is the relay of a likeness, nil when it is none.
func (c *couple) judge(l *likeness) *Relay {
	a, b := c.a.talks[l.a], c.b.talks[l.b]
	r := &Relay{Flipped: l.flipped}
	spots, size := 0, int64(0)
	for d := range 2 {
		w := &r.Ways[d]
		hints := w.runs(l.list, d)
		r.hints = append(r.hints, hints...)
		size += w.Bytes
		for i := range hints {
			if spots++; hints[i].size != anchorBytes {
				spots++
			}
		}
		e := d
		if l.flipped {
			e = 1 - d
		}
		if part, ok := alike(c.a.hashes[uint32(2*l.a+d)], c.b.hashes[uint32(2*l.b+e)]); ok && part < leastPart {
			return nil
		}
	}
	if spots < leastSpots || size < leastBytes {
		return nil
	}
	r.A, r.B = c.a.whole(a), c.b.whole(b)
	return r
}

// runs puts the evidence of a direction into runs, and gives back what is in them. A run is what has the same shift: two anchors at
// least, or a segment. Those with most spots come first; what contradicts their order is left out.
func (w *Relayed) runs(list []evidence, d int) (used []evidence) {
	own := make([]evidence, 0, len(list))
	for _, e := range list {
		if e.dir == d {
			own = append(own, e)
		}
	}
	if len(own) == 0 {
		return nil
	}
	base := own[0].a.d
	rel := func(e *evidence) int32 { return int32(uint32(e.a.d) - uint32(base)) }
	slices.SortFunc(own, func(x, y evidence) int {
		return cmp.Or(cmp.Compare(x.shift(), y.shift()), cmp.Compare(rel(&x), rel(&y)), cmp.Compare(x.size, y.size))
	})
	type piece struct {
		list     []evidence
		from, to int32 // at A, relative to base
		shift    int32 // relative to that of base
	}
	var pieces []piece
	for from := 0; from < len(own); {
		to := from + 1
		for to < len(own) && own[to].shift() == own[from].shift() {
			to++
		}
		p := piece{list: own[from:to], from: rel(&own[from]), shift: int32(own[from].shift() - own[0].shift())}
		whole := false
		p.to = p.from
		for i := range p.list {
			p.to = max(p.to, rel(&p.list[i])+int32(p.list[i].size))
			whole = whole || p.list[i].size != anchorBytes
		}
		if len(p.list) > 1 || whole {
			pieces = append(pieces, p)
		}
		from = to
	}
	slices.SortStableFunc(pieces, func(x, y piece) int { return cmp.Compare(len(y.list), len(x.list)) })
	var kept []piece
	for _, p := range pieces {
		if len(kept) == maxRuns {
			break
		}
		fits := func(k piece) bool { // before it at both points, or behind it at both
			return p.to <= k.from && p.to+p.shift <= k.from+k.shift || k.to <= p.from && k.to+k.shift <= p.from+p.shift
		}
		if !slices.ContainsFunc(kept, func(k piece) bool { return !fits(k) }) {
			kept = append(kept, p)
		}
	}
	slices.SortFunc(kept, func(x, y piece) int { return cmp.Compare(x.from, y.from) })
	for _, p := range kept {
		used = append(used, p.list...)
		first := &p.list[0]
		w.Runs = append(w.Runs, Run{uint32(first.a.d), uint32(first.b.d), int64(p.to - p.from), len(p.list)})
		w.Bytes += int64(p.to - p.from)
		w.Spots += int64(len(p.list))
	}
	return used
}
