//go:build linux

package record

import "golang.org/x/sys/unix"

// A clock turns times of CLOCK_MONOTONIC, which events have, into those of
// CLOCK_REALTIME, which packets have. Both run at one rate: their difference
// changes only when the clock is set.
type clock struct {
	offset    int64 // realtime - monotonic
	uncertain int64 // half of what reading both took
	began     int64 // of CLOCK_MONOTONIC, when this was made
	read      func() (monotonic, realtime, uncertain int64)
}

// stepAt is the smallest change of the difference that is a step: more than reading both can be wrong by when the reader was interrupted.
const stepAt = 1e6

// tries is how often both are read; the quickest counts.
const tries = 1000

func newClock() *clock {
	c := &clock{read: sandwich}
	best := int64(1 << 62)
	for range tries {
		mono, real, uncertain := c.read()
		if uncertain < best {
			best, c.offset = uncertain, real-mono
		}
	}
	c.uncertain = best
	c.began, _, _ = c.read()
	return c
}

// sandwich reads the one clock between two readings of the other.
func sandwich() (monotonic, realtime, uncertain int64) {
	before, real, after := now(unix.CLOCK_MONOTONIC), now(unix.CLOCK_REALTIME), now(unix.CLOCK_MONOTONIC)
	return before + (after-before)/2, real, (after - before + 1) / 2
}

func now(id int32) int64 {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return t.Nano()
}

// check looks for a step since it was called before, in nanoseconds; 0 for none.
func (c *clock) check() (monotonic, realtime, step int64) {
	monotonic, realtime, uncertain := c.read()
	step = realtime - monotonic - c.offset
	if step < stepAt+uncertain && step > -stepAt-uncertain {
		return monotonic, realtime, 0
	}
	c.offset += step
	return monotonic, realtime, step
}
