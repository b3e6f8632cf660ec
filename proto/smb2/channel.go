package smb2

import (
	"crypto/sha512"
	"encoding/binary"

	"github.com/wiretale/wiretale/proto"
)

// Kinds of secrets that are asked for, each of a session by the 8 bytes of its id on the wire.
const (
	SecretSession  = "SMB2_SESSION_KEY" // of 16 bytes, or 32 where Kerberos gives them
	SecretRequests = "SMB2_C2S_KEY"     // decrypts what the client sends
	SecretAnswers  = "SMB2_S2C_KEY"     // decrypts what the server sends
)

// A hash is that of the messages before a session is there, which dialect 3.1.1 derives keys from ([MS-SMB2] 3.1.1.1).
type hash = [sha512.Size]byte

// A Channel is what one connection knows of keys: what it negotiated, and the sessions that were set up over it.
type Channel struct {
	secrets  proto.Secrets
	dialect  uint16 // 0 until it is known
	cipher   uint16 // of 3.1.1, 0 when none was negotiated or that was not seen
	signing  uint16
	hash     hash
	hashed   bool             // the hash is that of both messages of the negotiation
	setups   map[uint64]setup // by MessageId: requests without an answer
	sessions map[uint64]*keys // by SessionId
	turned   bool             // direction 1 is the client's: the server spoke first
	last     uint64           // session of the last message: a related one may leave its own out
}

// A setup is what a session's set-up has come to.
type setup struct {
	hash    hash
	hashed  bool
	binding bool // a session that another connection has
}

// maxSessions bounds the sessions of a connection, and the set-ups that wait for an answer.
const maxSessions = 1024

// NewChannel begins a connection. Without secrets it learns nothing and opens nothing.
func NewChannel(s proto.Secrets) *Channel {
	return &Channel{secrets: s, setups: map[uint64]setup{}, sessions: map[uint64]*keys{}}
}

// Learn takes in a message of the negotiation or of a session's set-up, and
// ignores any other. whole says that b has all of it. Steps of [MS-SMB2] 3.2.5.2 and 3.2.5.3:
// (1) the hash begins with zeros and takes in each message: SHA-512 of the hash before and the message
// (2) both messages of the negotiation, then all of a set-up up to the request that succeeds
func (c *Channel) Learn(dir int, m *Message, whole bool) {
	if c.secrets == nil {
		return
	}
	switch m.Command {
	case Negotiate:
		c.negotiate(m, whole)
	case SessionSetup:
		c.setup(m, whole)
	default:
		return
	}
	c.turned = (dir == 1) != m.Response()
}

func (c *Channel) negotiate(m *Message, whole bool) {
	if !m.Response() {
		c.hash, c.hashed = hash{}, false
		c.dialect, c.cipher, c.signing = 0, 0, signedByCMAC
		if whole {
			c.hash, c.hashed = next(&hash{}, m.Bytes), true
		}
		return
	}
	const anyDialect = 0x02ff // another negotiation follows
	if dialect := m.u16(4); !m.Failed() && dialect != anyDialect {
		c.dialect = dialect
	}
	c.contexts(m.Bytes)
	if c.hashed = c.hashed && whole; c.hashed {
		c.hash = next(&c.hash, m.Bytes)
	}
}

// contexts reads what the server chose.
func (c *Channel) contexts(b []byte) {
	contexts(b, func(at, n int) bool {
		if n < 8+4 { // a count and one number
			return true
		}
		choice := binary.LittleEndian.Uint16(b[at+10:])
		switch e := b[at : at+n]; {
		case context(encryption)(e):
			c.cipher = choice
		case context(signing)(e):
			c.signing = choice
		}
		return true
	})
}

// next is the hash when a message has been taken in.
func next(h *hash, message []byte) (out hash) {
	sum := sha512.New()
	sum.Write(h[:])
	sum.Write(message)
	sum.Sum(out[:0])
	return out
}

func (c *Channel) setup(m *Message, whole bool) {
	if !m.Response() {
		c.ask(m, whole)
		return
	}
	s, asked := c.setups[m.ID]
	delete(c.setups, m.ID)
	k := c.sessions[m.Session]
	switch {
	case k != nil && k.set: // authenticated again: the keys stay
	case m.Status == statusMoreProcessing:
		s.hashed = s.hashed && asked && whole
		if s.hashed {
			s.hash = next(&s.hash, m.Bytes)
		}
		c.keep(m.Session, &keys{setup: s})
	case m.Status == 0:
		c.keep(m.Session, &keys{setup: s, set: true})
	default:
		delete(c.sessions, m.Session)
	}
}

// ask is for a request: the first one of a session has no id yet and goes on from the negotiation.
func (c *Channel) ask(m *Message, whole bool) {
	s := setup{hash: c.hash, hashed: c.hashed}
	if k := c.sessions[m.Session]; k != nil && !k.set {
		s = k.setup
	}
	const binding = 1
	if b := m.Body(); len(b) > 2 && b[2]&binding != 0 {
		s.binding = true
	}
	if s.hashed = s.hashed && whole; s.hashed {
		s.hash = next(&s.hash, m.Bytes)
	}
	if len(c.setups) >= maxSessions {
		clear(c.setups)
	}
	c.setups[m.ID] = s
}

func (c *Channel) keep(session uint64, k *keys) {
	if len(c.sessions) >= maxSessions {
		clear(c.sessions)
	}
	c.sessions[session] = k
}
