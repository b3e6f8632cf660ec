package plot

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// thinned keeps a bounded number of points that look like all of them:
//
//  1. Points are kept as they come until there are too many.
//  2. Then time is cut into buckets whose width is a power of two nanoseconds,
//     and of each bucket the first, the last, the lowest and the highest point
//     stay. The width is doubled until half of the room is free.
//
// Buckets of a width nest in those of the next, so what stays depends on the
// points alone, and every bucket has its true extremes. The room is such that
// buckets are narrower than a column of pixels: lines and envelopes look as if
// every point had been drawn. Empty time takes no room.
//
// Points outside of the plot's part of time are not kept, but for the last one
// before it, from which a line comes in.
type thinned struct {
	room     int   // points that may be kept
	from, to int64 // the part of time, both ends included
	shift    uint
	points   []Point
	before   Point // valid iff entering
	entering bool
	leaving  bool // there are points after the end
}

// perColumn is the room for each column of pixels: half of it is used after
// thinning, by buckets of four points, of which each column has two or more.
const perColumn = 16

// maxShift makes one bucket of all times on each side of 0.
const maxShift = 62

func newThinned(opt *Options) thinned {
	t := thinned{room: perColumn * max(opt.Columns, 1), from: math.MinInt64, to: math.MaxInt64}
	if opt.From > 0 {
		t.from = int64(opt.From)
	}
	if opt.To > 0 {
		t.to = int64(opt.To)
	}
	return t
}

func (t *thinned) add(p Point) {
	if p.Time < t.from {
		t.before, t.entering = p, true
		return
	}
	if p.Time > t.to {
		t.leaving = true
		return
	}
	if len(t.points) >= t.room {
		t.thin()
	}
	t.points = append(t.points, p)
}

// all are the points that are left, in order of time, as thin at the end as before.
func (t *thinned) all() []Point {
	t.sort()
	if t.shift > 0 {
		t.points = extremes(t.points, t.shift)
	}
	return t.points
}

// series are the points that are left, as a series.
func (t *thinned) series(name string, look Look) Series {
	s := Series{Name: name, Look: look}
	if look.shape == steps {
		s.Points = t.line()
	} else {
		s.Points = t.all()
	}
	if t.shift > 0 {
		s.Bucket = time.Duration(1) << t.shift
	}
	return s
}

// line are the points that are left for a line: it comes in from before the
// part of time with its last value, and goes on where there is more.
func (t *thinned) line() []Point {
	points := t.all()
	if t.entering {
		points = slices.Insert(points, 0, at(t.from, t.before.High))
	}
	if n := len(points); n > 0 && t.leaving {
		points = append(points, at(t.to, points[n-1].High))
	}
	return points
}

// sort orders by time; points of the same time stay in the order they came.
func (t *thinned) sort() {
	byTime := func(a, b Point) int { return cmp.Compare(a.Time, b.Time) }
	if !slices.IsSortedFunc(t.points, byTime) {
		slices.SortStableFunc(t.points, byTime)
	}
}

func (t *thinned) thin() {
	t.sort()
	t.points = extremes(t.points, t.shift)
	for len(t.points) > t.room/2 && t.shift < maxShift {
		t.shift++
		t.points = extremes(t.points, t.shift)
	}
}

// extremes keeps the extremes of each bucket of 1<<shift nanoseconds, in place.
func extremes(points []Point, shift uint) []Point {
	kept := points[:0]
	for from := 0; from < len(points); {
		to := from + 1
		for to < len(points) && points[to].Time>>shift == points[from].Time>>shift {
			to++
		}
		kept = appendExtremes(kept, points[from:to])
		from = to
	}
	return kept
}

// appendExtremes adds the first, lowest, highest and last point of a bucket in the order that they have in it.
func appendExtremes(kept, bucket []Point) []Point {
	if len(bucket) <= 4 {
		return append(kept, bucket...)
	}
	low, high := 0, 0
	for i := range bucket {
		if bucket[i].Low < bucket[low].Low {
			low = i
		}
		if bucket[i].High > bucket[high].High {
			high = i
		}
	}
	keep := []int{0, min(low, high), max(low, high), len(bucket) - 1}
	for _, i := range slices.Compact(keep) {
		kept = append(kept, bucket[i])
	}
	return kept
}
