package fileio

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/session"
)

const (
	// long is how long an operation takes, in nanoseconds, that is looked for apart: else one of them would make every look a long one.
	long = int64(1e9)
	// maxLong bounds these, and maxLooks how many operations one look passes.
	maxLong  = 256
	maxLooks = 1 << 12
)

// A timeline finds operations by time.
type timeline struct {
	list    []*session.Operation // in order of time
	longest int64                // of those that are not long, nanoseconds
	long    []*session.Operation
}

func newTimeline(list []*session.Operation) *timeline {
	t := &timeline{list: slices.Clone(list)}
	slices.SortStableFunc(t.list, func(a, b *session.Operation) int { return cmp.Compare(a.At.Time, b.At.Time) })
	for _, o := range t.list {
		switch {
		case o.Duration < long:
			t.longest = max(t.longest, o.Duration)
		case len(t.long) < maxLong:
			t.long = append(t.long, o)
		}
	}
	return t
}

// from is the index of the first operation that begins at or after a time.
func (t *timeline) from(time int64) int {
	i, _ := slices.BinarySearchFunc(t.list, time, func(o *session.Operation, at int64) int { return cmp.Compare(o.At.Time, at) })
	return i
}

// open visits the operations that are open at any time of the span, its ends included.
func (t *timeline) open(from, to int64, visit func(*session.Operation)) {
	for _, o := range t.long {
		if o.At.Time <= to && o.At.Time+o.Duration >= from {
			visit(o)
		}
	}
	for n, o := range t.list[t.from(from-t.longest):] {
		if o.At.Time > to || n == maxLooks {
			return
		}
		if o.Duration < long && o.At.Time+o.Duration >= from {
			visit(o)
		}
	}
}

// later reports whether an operation that begins after a time is wanted.
func (t *timeline) later(time int64, wanted func(*session.Operation) bool) bool {
	for n, o := range t.list[t.from(time+1):] {
		if n == maxLooks {
			return false
		}
		if wanted(o) {
			return true
		}
	}
	return false
}
