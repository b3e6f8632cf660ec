package diag

import (
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

const (
	// leastReanswer is the shortest time-out of a stack for a SYN/ACK.
	leastReanswer = 200 * time.Millisecond
	// vainTimes is how often data must have been repeated in vain, and smallData is what passes any path, in bytes.
	vainTimes = 3
	smallData = 536
	// sameFate is how many connections of one service show from afar that it is not what happened to one.
	sameFate = 3
)

// An Unaccepted is a connection that is complete for the client and not for the server: the end of the handshake and data passed here, and the
// server has neither.
type Unaccepted struct {
	Conv *flow.Conversation
	Wait Interval // from the end of the handshake until the server had it, or to the end
	// Again says that the server repeated its SYN/ACK. Else it said nothing more at all, as a server does that answered with a cookie.
	Again bool
}

// Unaccepted are those connections, in order. They are found once a run. What their clients sent was not lost: it is the finding of tcp.accept_overflow alone.
func (in *Input) Unaccepted() []Unaccepted {
	if in.isUnaccepted != nil {
		return in.unaccepted
	}
	in.isUnaccepted = map[*flow.Conversation]bool{}
	type service struct {
		source int
		server netip.AddrPort
	}
	var list []Unaccepted
	fate := map[service]int{}
	for c := range in.Conversations.With(flow.Reanswered | flow.Mute) {
		if u, ok := in.unacceptedOf(c); ok {
			list = append(list, u)
			fate[service{c.Source, c.Ends[1]}]++
		}
	}
	for _, u := range list {
		if c := u.Conv; u.Again || in.NearServer(c) || fate[service{c.Source, c.Ends[1]}] >= sameFate {
			in.unaccepted = append(in.unaccepted, u)
			in.isUnaccepted[c] = true
		}
	}
	return in.unaccepted
}

// IsUnaccepted reports whether a connection is one of those.
func (in *Input) IsUnaccepted(c *flow.Conversation) bool {
	in.Unaccepted()
	return in.isUnaccepted[c]
}

func (in *Input) unacceptedOf(c *flow.Conversation) (u Unaccepted, ok bool) {
	t := c.TCP
	if t == nil || !t.SYN.Seen() || !t.SYNACK.Seen() || !t.HandshakeACK.Seen() || c.Answers() != nil {
		return u, false
	}
	u = Unaccepted{Conv: c, Wait: Interval{From: t.HandshakeACK, Conv: c}}
	if u.Wait.To, _ = Ending(c); !u.Wait.To.Seen() {
		u.Wait.To = c.Last
	}
	again := c.Reanswers()
	switch {
	case again == nil:
		return u, ignored(c)
	case again.Unread == 0 || again.Count < int64(t.SYNs):
		return u, false // data were all that the server waited for (TCP_DEFER_ACCEPT); a repeated SYN has an answer of its own
	case c.Dir[1].Payload > 0:
		u.Wait.To = again.Last
	}
	server, _, _ := t.RTT()
	d, timed := in.Elapsed(t.HandshakeACK, again.Last)
	u.Again = true
	return u, timed && d >= leastReanswer+time.Duration(server)
}

// ignored reports whether a server says nothing behind its SYN/ACK to data that are small enough for any path, and come again and again.
func ignored(c *flow.Conversation) bool {
	t, sent := c.TCP, c.Dir[0].Trouble
	server := &t.Sides[1]
	return t.SYNs == 1 && c.Dir[1].Packets == 1 && c.ICMP == nil && server.AckSent == t.Sides[0].ISN+1 && c.Dir[0].MaxPayload <= smallData &&
		sent != nil && sent.Retry != nil && sent.Retry.Times >= vainTimes && !sent.Retry.Acked.Seen()
}

// NearServer reports whether a connection was captured at its server, or close to it: what is lost on the way from the client does not come here.
func (in *Input) NearServer(c *flow.Conversation) bool {
	v := in.Vantage(c.Source)
	return v.Place != PlaceBetween && slices.ContainsFunc(v.Hosts, func(h *flow.Host) bool { return h.Addr == c.Ends[1].Addr() })
}
