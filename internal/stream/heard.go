package stream

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// A HeardKind is what is heard of a connection.
type HeardKind uint8

const (
	HeardOpen  HeardKind = iota + 1 // a segment with SYN; only at depth 0
	HeardBytes                      // bytes of one side, or a datagram
	HeardClose                      // a side sends no more: FIN behind its last byte, close_notify of TLS
	HeardReset                      // a segment with RST came, in whatever order; only at depth 0
	HeardEnd                        // nothing more is heard of this depth
)

// Heard is something that one side of a connection did, in the order of the bytes of that side: see [Choice.Hear].
// It is valid until the listener returns.
//
// Depth 0 is the connection of TCP, or the datagrams of UDP. What it carries, such as what TLS encrypts, is depth 1, and what that
// carries depth 2. The bytes of a depth come behind those of the one outside that have them.
type Heard struct {
	Kind  HeardKind
	Conv  *flow.Conversation
	Dir   int // index of the sender in Conv.Ends
	Depth int
	// Carrier is what carries the bytes: TCP or UDP, at other depths the protocol that was opened. Protocol is what they are found to be,
	// None as long as that is not known, and at depth 0.
	Carrier, Protocol proto.ID
	// Session is that of the carrier, nil at depth 0. At HeardEnd it tells what became of the connection ([proto.Accountant]) and
	// what opened it ([proto.Revealer]), also when nothing was.
	Session proto.Session
	// First and Last are the first and the last record with bytes of the segment, or of the unit of the carrier: a record of TLS.
	First, Last request.Mark
	// Data is what there is of the bytes, and Len how many they are on the wire: more when the capture cut the segment.
	Data []byte
	Len  int
	// Lost is how many bytes of the side are missing before. At other depths those of the carrier are counted, without what it adds, so
	// that they are fewer or none: what matters is that it is not 0.
	Lost int64
	// Packet is the segment, or the datagram; at depth 0, where it brings what is heard, else nil. An early segment is gone when its bytes are heard.
	Packet *packet.Packet
}

// A hearing is what is heard of a connection so far.
type hearing struct {
	conv   *flow.Conversation
	listen func(*Heard)
	sides  [2]heardSide
	ended  bool
	heard  Heard
}

// hears tells the listener.
func (h *hearing) hears(e Heard) {
	if h.ended {
		return
	}
	h.heard, h.heard.Conv = e, h.conv
	h.listen(&h.heard)
}

// carries tells the listener of a piece of what t carries.
func (a *Applications) carries(t *talk, dir int, c *chunk, lost int64, p *proto.Carried) {
	h := t.hearing
	if h == nil || h.ended {
		return
	}
	first := c.began
	if !first.Seen() {
		first = a.mark()
	}
	e := Heard{Kind: HeardBytes, Dir: dir, Depth: t.depth + 1, Carrier: t.inner.carrier, Session: t.session, First: first, Last: a.mark(), Data: c.data, Len: p.Len}
	if t.inner.stream != nil {
		e.Protocol = t.inner.stream.ID
	}
	if p.Gap || c.gap && p.In == 0 {
		if e.Lost = int64(p.Lost); p.Lost == 0 {
			e.Lost = lost
		}
	}
	if p.Len > 0 {
		h.hears(e)
	}
	if p.Last {
		if e.Kind, e.Data, e.Len = HeardClose, nil, 0; p.Len > 0 {
			e.Lost = 0
		}
		h.hears(e)
	}
}

// tellsEnd tells the listener that the session of a talk is over, which carried what it carried.
func (a *Applications) tellsEnd(t *talk) {
	if h := t.hearing; h != nil && t.stream != nil {
		h.hears(Heard{Kind: HeardEnd, Depth: t.depth + 1, Carrier: t.stream.ID, Session: t.session, First: a.mark(), Last: a.mark()})
	}
}
