// Package dcerpc decodes the connection-oriented protocol of DCE/RPC (DCE 1.1:
// Remote Procedure Call, C706, 12.6; [MS-RPCE] 2.2.2): in connections of TCP
// here, and wherever else its units come in order, as in the pipes of SMB.
// What procedures are called with is not taken apart.
//
// The byte order is that of the sender, as the header says.
package dcerpc

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
)

// HeaderLen is the length in bytes of the header that all units have.
const HeaderLen = 16

// CallLen is the length in bytes of a request without an object, and of a response, that bring nothing.
const CallLen = 24

// Types of units, C706, 12.6.4.
const (
	Request      = 0
	Response     = 2
	Fault        = 3
	Bind         = 11
	BindAck      = 12
	BindNak      = 13
	Alter        = 14
	AlterAnswer  = 15
	Auth3        = 16
	Shutdown     = 17
	Cancel       = 18
	Orphaned     = 19
	lastType     = Orphaned
	flagFirst    = 0x01
	flagLast     = 0x02
	flagObject   = 0x80
	littleEndian = 0x10
)

// connected are the types of the connection-oriented protocol.
var connected = [lastType + 1]bool{
	Request: true, Response: true, Fault: true, Bind: true, BindAck: true, BindNak: true, Alter: true, AlterAnswer: true,
	Auth3: true, Shutdown: true, Cancel: true, Orphaned: true,
}

// Is reports whether b begins with the header of a unit, of which the first bytes are enough to tell that it is none.
func Is(b []byte) bool {
	for i, c := range b[:min(len(b), HeaderLen)] {
		switch i {
		case 0:
			if c != 5 {
				return false
			}
		case 1:
			if c > 1 {
				return false
			}
		case 2:
			if c > lastType || !connected[c] {
				return false
			}
		case 4:
			if c&^0x11 != 0 {
				return false
			}
		case 5:
			if c > 3 {
				return false
			}
		case 6, 7:
			if c != 0 {
				return false
			}
		}
	}
	return len(b) < HeaderLen || length(b) >= HeaderLen && authLen(b) < length(b)
}

// order is the byte order of a unit.
func order(b []byte) binary.ByteOrder {
	if len(b) > 4 && b[4]&littleEndian == 0 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Extent is the length in bytes of the unit that b begins with, 0 when b has no whole header of one.
func Extent(b []byte) int {
	if len(b) < HeaderLen || !Is(b) {
		return 0
	}
	return length(b)
}

func length(b []byte) int  { return int(order(b).Uint16(b[8:])) }
func authLen(b []byte) int { return int(order(b).Uint16(b[10:])) }

// A UUID is one of 16 bytes, the first three numbers little-endian.
type UUID [16]byte

// uuid reads one in the byte order of the unit; b has 16 bytes.
func uuid(b []byte, o binary.ByteOrder) (u UUID) {
	binary.LittleEndian.PutUint32(u[:], o.Uint32(b))
	binary.LittleEndian.PutUint16(u[4:], o.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(u[6:], o.Uint16(b[6:]))
	copy(u[8:], b[8:16])
	return u
}

// A Unit is the header of a unit and what its type adds. It has no more than was captured.
type Unit struct {
	Type, Flags byte
	Call        uint32
	Context     uint16 // of a request, response or fault
	Operation   uint16 // of a request
	Status      uint32 // of a fault
	Reason      uint16 // of a Bind_nak
}

// First and Last report whether the unit begins or ends its message.
func (u *Unit) First() bool { return u.Flags&flagFirst != 0 }

// Last is that of First.
func (u *Unit) Last() bool { return u.Flags&flagLast != 0 }

// Decode reads a unit. It reports whether there is a whole header.
func (u *Unit) Decode(b []byte) bool {
	if len(b) < HeaderLen || !Is(b) {
		return false
	}
	o := order(b)
	*u = Unit{Type: b[2], Flags: b[3], Call: o.Uint32(b[12:])}
	switch u.Type {
	case Request, Response, Fault:
		if len(b) >= 24 {
			u.Context = o.Uint16(b[20:])
			u.Operation = o.Uint16(b[22:])
		}
		if u.Type == Fault && len(b) >= 28 {
			u.Status = o.Uint32(b[24:])
		}
	case BindNak:
		if len(b) >= 18 {
			u.Reason = o.Uint16(b[16:])
		}
	}
	return true
}

// A Context is what a Bind or an Alter_context offers: an interface, and the syntaxes that its data may have.
type Context struct {
	Off, Len int // in the unit
	ID       uint16
	Syntax   Syntax
	first    int // offset of the first transfer syntax
	n        int // how many there are
}

// A Syntax is a UUID with a version, whose lower half is the major one.
type Syntax struct {
	UUID    UUID
	Version uint32
}

// Major and Minor are the parts of the version.
func (s *Syntax) Major() uint16 { return uint16(s.Version) }

// Minor is that of Major.
func (s *Syntax) Minor() uint16 { return uint16(s.Version >> 16) }

const (
	syntaxLen  = 20
	contextsAt = 28
	resultLen  = 24
)

func syntax(b []byte, o binary.ByteOrder) Syntax {
	return Syntax{uuid(b, o), uint32(o.Uint16(b[16:])) | uint32(o.Uint16(b[18:]))<<16}
}

// Contexts walks the contexts of a Bind or an Alter_context that are there whole.
func Contexts(b []byte, yield func(c *Context) bool) {
	if len(b) < contextsAt || b[2] != Bind && b[2] != Alter {
		return
	}
	o := order(b)
	at := contextsAt
	for range b[24] {
		if at+4+syntaxLen > len(b) {
			return
		}
		c := Context{Off: at, ID: o.Uint16(b[at:]), Syntax: syntax(b[at+4:], o), first: at + 4 + syntaxLen, n: int(b[at+2])}
		if at = c.first + syntaxLen*c.n; at > len(b) {
			return
		}
		if c.Len = at - c.Off; !yield(&c) {
			return
		}
	}
}

// Transfers walks the offsets of the transfer syntaxes of a context.
func (c *Context) transfers(yield func(off int) bool) {
	for i := range c.n {
		if !yield(c.first + syntaxLen*i) {
			return
		}
	}
}

// Results walks the offsets of the results of a Bind_ack or an Alter_context_resp.
func results(b []byte, yield func(off int) bool) {
	at, n := resultsAt(b)
	for range n {
		if at+resultLen > len(b) || !yield(at) {
			return
		}
		at += resultLen
	}
}

// resultsAt is where the results begin, behind the address, and how many there are.
func resultsAt(b []byte) (at, n int) {
	if len(b) < 26 || b[2] != BindAck && b[2] != AlterAnswer {
		return 0, 0
	}
	at = 26 + int(order(b).Uint16(b[24:]))
	at += (4 - at%4) % 4
	if at+4 > len(b) {
		return 0, 0
	}
	return at + 4, int(b[at])
}

// Results of a context: negotiateAck answers a negotiation of features.
const (
	Acceptance   = 0
	negotiateAck = 3
)

// Results are the results of a Bind_ack or an Alter_context_resp, as there are any.
func Results(b []byte) (all []uint16) {
	results(b, func(off int) bool {
		all = append(all, order(b).Uint16(b[off:]))
		return true
	})
	return all
}

// Sizes are the longest units that a side sends and takes, in bytes, as a Bind and its answer say.
func Sizes(b []byte) (send, take uint16) {
	if len(b) < 20 {
		return 0, 0
	}
	return order(b).Uint16(b[16:]), order(b).Uint16(b[18:])
}

// What a note says of a unit: the UUID of its interface in two numbers, and the version and the number of the operation, each one more than it is.
const (
	noteUUID      = 0
	noteVersion   = 2
	noteOperation = 3
)

// Of is the interface that a call is to, and its operation, as the note of its unit has it; -1 for an operation that is not known.
func Of(note *field.Note) (s Syntax, operation int, ok bool) {
	binary.LittleEndian.PutUint64(s.UUID[:], note[noteUUID])
	binary.LittleEndian.PutUint64(s.UUID[8:], note[noteUUID+1])
	s.Version = uint32(note[noteVersion] - 1)
	return s, int(note[noteOperation]) - 1, note[noteVersion] != 0
}
