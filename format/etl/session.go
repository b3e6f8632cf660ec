package etl

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// Clock types of TRACE_LOGFILE_HEADER.ReservedFlags.
const (
	clockQPC    = 1
	clockSystem = 2
	clockCycles = 3
)

// readHeader reads the first buffer and the TRACE_LOGFILE_HEADER in its first record.
func (r *Reader) readHeader() error {
	if r.size < bufferHeaderLen {
		return &trace.Error{Offset: 0, Layer: "etl buffer header", Need: bufferHeaderLen, Have: r.size, Err: trace.ErrTruncated}
	}
	first, err := r.header(0)
	if err != nil {
		return err
	}
	r.compression = compressXpress
	if c := first.state & 0xffff; c >= compressLZNT1 && c <= compressHuffman {
		r.compression = int(c)
	}
	data, err := r.load(0, first, nil, maxBuffer)
	if len(data) == 0 && err != nil {
		return err
	}
	var s shape
	v := look(data, &s)
	if r.size < first.size && (v == short || len(data) < minRecord) {
		need := int64(max(s.size, minRecord))
		return &trace.Error{Offset: bufferHeaderLen, Layer: "etl file header", Need: need, Have: int64(len(data)), Err: trace.ErrTruncated}
	}
	if v != good || s.kind != trace.HeaderSystem {
		return &trace.Error{Offset: bufferHeaderLen, Layer: "etl file header", Detail: "no TRACE_LOGFILE_HEADER record at the start", Err: trace.ErrCorrupt}
	}
	r.firstTime = s.time
	return r.parseLogfileHeader(data[s.header:s.size])
}

// parseLogfileHeader decodes a TRACE_LOGFILE_HEADER. Its two pointers have the
// size that the header itself names, that of the process that wrote it.
func (r *Reader) parseLogfileHeader(b []byte) error {
	c := bin.Little(b)
	s := &trace.Session{}
	c.Skip(4)
	major, minor := c.U8(), c.U8()
	c.Skip(2)
	build := c.U32()
	s.Processors = int(c.U32())
	end := c.U64()
	c.Skip(8) // timer resolution, maximum file size
	s.Mode = c.U32()
	c.Skip(8) // buffers written, start buffers
	s.PointerSize = int(c.U32())
	s.EventsLost = c.U32()
	mhz := c.U32()
	if s.PointerSize != 4 {
		s.PointerSize = 8
	}
	c.Skip(2 * s.PointerSize)
	zone := c.Bytes(172)
	if (c.Offset() & 7) != 0 {
		c.Skip(4)
	}
	boot, frequency, start := c.U64(), int64(c.U64()), c.U64()
	s.ClockType = int(c.U32())
	s.BuffersLost = c.U32()
	if err := c.Err(); err != nil {
		return &trace.Error{Offset: bufferHeaderLen, Layer: "etl file header", Detail: err.Error(), Err: trace.ErrCorrupt}
	}
	s.LoggerName, s.LogFileName = c.UTF16(), c.UTF16()
	z := bin.Little(zone)
	s.TimeZoneBias = int(int32(z.U32()))
	s.TimeZone = trimNUL(bin.DecodeUTF16(z.Bytes(64)))
	s.Build = fmt.Sprintf("%d.%d.%d", major, minor, build)
	s.Frequency = frequency
	if s.ClockType == clockCycles {
		s.Frequency = int64(mhz) * 1_000_000
	}
	if s.Frequency <= 0 {
		s.Frequency = 10_000_000
	}
	if 1e9%uint64(s.Frequency) == 0 {
		r.scale = 1e9 / uint64(s.Frequency)
	}
	s.Start, s.End, s.Boot = filetime(start), filetime(end), filetime(boot)
	s.Finalised = end != 0
	r.info.Session = s
	r.info.OS = "Windows " + s.Build
	return nil
}

func trimNUL(s string) string {
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}

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
	delta, back := uint64(raw)-uint64(r.firstTime), raw < r.firstTime
	if back {
		delta = -delta
	}
	if r.scale != 0 && delta < math.MaxInt64/1_000_000_000 {
		return shift(s.Start, delta*r.scale, back)
	}
	hi, lo := bits.Mul64(delta, 1e9)
	if hi >= uint64(s.Frequency) { // the quotient has more than 64 bits
		return shift(s.Start, math.MaxInt64, back)
	}
	ns, _ := bits.Div64(hi, lo, uint64(s.Frequency))
	return shift(s.Start, ns, back)
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
