package point

import (
	"cmp"
	"slices"
)

// A stretch is a range of sequence numbers that the prints of one side have, with the places of its segments.
type stretch struct {
	from, to uint32 // relative to the first of both sides
	at       int32
}

// ranges matches segments of TCP whose bytes the other point has in segments of another size: one of them was captured
// before segmentation or after coalescing. Bytes are compared, where segments begin at the same one; elsewhere the numbers tell.
// What only one point has of a segment is left as it is.
func (c *comparison) ranges(d int, when *due) {
	wa, wb := c.way(d)
	a, b := c.open(c.a.prints, wa, 0, c.shift[d]), c.open(c.b.prints, wb, 1, 0)
	if len(a) == 0 || len(b) == 0 {
		return
	}
	base := min(a[0].from, b[0].from)
	for _, s := range slices.Concat(a, b) {
		if int32(s.from-base) < 0 {
			base = s.from
		}
	}
	settle := func(list []stretch) {
		for i := range list {
			list[i].from, list[i].to = list[i].from-base, list[i].to-base
		}
		slices.SortFunc(list, func(x, y stretch) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.at, y.at)) })
	}
	settle(a)
	settle(b)
	c.cover(d, a, b, false, when)
	c.cover(d, b, a, true, when)
}

// open are the segments with data that are not matched.
func (c *comparison) open(prints []print, way []int32, side int, shift uint32) (out []stretch) {
	for _, i := range way {
		if q := &prints[i]; q.size > 0 && !c.taken[side][i] {
			out = append(out, stretch{q.seq + shift, q.seq + shift + q.size, i})
		}
	}
	return out
}

// cover marks what lists have in each other. A segment of x counts when the union of y has all of it; the segment of y
// that begins with it, or the first that reaches into it, is its counterpart. Segments of the same size are no case of it: they
// would have been matched, were they the same.
func (c *comparison) cover(d int, x, y []stretch, swapped bool, when *due) {
	j := 0
	for _, s := range x {
		for j < len(y) && int32(y[j].to-s.from) <= 0 {
			j++
		}
		at, first := s.from, -1
		for k := j; k < len(y) && y[k].from <= at && at < s.to; k++ {
			if y[k].to <= at || y[k].from == s.from && y[k].to == s.to || !c.timely(s.at, y[k].at, swapped, when) {
				continue
			}
			if first < 0 {
				first = k
			}
			at = y[k].to
		}
		if first < 0 || at < s.to || c.other(s.at, y[first].at, s.from == y[first].from, swapped) {
			continue
		}
		if swapped {
			c.taken[1][s.at] = true
			c.rangesB[d]++
		} else {
			c.hits[d] = append(c.hits[d], hit{s.at, y[first].at, ranged})
			c.taken[0][s.at] = true
		}
	}
}

// timely reports whether two segments can be of the same passage. Nobody knows without a clock.
func (c *comparison) timely(x, y int32, swapped bool, when *due) bool {
	if swapped {
		x, y = y, x
	}
	return when == nil || when.fits(c.a.prints[x].time, c.b.prints[y].time)
}

// other reports whether two segments that begin at the same byte differ in what they begin with.
func (c *comparison) other(x, y int32, together, swapped bool) bool {
	if swapped {
		x, y = y, x
	}
	a, b := &c.a.prints[x], &c.b.prints[y]
	return together && c.bytes > 0 && min(a.size, b.size) >= shortBytes && a.short != b.short
}
