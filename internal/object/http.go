package object

import (
	"fmt"
	"path"
	"strings"

	"github.com/wiretale/wiretale/internal/content"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// Listen hears a connection of which the messages of HTTP are objects. opens says that there are keys.
func (s *Set) Listen(conv *flow.Conversation, opens bool) func(*stream.Heard) {
	c := &connection{set: s, source: conv.Source, conv: conv.ID, open: map[partKey]*message{}}
	messages := content.NewMessages(c.part)
	d := &content.Depth{Opens: opens, To: func(h *stream.Heard) {
		if h.Carrier == proto.UDP {
			return
		}
		c.private = c.private || h.Depth > 0
		messages.Hear(h)
	}}
	return d.Hear
}

// A connection has messages on their way.
type connection struct {
	set     *Set
	source  int
	conv    int
	open    map[partKey]*message
	private bool // it was encrypted
}

type partKey struct {
	dir    int
	stream uint32
}

type message struct {
	file file
	lost int64
	any  bool // there is content
}

// part takes in a part of a message.
func (c *connection) part(p *content.Part) {
	k := partKey{p.Dir, p.Stream}
	m := c.open[k]
	switch p.Kind {
	case content.HeadPart:
		c.open[k] = &message{file: file{set: c.set}}
		return
	case content.BodyPart:
		if m == nil {
			return
		}
		m.any = true
		m.lost += p.Lost
		m.file.write(p.Bytes)
		return
	}
	if delete(c.open, k); m == nil || !m.any {
		return
	}
	o := &Object{Protocol: "http", Source: c.source, Conv: c.conv, Number: p.Mark.Number, Host: p.Head.Host, Type: p.Head.Type, Name: nameOf(p.Head.Target), Lost: m.lost, Why: p.Why}
	if o.Why == "" && m.lost > 0 {
		o.Why = fmt.Sprintf("%d bytes are missing in the capture", m.lost)
	}
	m.file.finish(o, c.private)
}

// nameOf is the last part of what was asked for, as tshark takes it: with its query.
func nameOf(target string) string {
	if target == "" {
		return ""
	}
	if !strings.Contains(target, "/") {
		return target
	}
	return path.Base(target)
}
