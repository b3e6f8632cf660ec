package diag

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
)

// HandshakeOf is how a connection of TLS was opened, nil when it is none, or nobody looked.
func (in *Input) HandshakeOf(c *flow.Conversation) *handshake.Handshake {
	if in.openings == nil {
		in.openings = map[int]*handshake.Handshake{}
		for _, h := range in.Handshakes {
			if in.openings[h.Conv] == nil {
				in.openings[h.Conv] = h
			}
		}
	}
	return in.openings[c.ID]
}

// CutInHandshake reports whether a connection ended while TLS was agreed on, before the server said anything or with an alert: the rules of TLS say why.
func (in *Input) CutInHandshake(c *flow.Conversation) bool {
	h := in.HandshakeOf(c)
	return h != nil && h.Hello && !h.Done && (h.Fatal() != nil || h.Version == 0)
}

// Ending is the moment at which a side ended a connection of TCP first, and which, by its number in Ends. Not seen for one that is open.
func Ending(c *flow.Conversation) (at flow.Moment, side int) {
	t := c.TCP
	if t == nil {
		return at, 0
	}
	if t.RST.Seen() {
		at, side = t.RST, t.RSTBy
	}
	if t.FirstFIN >= 0 {
		if fin := t.Sides[t.FirstFIN].FIN; !at.Seen() || fin.Pos.Number < at.Pos.Number {
			at, side = fin, t.FirstFIN
		}
	}
	return at, side
}

const (
	// leastStuck is how many connections to a server make a pattern: one alone may have lost a segment.
	leastStuck = 2
	// oneSegment is the most that a segment holds where nothing says otherwise: Ethernet without options.
	oneSegment = 1460
	// recordAndMessage are the bytes of a hello before its content: headers of record and message.
	recordAndMessage = 9
)

// LargeHello reports whether a ClientHello needs more segments than one: it came in several, or is longer than what one holds. Where the capture has
// segments that the card cuts, only its length tells.
func LargeHello(h *handshake.Handshake, c *flow.Conversation) bool {
	most := oneSegment
	if t := c.TCP; t != nil {
		if mss := t.Sides[1-h.Client].MSS; mss > 0 {
			most = min(most, mss)
		}
	}
	return h.Size+recordAndMessage > most || h.Cut || h.At[handshake.HelloBegins].Number != h.At[handshake.HelloEnds].Number
}

// stuck reports whether a large hello got no answer, and bytes of it were not acknowledged, were sent again and again, or never came.
func stuck(h *handshake.Handshake, c *flow.Conversation) bool {
	t := c.TCP
	if !h.Hello || h.Version != 0 || h.Fatal() != nil || t == nil || !LargeHello(h, c) || c.Dir[1-h.Client].Payload > 0 {
		return false
	}
	return h.Cut || c.Dir[h.Client].Retransmissions > 0 || t.Undelivered(h.Client) > 0 && !t.RST.Seen()
}

// StuckHello reports whether a connection is one of those of a server whose large ClientHellos do not get through: tls.ch_stuck has them.
func (in *Input) StuckHello(c *flow.Conversation) bool {
	if in.stuckHellos == nil {
		in.stuckHellos = map[int]bool{}
		type service struct {
			source int
			server netip.AddrPort
		}
		found := map[service][]int{}
		for _, h := range in.Handshakes {
			if h.Version != 0 || !h.Hello {
				continue
			}
			if c := in.Conversations.At(h.Conv); stuck(h, c) {
				key := service{c.Source, c.Ends[1-h.Client]}
				found[key] = append(found[key], c.ID)
			}
		}
		for _, list := range found {
			for _, id := range list {
				in.stuckHellos[id] = len(list) >= leastStuck
			}
		}
	}
	return in.stuckHellos[c.ID]
}
