package point

import (
	"math"
	"slices"
)

// spots is how many places of a segment the error is worked out at.
const spots = 17

// fan works out how far the offset may be off at any time of the segment: of all lines that are possible, each with its own drift,
// those furthest above and below. The limits are convex functions of time, so that a line between two places is on the safe side.
func (s *Segment) fan(bins []bin, ticks [2]int64) {
	s.errors = make([]int64, spots)
	start := bins[0].from
	for i := range s.errors {
		t := s.From + difference(s.To, s.From)/(spots-1)*int64(i)
		at := difference(t, start)
		high := func(d int64) int64 { _, above, _ := room(bins, d, ticks); return above + scale(at, d) }
		low := func(d int64) int64 { _, _, below := room(bins, d, ticks); return -(below + scale(at, d)) }
		x := s.At(t)
		_, above := peak(s.Slowest, s.Fastest, high)
		_, below := peak(s.Slowest, s.Fastest, low)
		s.errors[i] = max(0, above-x, x+below) + max(scale(at, 1), -scale(at, 1)) + 2 // a drift is a whole number of parts per billion
		s.Error = max(s.Error, s.errors[i])
	}
}

// peak is where a concave function is greatest, and what it is there. It rises and falls by less than a nanosecond from one
// place to the next where times are short: a look at neighbours would stop anywhere.
func peak(low, high int64, f func(int64) int64) (at, most int64) {
	for high-low > 2 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if f(a) < f(b) {
			low = a
		} else {
			high = b
		}
	}
	most = math.MinInt64
	for d := low; d <= high; d++ {
		if x := f(d); x > most {
			at, most = d, x
		}
	}
	return at, most
}

// longestQueue is more than the least time on the way of a second differs from that of another.
const longestQueue = 4 * second

// level is how many of the bins, from the first on, packets of one way say the same of as far as no queue explains more; all when both ways are there.
func level(bins []bin) int {
	n := [2]bool{}
	for i := range bins {
		n[0], n[1] = n[0] || bins[i].n[0] > 0, n[1] || bins[i].n[1] > 0
	}
	if n[0] == n[1] {
		return len(bins)
	}
	w := way(n[1])
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range bins {
		d := least(&bins[i], w).d
		low, high = min(low, d), max(high, d)
		if difference(high, low) > longestQueue {
			return max(1, i)
		}
	}
	return len(bins)
}

// least is the packet of a way that took least.
func least(b *bin, w int) mark {
	if w == 0 {
		return b.low[0]
	}
	return b.high[1]
}

// slope is the drift of the line that is below all packets of one way (of way 1: above) and leaves least between. Packets
// that are few, or that no drift of a clock tells better than none, have none.
func slope(bins []bin, w int) int64 {
	total, sign := int64(0), int64(1)-2*int64(w)
	marks := make([]mark, 0, len(bins))
	for i := range bins {
		if total += bins[i].n[w]; bins[i].n[w] > 0 {
			m := least(&bins[i], w)
			marks = append(marks, mark{difference(m.t, bins[0].from), sign * m.d})
		}
	}
	if total < minEach || len(marks) < minSeconds {
		return 0
	}
	slices.SortFunc(marks, func(a, b mark) int { return int(max(-1, min(1, a.t-b.t))) })
	middle := int64(0)
	for _, m := range marks {
		middle += m.t / int64(len(marks))
	}
	// The line that is highest at the middle of all leaves least between.
	under := func(d int64) int64 {
		least := int64(math.MaxInt64)
		for _, m := range marks {
			least = min(least, m.d-scale(m.t, d))
		}
		return least + scale(middle, d)
	}
	d, most := peak(-maxDrift, maxDrift, under)
	if most-under(0) < slack {
		return 0
	}
	return sign * nearest(d, func(x int64) bool { return most-under(x) < slack })
}

// minSeconds is in how many seconds there must be packets for a drift that one way alone tells.
const minSeconds = 8
