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

// Header types: byte 2 of a record's first word.
var headerTypes = [...]struct {
	kind    trace.HeaderType
	pointer uint8
	length  int
}{
	0x01: {trace.HeaderSystem, 4, systemHeaderLen}, 0x02: {trace.HeaderSystem, 8, systemHeaderLen},
	0x03: {trace.HeaderCompact, 4, compactHeaderLen}, 0x04: {trace.HeaderCompact, 8, compactHeaderLen},
	0x0a: {trace.HeaderFull, 4, fullHeaderLen}, 0x14: {trace.HeaderFull, 8, fullHeaderLen},
	0x0b: {trace.HeaderInstance, 4, instanceHeaderLen}, 0x15: {trace.HeaderInstance, 8, instanceHeaderLen},
	0x10: {trace.HeaderPerfInfo, 4, perfInfoHeaderLen}, 0x11: {trace.HeaderPerfInfo, 8, perfInfoHeaderLen},
	0x12: {trace.HeaderEvent, 4, eventHeaderLen}, 0x13: {trace.HeaderEvent, 8, eventHeaderLen},
}

// shape is the start of a record: enough to skip it.
type shape struct {
	kind    trace.HeaderType
	pointer uint8
	header  int   // bytes of header
	size    int   // bytes of header and payload, without padding
	time    int64 // as written
	timed   bool
}

// look reads the shape of the record at the start of b. end is true at the
// end of a buffer's records; bad says what is wrong, "" for a good record.
func look(b []byte) (s shape, end bool, bad string) {
	if len(b) < 8 {
		return s, true, ""
	}
	word := binary.LittleEndian.Uint32(b)
	if word == 0 || word == 0xffffffff {
		return s, true, ""
	}
	if word>>24 == 0x90 {
		return lookMessage(b)
	}
	kind := int(word >> 16 & 0xff)
	if word>>24 != 0xc0 || kind >= len(headerTypes) || headerTypes[kind].length == 0 {
		return s, false, "header type unknown"
	}
	t := &headerTypes[kind]
	s = shape{kind: t.kind, pointer: t.pointer, header: t.length, timed: true}
	timeAt := 16
	switch t.kind {
	case trace.HeaderSystem, trace.HeaderCompact:
		s.size = int(binary.LittleEndian.Uint16(b[4:]))
	case trace.HeaderPerfInfo:
		s.size = int(binary.LittleEndian.Uint16(b[4:]))
		timeAt = 8
		// The upper byte of the version counts counters (bits 0 to 2) and flags a PEBS index (bit 7), 8 bytes each.
		extra := int(b[1] & 7)
		if b[1]&0x80 != 0 {
			extra++
		}
		s.header += 8 * extra
	default:
		s.size = int(binary.LittleEndian.Uint16(b))
	}
	if s.size < s.header || s.size > len(b) {
		return s, false, "record size does not fit"
	}
	s.time = int64(binary.LittleEndian.Uint64(b[timeAt:]))
	return s, false, ""
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

func lookMessage(b []byte) (s shape, end bool, bad string) {
	s = shape{kind: trace.HeaderMessage, pointer: 8, header: messageHeaderLen, size: int(binary.LittleEndian.Uint16(b))}
	flags := binary.LittleEndian.Uint16(b[6:])
	if flags&messagePointer32 != 0 {
		s.pointer = 4
	}
	timeAt := 0
	if flags&messageSequence != 0 {
		s.header += 4
	}
	if flags&messageGUID != 0 {
		s.header += 16
	}
	if flags&messageComponent != 0 {
		s.header += 4
	}
	if flags&(messageTime|messagePerfTime) != 0 {
		timeAt = s.header
		s.header += 8
	}
	if flags&messageSystemInfo != 0 {
		s.header += 8
	}
	if s.size < s.header || s.size > len(b) {
		return s, false, "record size does not fit"
	}
	if timeAt > 0 {
		s.time, s.timed = int64(binary.LittleEndian.Uint64(b[timeAt:])), true
	}
	return s, false, ""
}

// fill decodes the header of the record in b, whose shape is s, into h and returns the payload.
func fill(h *trace.EventHeader, b []byte, s shape) []byte {
	le := binary.LittleEndian
	*h = trace.EventHeader{Header: s.kind, PointerSize: s.pointer, RawTime: s.time, Total: s.size}
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
func fillEvent(h *trace.EventHeader, b []byte, s shape) []byte {
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
