package engine

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// ticks finds the step of a clock from the times between packets:
//
//  1. The greatest common divisor of all of them is the step, when it is
//     large. It falls to the unit of the file within a few packets where the clock is fine.
//  2. A step that the unit of the file cannot hold (10.0144 ms in whole
//     microseconds) has no large divisor: known steps are tried each, to a microsecond.
type ticks struct {
	stamps   int64 // times that differ from the one before
	divisor  int64
	tried    uint8 // bit i: knownTicks[i] is ruled out
	counts   [len(knownTicks)]int64
	ruledOut bool // all of it
	first    []flow.Moment
}

// knownTicks are the steps of Windows' system time, in nanoseconds: 64 Hz as 15.625 ms and as timers of PCs divide
// to it, that of older hardware layers, and 1024 Hz. Nobody writes such times by hand.
var knownTicks = [...]int64{15_625_000, 15_600_100, 10_014_400, 976_600}

const (
	// minTick is the least step that is called coarse.
	minTick = int64(500 * time.Microsecond)
	// tickError is how far rounding moves a time between two packets.
	tickError = int64(time.Microsecond)
	// minKnownStamps is how many times show a known step, minStamps any other: sparse traffic of round times looks coarse.
	minKnownStamps = 6
	minStamps      = 100
)

// add takes the time between two packets, 0 or more.
func (t *ticks) add(d int64, now flow.Moment) {
	if d == 0 || t.ruledOut {
		return
	}
	t.stamps++
	t.first = spot(t.first, now)
	t.divisor = divisor(t.divisor, d)
	for i, step := range knownTicks {
		if t.tried>>i&1 != 0 {
			continue
		}
		n := (d + step/2) / step
		if off := d - n*step; n == 0 || off > tickError || off < -tickError {
			t.tried |= 1 << i
			continue
		}
		t.counts[i] = divisor(t.counts[i], n)
	}
	if t.divisor < minTick && t.tried == 1<<len(knownTicks)-1 {
		t.ruledOut, t.first = true, nil
	}
}

// tick is the step, 0 when there is none or too little shows it.
func (t *ticks) tick() time.Duration {
	if t.stamps >= minStamps && t.divisor >= minTick {
		return time.Duration(t.divisor)
	}
	for i, step := range knownTicks {
		// All times must not be multiples of a multiple: whole seconds are 64 steps of 15.625 ms.
		if t.tried>>i&1 == 0 && t.counts[i] == 1 && t.stamps >= minKnownStamps {
			return time.Duration(step)
		}
	}
	return 0
}

// divisor is the greatest common divisor; that of 0 and b is b.
func divisor(a, b int64) int64 {
	for a != 0 {
		a, b = b%a, a
	}
	return b
}
