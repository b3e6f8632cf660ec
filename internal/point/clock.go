package point

import (
	"math"
	"math/bits"
	"slices"
)

// A Clock is how far the clock of B is ahead of that of A. Segments are in the order of A's records; there is none when nothing tells.
type Clock struct {
	Segments []Segment
	// Used are the packets that tell, from A to B and from B to A; Dropped those that contradict all others.
	Used    [2]int64
	Dropped int64
	// Unit is that of the times, in nanoseconds: nothing is known finer.
	Unit int64
}

// A Segment is a time in which both clocks ran without a step. A step lies between the last packet of one segment and the first of the next.
type Segment struct {
	From, To    int64     // by the clock of A
	First, Last [2]uint32 // records of A and of B at From and To, modulo 2^32
	Bound       Bound
	// Offset is B minus A at From, in nanoseconds, and Error how far it may be off anywhere in the segment: packets arrive after they were
	// sent, and clocks run apart by maxDrift at most, so it can be nowhere else. Of a one-sided bound Offset is the limit, and Error is 0.
	Offset, Error int64
	// Drift is in parts per billion, between Slowest and Fastest.
	Drift, Slowest, Fastest int64
	// Sum is, of a one-sided bound, the offset together with the least time on the way (AtMost: plus, AtLeast: minus), and SumError its error.
	Sum, SumError int64

	errors []int64 // how far the offset may be off at equal steps from From to To
}

// Bound says what is known of an offset.
type Bound uint8

const (
	Both    Bound = iota
	AtMost        // packets went from A to B only
	AtLeast       // packets went from B to A only
	Loose         // nobody knows which point packets pass first: Sum is the offset with the time on the way, plus or minus
)

func (b Bound) String() string { return [...]string{"both", "at_most", "at_least", "loose"}[b] }

// At is the offset at a time of A.
func (s *Segment) At(t int64) int64 {
	base := s.Offset
	switch s.Bound {
	case AtMost, AtLeast, Loose:
		base = s.Sum
	}
	return base + scale(difference(t, s.From), s.Drift)
}

// At is the offset at a time of A, and whether anything tells it.
func (c *Clock) At(t int64) (int64, bool) {
	if len(c.Segments) == 0 {
		return 0, false
	}
	s := &c.Segments[0]
	for i := 1; i < len(c.Segments) && c.Segments[i].From <= t; i++ {
		s = &c.Segments[i]
	}
	return s.At(t), true
}

// ErrorAt is how far the offset that At gives may be off at a time of A; it is greater at the ends of a segment, and grows outside of it.
func (s *Segment) ErrorAt(t int64) int64 {
	n := len(s.errors) - 1
	switch {
	case n < 0:
		return s.SumError
	case t < s.From:
		return s.errors[0] + s.growth(difference(s.From, t))
	case t > s.To:
		return s.errors[n] + s.growth(difference(t, s.To))
	}
	step := max(1, (s.To-s.From)/int64(n))
	i := min(int64(n-1), (t-s.From)/step)
	x, y := s.errors[i], s.errors[i+1] // the bounds are convex: between two places they are no greater than a line
	return max(x, y) - min(difference(max(x, y), min(x, y)), part(min(x, y), max(x, y), x < y, t-s.From-i*step, step))
}

// part is what is missing to the greater of two errors at a place between them.
func part(low, high int64, rising bool, at, step int64) int64 {
	at = min(at, step)
	if rising {
		at = step - at
	}
	hi, lo := bits.Mul64(magnitude(high-low), magnitude(at))
	q, _ := bits.Div64(hi, lo, magnitude(step))
	return int64(q)
}

// growth is how much less is known so long before or after a segment.
func (s *Segment) growth(d int64) int64 {
	return max(scale(d, s.Fastest-s.Drift), scale(d, s.Drift-s.Slowest)) + 1
}

// A sample is one packet at both points.
type sample struct {
	order uint32 // record of A
	other uint32 // record of B
	t, d  int64  // time at A; time at B minus that at A
	back  bool   // from B to A
}

// A bin is what the samples of about a second say. Offsets are at most low[0] and at least high[1].
type bin struct {
	from, to    int64
	first, last [2]uint32 // records of A and B
	low         [2]mark   // the least and
	high        [2]mark   // the most, by direction
	n           [2]int64
}

// A mark is a difference with the time that it was seen at.
type mark struct{ t, d int64 }

const (
	maxBins = 4096
	second  = int64(1e9)
	// maxDrift is how fast two clocks of computers run apart at most: 200 parts in a million.
	maxDrift = 200_000
	// minEach is how many packets each way a drift needs.
	minEach = 8
	// slack is what a drift must gain to be told from none.
	slack = int64(2000)
	// maxSegments bounds the steps and the bins that contradict all others: behind so many the clock is not followed.
	maxSegments = 64
)

// fit finds offset and drift from samples in any order:
//
//  1. Samples in the order of A's records are put into bins of a second. A bin keeps the least
//     and the greatest difference of each direction.
//  2. A packet from A to B says that the offset is at most its difference, one from B to A that it is at least that.
//     A line below the ones and above the others is a possible clock. Of all lines the one with the most room on both sides is taken; half of the room is the error.
//  3. Where no line fits all bins, one that contradicts both the bins before and those after it is left out;
//     where there is none such, the clock was set: a new segment begins.
//  4. Of packets that go one way only, a line is below all (or above); the one that leaves least between is the drift, if the way
//     is as long at all times. The clock was set where the least time on the way changes by more than any queue holds.
//
// Ticks make differences uncertain: tick[1] to below, tick[0] above.
func fit(samples []sample, ticks [2]int64, unit int64) Clock {
	c := Clock{Unit: unit}
	bins := slices.DeleteFunc(binned(samples), func(b bin) bool { // a step is in it, or a packet that is none
		gap, _, _ := room([]bin{b}, 0, ticks)
		if gap < 0 {
			c.Dropped += b.n[0] + b.n[1]
		}
		return gap < 0
	})
	defer func() { c.narrow(samples, ticks) }()
	for from, tries := 0, 0; from < len(bins) && tries < maxSegments; tries++ {
		to := from + feasible(bins[from:], ticks)
		if to < len(bins)-1 {
			// Is the one that does not fit alone in that?
			if more := feasible(without(bins[from:], to-from), ticks); more > to-from+1 {
				c.Dropped += bins[to].n[0] + bins[to].n[1]
				bins = slices.Delete(bins, to, to+1)
				continue
			}
		}
		c.add(bins[from:max(to, from+1)], ticks)
		from = max(to, from+1)
	}
	return c
}

func binned(samples []sample) []bin {
	arrangeSamples(samples)
	width := second
	if n := len(samples); n > 0 {
		width = max(width, difference(samples[n-1].t, samples[0].t)/maxBins)
	}
	var bins []bin
	for _, s := range samples {
		n := len(bins)
		if n == 0 || s.t >= bins[n-1].from+width || s.t < bins[n-1].from-width {
			bins = append(bins, bin{from: s.t, to: s.t, first: [2]uint32{s.order, s.other}})
			n++
		}
		b := &bins[n-1]
		b.last = [2]uint32{s.order, s.other}
		w := 0
		if s.back {
			w = 1
		}
		if b.n[w] == 0 || s.d < b.low[w].d {
			b.low[w] = mark{s.t, s.d}
		}
		if b.n[w] == 0 || s.d > b.high[w].d {
			b.high[w] = mark{s.t, s.d}
		}
		b.n[w]++
		b.from, b.to = min(b.from, s.t), max(b.to, s.t)
	}
	return bins
}

// without is the list without one bin.
func without(bins []bin, i int) []bin { return slices.Delete(slices.Clone(bins), i, i+1) }

// feasible is how many of the bins, from the first on, one line fits. At least one does not contradict itself.
func feasible(bins []bin, ticks [2]int64) int {
	if n := level(bins); n < len(bins) {
		return n
	}
	if _, gap := best(bins, ticks); gap >= 0 {
		return len(bins)
	}
	low, high := 0, len(bins)
	for high-low > 1 {
		mid := (low + high) / 2
		if _, gap := best(bins[:mid], ticks); gap >= 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// room is how much lies between the limits from above and from below when the clocks run apart by so many parts per billion; the middle of it is
// at. Without one of the limits it is without bound.
func room(bins []bin, drift int64, ticks [2]int64) (gap, above, below int64) {
	above, below = math.MaxInt64, math.MinInt64
	start := bins[0].from
	for i := range bins {
		b := &bins[i]
		if b.n[0] > 0 {
			above = min(above, b.low[0].d+ticks[1]-scale(difference(b.low[0].t, start), drift))
		}
		if b.n[1] > 0 {
			below = max(below, b.high[1].d-ticks[0]-scale(difference(b.high[1].t, start), drift))
		}
	}
	if above == math.MaxInt64 || below == math.MinInt64 {
		return math.MaxInt64, above, below
	}
	return difference(above, below), above, below
}

// best is the drift with the most room, the one nearest to none of those that hardly differ. The room is a concave function of it.
func best(bins []bin, ticks [2]int64) (drift, gap int64) {
	gapAt := func(d int64) int64 { g, _, _ := room(bins, d, ticks); return g }
	none := gapAt(0)
	if none == math.MaxInt64 {
		return 0, none
	}
	drift, gap = peak(-maxDrift, maxDrift, gapAt)
	if none >= gap-slack {
		return 0, none
	}
	return nearest(drift, func(d int64) bool { return gapAt(d) >= gap-slack }), gap
}

// nearest is the number nearest to 0 on the way from there to d for which ok holds, as it does for d.
func nearest(d int64, ok func(int64) bool) int64 {
	bad := int64(0)
	for d-bad > 1 || bad-d > 1 {
		if mid := bad + (d-bad)/2; ok(mid) {
			d = mid
		} else {
			bad = mid
		}
	}
	return d
}

// add appends the segment of the bins, which one line fits.
func (c *Clock) add(bins []bin, ticks [2]int64) {
	var n [2]int64
	s := Segment{From: bins[0].from, To: bins[len(bins)-1].to, First: bins[0].first, Last: bins[len(bins)-1].last}
	for i := range bins {
		n[0], n[1] = n[0]+bins[i].n[0], n[1]+bins[i].n[1]
		s.From, s.To = min(s.From, bins[i].from), max(s.To, bins[i].to)
	}
	drift := int64(0)
	if n[0] >= minEach && n[1] >= minEach {
		drift, _ = best(bins, ticks)
	} else if gap, _, _ := room(bins, 0, ticks); gap < 0 {
		drift, _ = best(bins, ticks)
	}
	gap, _, below := room(bins, drift, ticks)
	if gap < 0 { // one bin that contradicts itself: a step is in it
		c.Dropped += n[0] + n[1]
		return
	}
	c.Used[0], c.Used[1] = c.Used[0]+n[0], c.Used[1]+n[1]
	s.Slowest, s.Fastest = -maxDrift, maxDrift
	start := difference(s.From, bins[0].from)
	switch {
	case n[0] == 0 || n[1] == 0:
		w := way(n[0] == 0)
		s.Bound, s.Drift = AtMost+Bound(w), slope(bins, w)
		_, limit, least := room(bins, s.Drift, ticks)
		if w == 1 {
			limit = least
		}
		s.Offset = limit + scale(start, s.Drift)
		s.sum(bins, w, ticks)
		s.Sum += scale(start, s.Drift)
	default:
		s.Offset, s.Drift = below+gap/2+scale(start, drift), drift
		possible := func(d int64) bool { g, _, _ := room(bins, d, ticks); return g >= 0 }
		s.Slowest, s.Fastest = furthest(drift, -maxDrift, possible), furthest(drift, maxDrift, possible)
		s.fan(bins, ticks)
	}
	c.Segments = append(c.Segments, s)
}

// furthest is the number furthest on the way from a good one to the end for which ok still holds.
func furthest(good, end int64, ok func(int64) bool) int64 {
	if ok(end) {
		return end
	}
	return end + nearest(good-end, func(d int64) bool { return ok(end + d) })
}

// sum is what packets of one direction tell: the offset with the time on the way. Times that scatter by less than the
// ticks do so because of the ticks, and each narrows what is possible; others tell the least time on the way.
func (s *Segment) sum(bins []bin, w int, ticks [2]int64) {
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	flat := func(m mark) int64 { return m.d - scale(difference(m.t, bins[0].from), s.Drift) }
	for i := range bins {
		if bins[i].n[w] > 0 {
			low, high = min(low, flat(bins[i].low[w])), max(high, flat(bins[i].high[w]))
		}
	}
	// The true difference is between d-ticks[0] and d+ticks[1].
	from, to := low-ticks[0], low+ticks[1]
	if w == 1 {
		from, to = high-ticks[0], high+ticks[1]
	}
	if difference(high, low) < ticks[0]+ticks[1] {
		from, to = high-ticks[0], low+ticks[1]
	}
	s.Sum, s.SumError = from+difference(to, from)/2, (difference(to, from)+1)/2
}

// most is the greatest difference: 146 years.
const most = int64(math.MaxInt64 / 2)

// difference is a-b, held to what 62 bits can say.
func difference(a, b int64) int64 {
	d := a - b
	switch {
	case a > b && (d < 0 || d > most):
		return most
	case a < b && (d > 0 || d < -most):
		return -most
	}
	return d
}

// scale is t*ppb/1e9, rounded to zero.
func scale(t, ppb int64) int64 {
	negative := (t < 0) != (ppb < 0)
	hi, lo := bits.Mul64(magnitude(t), magnitude(ppb))
	if hi >= 1e9 {
		hi = 1e9 - 1
	}
	q, _ := bits.Div64(hi, lo, 1e9)
	if negative {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return uint64(-x)
	}
	return uint64(x)
}
