// Package dns decodes messages of the Domain Name System (RFC 1035, 4), of
// multicast DNS (RFC 6762) and of LLMNR (RFC 4795), which share the format.
// Numbers are big-endian. Over TCP two bytes of length stand before each
// message (RFC 1035, 4.2.2).
package dns

import "encoding/binary"

// HeaderLen is the length of the fixed header of a message in bytes.
const HeaderLen = 12

// A Message is the header of a message, and the bytes that its records lie in.
type Message struct {
	ID, Flags uint16
	// Count is how many questions, answers, authority and additional records
	// the header announces; fewer may follow.
	Count [4]uint16
	// Bytes is the message from its header to the end of what was captured. It aliases what Decode got.
	Bytes []byte
}

// Decode reads the header of the message b. It reports whether there is a whole one; m is unchanged otherwise.
func (m *Message) Decode(b []byte) bool {
	if len(b) < HeaderLen {
		return false
	}
	m.ID, m.Flags = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	for i := range m.Count {
		m.Count[i] = binary.BigEndian.Uint16(b[4+2*i:])
	}
	m.Bytes = b
	return true
}

// Response reports whether the message is a response.
func (m *Message) Response() bool { return m.Flags&0x8000 != 0 }

// Opcode is the kind of query: 0 for a standard one.
func (m *Message) Opcode() uint8 { return uint8(m.Flags >> 11 & 15) }

// RCode is the lower four bits of the response code.
func (m *Message) RCode() uint8 { return uint8(m.Flags & 15) }

// A Section is a part of a message.
type Section uint8

const (
	Question Section = iota
	Answer
	Authority
	Additional
)

// A Record is a question or a resource record. Offsets count from the start of the message.
type Record struct {
	Section Section
	Off     int // of the owner name
	Type    uint16
	Class   uint16
	Fixed   int    // offset of the type, right behind the name
	TTL     uint32 // 0 for a question
	Data    int    // offset of the data
	DataLen int    // bytes of data that were captured
	Said    int    // bytes of data that the record announces
}

// Records walks the records of a message in order. The zero value with a
// message is at the first question.
type Records struct {
	Message *Message
	off     int
	section Section
	done    uint16 // records of the section that were read
	bad     bool
}

// Bad reports whether the walk ended before the number of records that the header announces.
func (w *Records) Bad() bool { return w.bad }

// Next reads the next record into r. It reports false at the end, and where
// the message ends inside the fixed part of a record.
func (w *Records) Next(r *Record) bool {
	if w.bad {
		return false
	}
	for w.done == w.Message.Count[w.section] {
		if w.section == Additional {
			return false
		}
		w.section, w.done = w.section+1, 0
	}
	w.done++
	b := w.Message.Bytes
	off := max(w.off, HeaderLen)
	n := NameLen(b, off)
	fixed := off + n
	need := 10
	if w.section == Question {
		need = 4
	}
	if n == 0 || fixed+need > len(b) {
		w.bad = true
		return false
	}
	*r = Record{Section: w.section, Off: off, Fixed: fixed, Type: binary.BigEndian.Uint16(b[fixed:]), Class: binary.BigEndian.Uint16(b[fixed+2:]), Data: fixed + need}
	w.off = r.Data
	if w.section == Question {
		return true
	}
	r.TTL = binary.BigEndian.Uint32(b[fixed+4:])
	r.Said = int(binary.BigEndian.Uint16(b[fixed+8:]))
	r.DataLen = min(r.Said, len(b)-r.Data)
	w.off += r.Said
	w.bad = r.DataLen < r.Said
	return true
}

// StreamLen is the length in bytes of the next message of a TCP stream that b
// begins with, its two bytes of length included; 0 when b is too short to tell.
func StreamLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	return 2 + int(binary.BigEndian.Uint16(b))
}
