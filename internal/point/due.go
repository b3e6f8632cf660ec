package point

import (
	"cmp"
	"slices"
)

// A due says when a packet of A is due at B: at the time of the clock of A, moved by the offset, and so much more or less.
type due struct {
	course    Course // of the packet
	offset    func(a int64) int64
	low, high int64
	marks     []mark // what other packets took, by the time at A
	near      bool   // only what they took is possible
}

// narrow is what is due when queues are taken into account: about as late as what left shortly before and after. false when nothing did.
func (d *due) narrow() (*due, bool) {
	if len(d.marks) == 0 {
		return nil, false
	}
	n := *d
	n.near = true
	return &n, true
}

// shortly is how long before or after another one that a packet is compared with.
const shortly = second / 4

// likely compares what a packet would have taken with those that left right before and after it: 0 when it may be so, less when it is too soon,
// more when it is too late, or when nothing left then. A queue empties no faster than time goes by, and is taken to fill
// no faster: what left within 20 ms may take 20 ms more or less.
func (d *due) likely(a, delta int64) int {
	at, _ := slices.BinarySearchFunc(d.marks, a, func(m mark, t int64) int { return cmp.Compare(m.t, t) })
	some := false
	for i := at - 1; i <= at; i++ {
		if i < 0 || i == len(d.marks) {
			continue
		}
		m := &d.marks[i]
		apart := difference(max(m.t, a), min(m.t, a))
		if apart > shortly {
			continue
		}
		if x := difference(delta, m.d); away(x, leastPatience+apart) {
			return cmp.Compare(x, 0)
		}
		some = true
	}
	if !some {
		return 1
	}
	return 0
}

func (d *due) fits(a, b int64) bool {
	delta := difference(b, a)
	if x := delta - d.offset(a); x < d.low || x > d.high {
		return false
	}
	return !d.near || d.likely(a, delta) == 0
}

// late reports whether the packet of A would have come before b.
func (d *due) late(a, b int64) bool {
	delta := difference(b, a)
	x := delta - d.offset(a)
	return x > d.high || d.near && x >= d.low && d.likely(a, delta) > 0
}

// overdue reports whether a packet came to where it was going later than it is due there.
func (d *due) overdue(a, b int64) bool {
	x := difference(b, a) - d.offset(a)
	switch d.course {
	case AtoB:
		return x > d.high
	case BtoA:
		return x < d.low
	}
	return x < d.low || x > d.high
}
