package stream

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// strangers are connections that no protocol takes for its own. They are
// remembered by a part of their number; another one takes the place.
type strangers [1 << strangerBits]stranger

const (
	strangerBits = 10
	// maxMissed is how many segments with data a protocol may begin behind: text before a greeting, the rest of a message.
	maxMissed = 8
)

type stranger struct {
	conv   uint32
	missed uint16
	sides  uint8    // bit 0: the side that opened the connection was missed, bit 1: the other one
	len    uint8    // of head
	head   [32]byte // the first bytes of the first segment that was missed
}

func (s *strangers) of(conv int) *stranger { return &s[conv&(1<<strangerBits-1)] }

// has reports whether the connection was looked at often enough.
func (s *strangers) has(conv int) bool {
	at := s.of(conv)
	return at.missed >= maxMissed && at.conv == uint32(conv)
}

// missed notes that a segment of the connection began with no message.
func (s *strangers) missed(conv int, payload []byte, opener bool) {
	at := s.of(conv)
	if at.conv != uint32(conv) {
		*at = stranger{conv: uint32(conv)}
	}
	if at.missed == 0 {
		at.len = uint8(copy(at.head[:], payload))
	}
	if at.missed++; opener {
		at.sides |= 1
	} else {
		at.sides |= 2
	}
}

// leave leaves a connection alone.
func (s *strangers) leave(conv int) { *s.of(conv) = stranger{conv: uint32(conv), missed: maxMissed} }

// greeting is what the side that was connected to said before the other said anything; nil without that.
func (s *strangers) greeting(conv int) []byte {
	at := s.of(conv)
	if at.conv != uint32(conv) || at.missed == 0 || at.sides != 2 {
		return nil
	}
	return at.head[:at.len]
}

// Wants reports whether Add does something with a segment of TCP: others need not be decoded for it.
func (a *Applications) Wants(conv, payload int, flags tcp.Flags) bool {
	switch {
	case a.choice.bare && (a.handed >= maxBare || a.strangers.has(conv)):
		return false
	case payload > 0:
		return true
	}
	return flags&tcp.RST != 0 || flags&tcp.FIN != 0 && a.find(conv) != nil
}

// Meets reports whether Add does something with a segment of TCP that carries a payload and ends nothing: its connection is followed, or the payload begins
// a protocol. It is for choices of whoever looks at packets.
func (a *Applications) Meets(conv int, src, dst uint16, payload []byte) bool {
	if a.choice.Hear != nil || a.find(conv) != nil {
		return true
	}
	a.piece = proto.Piece{Data: payload, Len: len(payload)}
	of, _ := a.choice.find(src, dst, &a.piece, a.secrets)
	return of != nil
}
