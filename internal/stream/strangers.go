package stream

import "github.com/wiretale/wiretale/proto/tcp"

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
	missed uint32
}

func (s *strangers) of(conv int) *stranger { return &s[conv&(1<<strangerBits-1)] }

// has reports whether the connection was looked at often enough.
func (s *strangers) has(conv int) bool {
	at := s.of(conv)
	return at.missed >= maxMissed && at.conv == uint32(conv)
}

// missed notes that a segment of the connection began with no message.
func (s *strangers) missed(conv int) {
	at := s.of(conv)
	if at.conv != uint32(conv) {
		*at = stranger{conv: uint32(conv)}
	}
	at.missed++
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
