package etl

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
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
	r.compression = first.compression()
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
	session, err := parseLogfileHeader(data[s.header:s.size])
	if err != nil {
		return &trace.Error{Offset: bufferHeaderLen, Layer: "etl file header", Detail: err.Error(), Err: trace.ErrCorrupt}
	}
	r.section = section{compression: r.compression, session: session, first: s.time, base: s.time}
	r.info.Session = session
	r.info.OS = "Windows " + session.Build
	if hz := uint64(session.Frequency); 1e9%hz == 0 {
		r.scale = 1e9 / hz
	}
	return nil
}

// parseLogfileHeader decodes a TRACE_LOGFILE_HEADER. Its two pointers have the
// size that the header itself names, that of the process that wrote it.
func parseLogfileHeader(b []byte) (*trace.Session, error) {
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
	s.Written = int(c.U32())
	c.Skip(4) // start buffers
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
		return nil, err
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
	s.Start, s.End, s.Boot = filetime(start), filetime(end), filetime(boot)
	s.Finalised = end != 0
	return s, nil
}

func trimNUL(s string) string {
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}
