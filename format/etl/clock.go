package etl

import (
	"math"
	"math/bits"

	"github.com/wiretale/wiretale/trace"
)

// Clock types of TRACE_LOGFILE_HEADER.ReservedFlags.
const (
	clockQPC    = 1
	clockSystem = 2
	clockCycles = 3
)

// unixEpoch is 1970-01-01 as a FILETIME: units of 100 ns since 1601-01-01.
const unixEpoch = 116444736000000000

// filetime turns a FILETIME of the file header into nanoseconds since 1970; 0, which means none, stays 0.
func filetime(ft uint64) int64 {
	if ft == 0 {
		return 0
	}
	return sinceEpoch(int64(min(ft, math.MaxInt64)))
}

// sinceEpoch turns units of 100 ns since 1601 into nanoseconds since 1970; what does not fit becomes the nearest bound.
func sinceEpoch(ft int64) int64 {
	const limit = math.MaxInt64 / 100
	return max(-limit, min(limit, max(ft, -limit)-unixEpoch)) * 100
}

// nanoseconds turns a record's time stamp into nanoseconds since 1970. The
// session's start belongs to the stamp of the header record; counting from
// the boot time instead is wrong by sleep and by clock changes. A time that
// does not fit, centuries away, becomes the nearest bound.
func (r *Reader) nanoseconds(raw int64) int64 {
	s := r.info.Session
	if s.ClockType == clockSystem {
		return sinceEpoch(raw)
	}
	delta, back := distance(raw, r.section.first)
	if r.scale != 0 && delta < math.MaxInt64/1_000_000_000 {
		return shift(s.Start, delta*r.scale, back)
	}
	return shift(s.Start, scaled(delta, 1e9, uint64(s.Frequency)), back)
}

// distance is how far a lies from b, and whether it lies before it.
func distance(a, b int64) (d uint64, before bool) {
	d = uint64(a) - uint64(b)
	if a < b {
		return -d, true
	}
	return d, false
}

// scaled is n * mul / div without overflow; what does not fit becomes the greatest number.
func scaled(n, mul, div uint64) uint64 {
	hi, lo := bits.Mul64(n, mul)
	if hi >= div {
		return math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, div)
	return q
}

// shift adds ns to t, or subtracts it, and stays between the bounds of a time.
func shift(t int64, ns uint64, back bool) int64 {
	d := int64(min(ns, math.MaxInt64))
	if back {
		d = -d
	}
	sum := t + d
	switch {
	case d > 0 && sum < t:
		return math.MaxInt64
	case d < 0 && (sum > t || sum == trace.NoTime):
		return trace.NoTime + 1
	}
	return sum
}
