package ldap

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds messages in connections of TCP, on the ports that Wireshark takes for LDAP and the global catalog.
var Stream = proto.Stream{ID: proto.LDAP, Ports: []uint16{389, 3268}, New: func() proto.Session { return &session{} }}

// noteResults is what a note says of a layer: how many entries the search had whose result is the last in it.
const noteResults = 0

// maxOpen bounds the operations without a result that are remembered; the oldest is given up.
const maxOpen = 64

// An operation waits for its result.
type operation struct {
	id       uint32
	entries  uint64
	startTLS bool
}

type session struct{ open []operation }

// Extent is one message, or one buffer of SASL.
func (*session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	if len(b) == 0 {
		if p.Len > 0 { // not captured
			return proto.NotThis
		}
		return proto.More
	}
	n := 0
	switch {
	case b[0] == ber.SequenceTag && begins(b):
		n = ber.Size(b)
	case b[0] == 0 && len(b) < saslHead:
	case b[0] == 0 && sasl(b) && (!p.Gap || len(b) >= saslHead+2):
		n = saslHead + int(binary.BigEndian.Uint32(b))
	default:
		return proto.NotThis
	}
	if n == 0 && len(b) < p.Len {
		return proto.Extent(p.Len)
	}
	return proto.Extent(n)
}

// sasl reports whether b begins a buffer of SASL whose token is of a mechanism that is known, as far as it goes.
func sasl(b []byte) bool {
	if binary.BigEndian.Uint32(b) <= gssWrapped {
		return false
	}
	token := b[saslHead:]
	return len(token) < 2 || token[0] == 5 && token[1] == 4 || token[0] == gssHead || token[0] == 1 && token[1] == 0
}

// oidStartTLS is the extended operation after which the connection goes on with TLS (RFC 4511, 4.14).
const oidStartTLS = "1.3.6.1.4.1.1466.20037"

func (s *session) Unit(u *proto.Unit) {
	l := proto.UnitLayer{ID: proto.LDAP, Len: u.Len}
	var m Message
	Messages(u.Data, func(off, n int) bool {
		if m.Decode(u.Data, off, off+n) {
			s.message(&m, u, &l.Note)
			u.Turns = turns(u.Turns, &m, n)
		}
		return true
	})
	u.Layers = append(u.Layers, l)
}

// message follows an operation from its request to its result.
func (s *session) message(m *Message, u *proto.Unit, note *field.Note) {
	switch i := s.find(m.ID); {
	case asks(m.Op):
		if len(s.open) == maxOpen {
			s.open = append(s.open[:0], s.open[1:]...)
		}
		s.open = append(s.open, operation{id: m.ID, startTLS: m.Op == ExtendedRequest && string(m.Name) == oidStartTLS})
	case i < 0:
	case m.Op == SearchResultEntry:
		s.open[i].entries++
	case m.Done:
		note[noteResults] = s.open[i].entries
		if s.open[i].startTLS && m.Result == success {
			u.Over, u.OverTo = &proto.UnitLayer{}, proto.TLS
		}
		s.open = append(s.open[:i], s.open[i+1:]...)
	}
}

// find is the latest open operation with this id, -1 when there is none.
func (s *session) find(id uint32) int {
	for i := len(s.open) - 1; i >= 0; i-- {
		if s.open[i].id == id {
			return i
		}
	}
	return -1
}

// Entries is how many entries the search had whose result is in the layer, as its note has it.
func Entries(note *field.Note) uint64 { return note[noteResults] }

func saslLength(b []byte, yield func(field.Span, field.Value) bool) {
	if Wrapped(b) {
		yield(field.Span{Len: saslHead}, field.U(uint64(binary.BigEndian.Uint32(b))))
	}
}

// sealed is a payload that cannot be read.
func sealed(b []byte, yield func(field.Span, field.Value) bool) {
	if off, n := Sealed(b); n > 0 {
		yield(field.Span{Off: off, Len: n}, field.Value{Type: field.Bytes, B: b[off : off+n]})
	}
}

// Sealed finds what a buffer of SASL hides; no bytes for one that can be read.
func Sealed(b []byte) (off, n int) {
	if !Wrapped(b) {
		return 0, 0
	}
	if at, end, readable := Unwrap(b); !readable && end > at {
		return at, end - at
	}
	return 0, 0
}
