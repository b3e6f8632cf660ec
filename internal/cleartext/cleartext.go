// Package cleartext writes what connections of TLS carried, once keys have opened it.
//
//  1. A first pass tells a [Survey] what connections say ([stream.Choice.Hear], [stream.Choice.Observe]): which of them were opened, where
//     in them clear bytes end and encrypted ones begin, and which secrets opened them.
//  2. A second pass goes to a [Writer], which writes each of them as a connection of TCP that carries the bytes themselves, or to [PDUs],
//     which writes each message alone. What the secrets of some connections are, [Survey.KeyLog] says, for a copy of the capture.
//
// What did not prove to be what its sender sent, by its MAC or tag, is left out, as what is missing.
package cleartext

import (
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/redact"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// A Key names a conversation of a run: Conversation.Source and ID.
type Key struct{ Source, Conv int }

// KeyOf is that of a conversation.
func KeyOf(c *flow.Conversation) Key { return Key{c.Source, c.ID} }

// maxDepth bounds the depths that are told apart, as package stream does.
const maxDepth = 6

// A Survey is what a first pass found out. It is not safe for concurrent use.
type Survey struct {
	convs map[Key]*conversation
	// Talks is how many connections of TCP were heard.
	Talks int
	// Redact says that credentials are looked for: see package redact.
	Redact bool
}

// NewSurvey is a survey of nothing yet.
func NewSurvey() *Survey { return &Survey{convs: map[Key]*conversation{}} }

// A conversation is what is known of one.
type conversation struct {
	opened     int64    // bytes that were encrypted
	protocol   proto.ID // that was found in them, None for none
	agreements []agreement
	secrets    []proto.Secret
	sides      map[place]*side
	redactors  map[place]*redact.Session // of both directions, by that of direction 0
	at         cursor
	clear      [2]clearPart // of the connection itself, up to the first unit that is closed
	crossed    bool         // there was one
	left       bool         // what asked for TLS before it is left out
}

// An agreement is one on keys.
type agreement struct {
	depth int
	frame int64 // that it begins with
	text  string
}

// A place is what one side sends at a depth. The epoch tells apart what follows one another there.
type place struct{ dir, depth, epoch int }

// A side is what is known of what was sent at a place.
type side struct {
	turns []turn
	edits edits
}

// A turn says that units from a place on are closed, or clear again.
type turn struct {
	at     int64
	closed bool
}

// conv is what is known of a conversation, nil for nothing.
func (s *Survey) conv(k Key) *conversation { return s.convs[k] }

// Opened reports whether something of a conversation was opened.
func (s *Survey) Opened(k Key) bool { return s.convs[k] != nil && s.convs[k].opened > 0 }

// Hear listens to a conversation.
func (s *Survey) Hear(c *flow.Conversation) func(*stream.Heard) {
	if c.Proto != proto.TCP {
		return nil
	}
	s.Talks++
	return s.heard
}

func (s *Survey) heard(e *stream.Heard) {
	k := KeyOf(e.Conv)
	c := s.convs[k]
	if c == nil {
		if e.Kind == stream.HeardEnd {
			return
		}
		c = &conversation{sides: map[place]*side{}}
		s.convs[k] = c
	}
	at := c.at.hear(e)
	switch {
	case e.Kind == stream.HeardBytes && e.Depth == 0 && !c.crossed:
		c.clear[e.Dir].hear(at, e)
	case e.Kind == stream.HeardBytes && e.Depth > 0 && e.Carrier == proto.TLS:
		c.opened += int64(len(e.Data))
		if e.Protocol != proto.None && e.Protocol != proto.TLS && e.Protocol != proto.Data {
			c.protocol = e.Protocol
		}
	case e.Kind == stream.HeardEnd && e.Depth > 0:
		c.ended(e)
	case e.Kind == stream.HeardEnd && c.opened == 0 && len(c.secrets) == 0:
		delete(s.convs, k)
	}
}

// ended takes in what a session says at its end.
func (c *conversation) ended(e *stream.Heard) {
	if a, ok := e.Session.(proto.Accountant); ok {
		for _, account := range a.Accounts() {
			if account.Opened == 0 || account.Suite == "" {
				continue
			}
			text := account.Version + ", " + account.Suite
			if account.Version == "" {
				text = account.Suite
			}
			c.agreements = append(c.agreements, agreement{e.Depth, account.Frame, text})
		}
	}
	if r, ok := e.Session.(proto.Revealer); ok {
		for _, secret := range r.Secrets() {
			c.secrets = append(c.secrets, proto.Secret{Kind: secret.Kind, Of: slices.Clone(secret.Of), Value: slices.Clone(secret.Value)})
		}
	}
}

// agreed says with what the record of a frame was encrypted.
func (c *conversation) agreed(depth int, frame int64) (text string) {
	for _, a := range c.agreements {
		if a.depth == depth && (a.frame <= frame || text == "") {
			text = a.text
		}
	}
	return text
}

// Observe takes in a unit of a protocol, of any depth.
func (s *Survey) Observe(m *stream.Message) {
	c := s.convs[Key{m.Source, m.Conv}]
	if c == nil || m.Depth > maxDepth {
		return
	}
	at, ok := c.at.of(m)
	if !ok {
		return
	}
	p := c.at.place(m.Dir, m.Depth)
	d := c.sides[p]
	if d == nil {
		d = &side{}
		c.sides[p] = d
	}
	closed := len(m.Carried) > 0
	for i := range m.Layers {
		closed = closed || m.Layers[i].ID == proto.TLS
	}
	if closed && m.Depth == 0 && !c.crossed {
		c.cross(m.Dir, at)
	}
	if n := len(d.turns); closed && n == 0 || n > 0 && d.turns[n-1].closed != closed && at > d.turns[n-1].at {
		d.turns = append(d.turns, turn{at, closed})
	}
	if s.Redact && !closed {
		d.edits.unit(c.redactor(m.Depth), m, at)
	}
}

// KeyLog is a key log of the secrets of the conversations of a choice, in the order of their numbers, and how many conversations have some.
func (s *Survey) KeyLog(chosen func(Key) bool) (text []byte, conversations int) {
	keys := make([]Key, 0, len(s.convs))
	for k := range s.convs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, Key.compare)
	seen := map[string]bool{}
	for _, k := range keys {
		if !chosen(k) || len(s.convs[k].secrets) == 0 {
			continue
		}
		conversations++
		for _, secret := range s.convs[k].secrets {
			line := fmt.Sprintf("%s %x %x\n", secret.Kind, secret.Of, secret.Value)
			if !seen[line] {
				seen[line] = true
				text = append(text, line...)
			}
		}
	}
	return text, conversations
}

func (k Key) compare(l Key) int {
	if k.Source != l.Source {
		return k.Source - l.Source
	}
	return k.Conv - l.Conv
}

// A cursor follows where in a conversation its listener is. Both passes have one, and hear the same.
type cursor struct {
	base  [2]uint32 // number of offset 0 at depth 0
	based [2]bool
	next  [maxDepth + 1][2]int64 // offset of the next byte that is heard
	epoch [maxDepth + 1]int
}

// hear moves on. It returns the offset of the bytes that were heard.
func (c *cursor) hear(e *stream.Heard) (at int64) {
	if e.Depth > maxDepth {
		return 0
	}
	switch e.Kind {
	case stream.HeardOpen:
		if c.next[0][e.Dir] == 0 {
			c.base[e.Dir], c.based[e.Dir] = e.Packet.TCP.Seq+1, true
		}
	case stream.HeardBytes:
		if e.Depth == 0 && !c.based[e.Dir] && e.Packet != nil {
			c.base[e.Dir], c.based[e.Dir] = e.Packet.TCP.Seq, true
		}
		n := &c.next[e.Depth][e.Dir]
		if e.Depth == 0 {
			*n += e.Lost
		}
		at = *n
		*n += int64(e.Len)
	case stream.HeardEnd:
		if e.Depth > 0 {
			c.epoch[e.Depth]++
			c.next[e.Depth] = [2]int64{}
		}
	}
	return at
}

// of is the offset of a unit; false for one of which it is not known.
func (c *cursor) of(m *stream.Message) (at int64, ok bool) {
	if m.Depth > 0 {
		return m.At, true
	}
	next := c.next[0][m.Dir]
	return next + int64(int32(m.Seq-c.base[m.Dir]-uint32(next))), c.based[m.Dir]
}

func (c *cursor) place(dir, depth int) place { return place{dir, depth, c.epoch[depth]} }

// All are the conversations of which something was opened, or that have secrets, in the order of their numbers.
func (s *Survey) All() (keys []Key) {
	for k, c := range s.convs {
		if c.opened > 0 || len(c.secrets) > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, Key.compare)
	return keys
}

// Done is for the end of the first pass.
func (s *Survey) Done() {
	for _, c := range s.convs {
		for _, d := range c.sides {
			d.edits.done()
		}
		c.redactors = nil
	}
}
