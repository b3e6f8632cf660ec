package etl

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/trace"
)

const (
	systemHeaderLen   = 32
	compactHeaderLen  = 24
	perfInfoHeaderLen = 16
	fullHeaderLen     = 48
	instanceHeaderLen = 56
	eventHeaderLen    = 80
	messageHeaderLen  = 8
)

// headerType says where a record header has what every reader of it needs.
type headerType struct {
	kind           trace.HeaderType // 0: no such type
	pointer        uint8
	length         uint8 // bytes
	sizeAt, timeAt uint8
}

// Header types: byte 2 of a record's first word.
var headerTypes = [256]headerType{
	0x01: {trace.HeaderSystem, 4, systemHeaderLen, 4, 16}, 0x02: {trace.HeaderSystem, 8, systemHeaderLen, 4, 16},
	0x03: {trace.HeaderCompact, 4, compactHeaderLen, 4, 16}, 0x04: {trace.HeaderCompact, 8, compactHeaderLen, 4, 16},
	0x0a: {trace.HeaderFull, 4, fullHeaderLen, 0, 16}, 0x14: {trace.HeaderFull, 8, fullHeaderLen, 0, 16},
	0x0b: {trace.HeaderInstance, 4, instanceHeaderLen, 0, 16}, 0x15: {trace.HeaderInstance, 8, instanceHeaderLen, 0, 16},
	0x10: {trace.HeaderPerfInfo, 4, perfInfoHeaderLen, 4, 8}, 0x11: {trace.HeaderPerfInfo, 8, perfInfoHeaderLen, 4, 8},
	0x12: {trace.HeaderEvent, 4, eventHeaderLen, 0, 16}, 0x13: {trace.HeaderEvent, 8, eventHeaderLen, 0, 16},
}

// shape is the start of a record: enough to skip it.
type shape struct {
	time    int64 // as written
	size    int   // bytes of header and payload, without padding
	header  int   // bytes of header
	kind    trace.HeaderType
	pointer uint8
	timed   bool
}

// verdict is what look finds.
type verdict uint8

const (
	good    verdict = iota
	end             // the records of the buffer end here
	unknown         // no header type has this number
	misfit          // the record's size is less than that of its header
	short           // the record's size is more than there is
)

func (v verdict) String() string {
	if v == unknown {
		return "header type unknown"
	}
	return "record size does not fit"
}

// minRecord is the size of the smallest record, and how much look needs to tell a size.
const minRecord = 8

// look reads the shape of the record at the start of b into s. Of a record
// that is not good only the size is set, 0 when it is unknown.
func look(b []byte, s *shape) verdict {
	s.size = 0
	if len(b) < minRecord {
		return end
	}
	word := binary.LittleEndian.Uint32(b)
	if word>>24 != 0xc0 {
		return lookOther(b, word, s)
	}
	t := &headerTypes[word>>16&0xff]
	if t.kind == 0 {
		return unknown
	}
	header, size := int(t.length), int(binary.LittleEndian.Uint16(b[t.sizeAt&4:]))
	if t.kind == trace.HeaderPerfInfo {
		// The upper byte of the version counts counters (bits 0 to 2) and flags a PEBS index (bit 7), 8 bytes each.
		header += 8 * (int(b[1]&7) + int(b[1]>>7))
	}
	s.size = size
	if size < header {
		return misfit
	}
	if size > len(b) {
		return short
	}
	s.header, s.kind, s.pointer, s.timed = header, t.kind, t.pointer, true
	s.time = int64(binary.LittleEndian.Uint64(b[t.timeAt:]))
	return good
}

// lookOther is look for what does not begin like a trace header.
func lookOther(b []byte, word uint32, s *shape) verdict {
	switch {
	case word == 0 || word == 0xffffffff:
		return end
	case word>>24 == 0x90:
		return lookMessage(b, s)
	}
	return unknown
}

// Flags of a MESSAGE_TRACE_HEADER, in the order of the fields they announce.
const (
	messageSequence   = 1
	messageGUID       = 2
	messageComponent  = 4
	messageTime       = 8
	messagePerfTime   = 0x10
	messageSystemInfo = 0x20
	messagePointer32  = 0x40
)

func lookMessage(b []byte, s *shape) verdict {
	header, timeAt, size := messageHeaderLen, 0, int(binary.LittleEndian.Uint16(b))
	flags := binary.LittleEndian.Uint16(b[6:])
	if flags&messageSequence != 0 {
		header += 4
	}
	if flags&messageGUID != 0 {
		header += 16
	}
	if flags&messageComponent != 0 {
		header += 4
	}
	if flags&(messageTime|messagePerfTime) != 0 {
		timeAt = header
		header += 8
	}
	if flags&messageSystemInfo != 0 {
		header += 8
	}
	s.size = size
	if size < header {
		return misfit
	}
	if size > len(b) {
		return short
	}
	s.header, s.kind, s.pointer, s.timed, s.time = header, trace.HeaderMessage, 8, timeAt > 0, 0
	if flags&messagePointer32 != 0 {
		s.pointer = 4
	}
	if s.timed {
		s.time = int64(binary.LittleEndian.Uint64(b[timeAt:]))
	}
	return good
}

// fill decodes the header of the record in b, whose shape is s, into h and returns the payload.
// A composite literal would be built elsewhere and copied: this is the hottest place of the package.
func fill(h *trace.EventHeader, b []byte, s *shape) []byte {
	le := binary.LittleEndian
	*h = trace.EventHeader{}
	h.Header, h.PointerSize, h.RawTime, h.Total = s.kind, s.pointer, s.time, s.size
	switch s.kind {
	case trace.HeaderSystem, trace.HeaderCompact:
		h.Version, h.Opcode, h.Group = b[0], b[6], b[7]
		h.TID, h.PID, h.HasThread = le.Uint32(b[8:]), le.Uint32(b[12:]), true
	case trace.HeaderPerfInfo:
		h.Version, h.Opcode, h.Group = b[0], b[6], b[7]
	case trace.HeaderFull, trace.HeaderInstance:
		h.Opcode, h.Level, h.Version = b[4], b[5], b[6]
		h.TID, h.PID, h.HasThread = le.Uint32(b[8:]), le.Uint32(b[12:]), true
		if s.kind == trace.HeaderFull {
			h.Provider = trace.GUID(b[24:40])
		}
	case trace.HeaderEvent:
		return fillEvent(h, b, s)
	case trace.HeaderMessage:
		fillMessage(h, b)
	}
	return b[s.header:s.size:s.size]
}

// fillEvent decodes an EVENT_HEADER and its extended items.
func fillEvent(h *trace.EventHeader, b []byte, s *shape) []byte {
	le := binary.LittleEndian
	h.Flags = le.Uint16(b[4:])
	h.TID, h.PID, h.HasThread = le.Uint32(b[8:]), le.Uint32(b[12:]), true
	h.Provider = trace.GUID(b[24:40])
	h.ID, h.Version, h.Channel, h.Level, h.Opcode = le.Uint16(b[40:]), b[42], b[43], b[44], b[45]
	h.Task, h.Keyword = le.Uint16(b[46:]), le.Uint64(b[48:])
	h.Activity = trace.GUID(b[64:80])
	rest := b[eventHeaderLen:s.size:s.size]
	if h.Flags&1 == 0 { // EVENT_HEADER_FLAG_EXTENDED_INFO
		return rest
	}
	n := extended(h, rest)
	h.Extended = rest[:n:n]
	return rest[n:]
}

// Types of extended items (EVENT_HEADER_EXT_TYPE_*).
const (
	extRelated = 1
	extSchema  = 11
	extTraits  = 12
)

// extended reads the items in b and returns how many bytes they take: u16
// reserved, u16 type, u16 linkage (bit 0: another one follows), u16 size, data, padded to 8 bytes.
func extended(h *trace.EventHeader, b []byte) int {
	le := binary.LittleEndian
	at := 0
	for len(b)-at >= 8 {
		kind, linkage, n := le.Uint16(b[at+2:]), le.Uint16(b[at+4:]), int(le.Uint16(b[at+6:]))
		if n > len(b)-at-8 {
			return at
		}
		item := b[at+8 : at+8+n : at+8+n]
		switch {
		case kind == extRelated && n == 16:
			h.Related = trace.GUID(item)
		case kind == extSchema:
			h.Schema = item
		case kind == extTraits:
			h.Traits = item
		}
		at = min((at+8+n+7)&^7, len(b))
		if linkage&1 == 0 {
			break
		}
	}
	return at
}

// fillMessage decodes a MESSAGE_TRACE_HEADER (WPP).
func fillMessage(h *trace.EventHeader, b []byte) {
	le := binary.LittleEndian
	h.ID, h.Flags = le.Uint16(b[4:]), le.Uint16(b[6:])
	at := messageHeaderLen
	if h.Flags&messageSequence != 0 {
		h.Sequence = le.Uint32(b[at:])
		at += 4
	}
	if h.Flags&messageGUID != 0 {
		h.Provider = trace.GUID(b[at : at+16])
		at += 16
	}
	if h.Flags&messageComponent != 0 {
		at += 4
	}
	if h.Flags&(messageTime|messagePerfTime) != 0 {
		at += 8
	}
	if h.Flags&messageSystemInfo != 0 {
		h.TID, h.PID, h.HasThread = le.Uint32(b[at:]), le.Uint32(b[at+4:]), true
	}
}
