package stream

import (
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// Rules say what ports carry, whatever their usual protocols. The last rule of a port holds.
type Rules struct {
	TCP, UDP []packet.PortRule
}

// A Choice says which protocols connections may carry: those of their ports, then those that their bytes show. It is not changed while it is used.
type Choice struct {
	// Secrets open what is encrypted; nil opens nothing.
	Secrets proto.Secrets
	// Observe, when set, gets each unit that a protocol took in. It is called by one goroutine as long as records are read in order.
	Observe func(*Message)
	// Whole keeps units that tell their length to their last byte, up to 8 MiB, for whoever wants what is in them: see Observe.
	Whole bool
	// Inside says that Observe gets the units of what connections carry, too: see [Message.Depth].
	Inside bool
	// Hear, when set, says who listens to a connection of TCP, or to the datagrams between two endpoints; nil is nobody. It is asked again with
	// each packet until somebody does. The listener gets the bytes of each side once, in the order of their numbers, and those of what the
	// connection carries: see [Heard]. Bytes that come early wait for those before them, up to 1 MiB a side and 8 MiB in all, or until the other side has
	// acknowledged them. At most 4,096 connections are heard at the same time: that which had no packet for longest ends.
	// Records are to be read in order.
	Hear func(*flow.Conversation) func(*Heard)

	ports [1 << 16]uint16 // index of lists by port
	lists [][]*proto.Stream
	rules Rules
	looks [256][]*proto.Stream // recognised on any port, by the first byte of what they may be recognised by
	bare  bool                 // see [ForRequests]
	opens bool                 // see [Choice.Handshakes]
}

// NewChoice is the usual choice, with rules before it.
func NewChoice(rules Rules) *Choice { return choose(rules, all.Streams()) }

// ForRequests is the choice of whoever wants requests and looks at no packet. No layers are added, a message is kept as far as it tells what it is, and a
// connection that does not begin with a protocol is left alone. Protocols that only ask to open a connection are among them when there are keys for what follows.
func ForRequests(rules Rules) *Choice {
	c := choose(rules, all.Streams())
	c.bare = true
	return c
}

// Layers reports whether packets get layers by it: not by that of [ForRequests].
func (c *Choice) Layers() bool { return !c.bare }

// Handshakes makes it a choice of whoever wants to know how connections of TLS were opened, too: see [Applications.Handshakes]. It returns the choice.
func (c *Choice) Handshakes() *Choice {
	c.opens = true
	return c
}

func choose(rules Rules, streams []*proto.Stream) *Choice {
	c := &Choice{lists: [][]*proto.Stream{nil}, rules: rules}
	for _, s := range streams {
		for _, port := range s.Ports {
			if c.ports[port] == 0 {
				c.ports[port] = uint16(len(c.lists))
				c.lists = append(c.lists, nil)
			}
			list := &c.lists[c.ports[port]]
			*list = append(*list, s)
		}
		for first := range c.looks {
			if s.Looks != nil && (s.First == "" || strings.IndexByte(s.First, byte(first)) >= 0) {
				c.looks[first] = append(c.looks[first], s)
			}
		}
	}
	return c
}

// find is the protocol that takes a piece for its own, nil when none does. As
// in Wireshark the lower port is asked before the higher one. A port's protocol
// that does not see its own messages stands back for one that does, as TLS for
// HTTP without encryption on port 443.
func (c *Choice) find(src, dst uint16, piece *proto.Piece, secrets proto.Secrets) (*proto.Stream, proto.Session) {
	low, high := min(src, dst), max(src, dst)
	for _, port := range [2]uint16{low, high} {
		if id, ok := packet.Ruled(c.rules.TCP, port); ok {
			if s := all.Stream(id); s != nil && c.takes(s, secrets) {
				return s, begin(s, secrets)
			}
			return nil, nil
		}
	}
	for _, port := range [2]uint16{low, high} {
		for _, s := range c.lists[c.ports[port]] {
			if !c.takes(s, secrets) {
				continue
			}
			session := begin(s, secrets)
			if session.Extent(piece) == proto.NotThis {
				continue
			}
			if s.Looks != nil && !s.Looks(piece.Data) {
				if sure, of := c.sure(piece.Data, secrets); sure != nil {
					return sure, of
				}
			}
			return s, session
		}
	}
	return c.sure(piece.Data, secrets)
}

// sure is the protocol whose message the bytes begin for sure, nil when there is none.
func (c *Choice) sure(b []byte, secrets proto.Secrets) (*proto.Stream, proto.Session) {
	if len(b) == 0 {
		return nil, nil
	}
	for _, s := range c.looks[b[0]] {
		if c.takes(s, secrets) && s.Looks(b) {
			return s, begin(s, secrets)
		}
	}
	return nil, nil
}

// takes reports whether a protocol is one of the choice: one that only asks to open a connection is none for requests, unless it can be opened.
func (c *Choice) takes(s *proto.Stream, secrets proto.Secrets) bool {
	return !c.bare || !s.Opens || c.opens && s.ID == proto.TLS || unlocks(secrets)
}

// unlocks reports whether connections can be opened with secrets.
func unlocks(secrets proto.Secrets) bool {
	keys, ok := secrets.(proto.Keyring)
	return ok && !keys.Empty()
}

// goOver begins the protocol that follows for sure in a connection that goes over to it; nil when it has none, or none that is looked for.
func (a *Applications) goOver(to proto.ID) (*proto.Stream, proto.Session) {
	s := all.Stream(to)
	if s == nil || !a.choice.takes(s, a.secrets) {
		return nil, nil
	}
	return s, begin(s, a.secrets)
}

// begin begins a connection of a protocol.
func begin(s *proto.Stream, secrets proto.Secrets) proto.Session {
	session := s.New()
	if o, ok := session.(proto.Opener); ok && secrets != nil {
		o.Unlock(secrets)
	}
	return session
}

// Datagrams are the rules for UDP, which [packet.Decoder] follows.
func (c *Choice) Datagrams() []packet.PortRule { return c.rules.UDP }
