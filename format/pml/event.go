package pml

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

// Layout of an event: 52 bytes, the stack, the detail, and maybe what the operation returned, whose place is counted from the start of the event.
const (
	eventLen    = 52
	threadAt    = 0x04
	classAt     = 0x08
	operationAt = 0x0C
	timeAt      = 0x1C
	depthAt     = 0x28
	detailLenAt = 0x2C
	extraAt     = 0x30
)

// Classes of events that the reader looks into.
const (
	fileSystem = 3
	network    = 5
	lastClass  = 6
)

// maxDetail is far above what an event holds: a registry value has 1 MB at most.
const maxDetail = 16 << 20

// stack is the size of an event's stack.
func stack(b []byte, pointer int64) int64 {
	return pointer * int64(binary.LittleEndian.Uint16(b[depthAt:]))
}

// measure is the size of the event at off, with what it returned.
func (r *Reader) measure(off int64) (int64, *trace.Error) {
	b := r.events.Piece(off, eventLen)
	if len(b) < eventLen {
		return 0, r.bad(off, eventLen, int64(len(b)), "")
	}
	size := eventLen + stack(b, int64(r.head.pointer)) + int64(binary.LittleEndian.Uint32(b[detailLenAt:]))
	class := binary.LittleEndian.Uint32(b[classAt:])
	extra := int64(binary.LittleEndian.Uint32(b[extraAt:]))
	switch {
	case class == 0 || class > lastClass:
		return 0, r.bad(off, 0, 0, "no such class of event")
	case size > maxDetail || extra > maxDetail:
		return 0, r.bad(off, 0, 0, "longer than an event can be")
	case extra != 0 && extra < eventLen:
		return 0, r.bad(off, 0, 0, "what it returned lies in its header")
	}
	if extra != 0 {
		n := r.ends.Piece(off+extra, 2)
		if len(n) < 2 {
			return 0, r.bad(off, extra+2, max(0, r.in.Size-off), "")
		}
		size = max(size, extra+2+int64(binary.LittleEndian.Uint16(n)))
	}
	if off+size > r.in.Size {
		return 0, r.bad(off, size, r.in.Size-off, "")
	}
	return size, nil
}

func (r *Reader) bad(off, need, have int64, detail string) *trace.Error {
	e := &trace.Error{Source: r.in.Name, Offset: off, Record: r.number + 1, Layer: "pml event", Need: need, Have: have, Detail: detail, Err: trace.ErrTruncated}
	if detail != "" {
		e.Err = trace.ErrCorrupt
	}
	return e
}

// walked reads the next event of a log that has no table of them: they lie one behind the other.
//
//  1. The end of the file, zeros, or where the header puts a table is the end of the events.
//  2. What is no event is passed over, up to the next place that looks like one.
//  3. Without such a place the file ends inside an event.
func (r *Reader) walked(rec *trace.Record) bool {
	b := r.events.Piece(r.at, eventLen)
	if len(b) == 0 || zero(b) || r.at == r.head.offsets {
		r.err = r.end()
		return false
	}
	good := len(b) < eventLen || r.plausible(b) // b is gone after measure
	size, err := r.measure(r.at)
	if err == nil && !good {
		err = r.bad(r.at, 0, 0, "no event where one should be")
	}
	if err == nil {
		off := r.at
		r.at += size
		r.handed += size
		r.fill(rec, off, size)
		return true
	}
	from := r.at
	if r.search(); r.at == r.in.Size && r.cut == nil && good {
		err.Err, err.Detail = trace.ErrTruncated, "the file ends inside it"
		r.err = err
		r.info.Damage.Unread = r.at - from
		return false
	}
	r.info.Damage.Add(err, r.at-from)
	return false
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// maxDepth is more than the frames of any stack that Process Monitor keeps.
const maxDepth = 1024

// years is how far a time may be from the one before in a log: it is not kept open for longer.
const years = 2 * 366 * 86400 * int64(1e9)

// plausible reports whether the bytes may begin an event.
func (r *Reader) plausible(b []byte) bool {
	t := nanoseconds(binary.LittleEndian.Uint64(b[timeAt:]))
	class := binary.LittleEndian.Uint32(b[classAt:])
	extra := binary.LittleEndian.Uint32(b[extraAt:])
	last := nanoseconds(uint64(r.event.RawTime))
	return class > 0 && class <= lastClass && binary.LittleEndian.Uint16(b[operationAt:]) < 256 && t != trace.NoTime &&
		(last == trace.NoTime || t-last < years && last-t < years) && binary.LittleEndian.Uint16(b[depthAt:]) <= maxDepth &&
		binary.LittleEndian.Uint32(b[detailLenAt:]) <= maxDetail && (extra == 0 || extra >= eventLen && extra <= maxDetail)
}

// search moves to the next place that looks like an event, or to the end of the file.
func (r *Reader) search() {
	const look = 64 << 10
	for r.at++; r.at < r.in.Size; {
		b := r.events.Piece(r.at, look)
		n := len(b) - eventLen
		for i := 0; i <= n; i++ {
			if b[i+classAt] != 0 && r.plausible(b[i:i+eventLen]) {
				r.at += int64(i)
				return
			}
		}
		if n < 0 || r.at+int64(len(b)) >= r.in.Size {
			break
		}
		r.at += int64(n) + 1
	}
	r.at = r.in.Size
}
