package diag

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ssrp"
)

// A Directed is an answer that sent a client to a port, where it could not connect.
type Directed struct {
	Talk   *Talk
	Answer *request.Request
}

// afterAnswer is how soon after the answer a client connects.
const afterAnswer = time.Minute

// DirectedTo is the answer (of SQL Browser, of a mapper of RPC endpoints, of a domain controller that has more to say than a datagram holds) that sent the
// client of a connection that failed to that port; nil when none did, or when the client could connect there at another time. Such a connection is the
// finding of the rule that knows the protocol of the answer, not of the rules about attempts.
func (in *Input) DirectedTo(c *flow.Conversation) *Directed {
	if in.directed == nil {
		in.directed = map[*flow.Conversation]*Directed{}
		in.findDirected()
	}
	return in.directed[c]
}

// sentTo is where an answer sends a client.
type sentTo struct {
	source int
	client netip.Addr
	server netip.AddrPort
}

func (in *Input) findDirected() {
	told := map[sentTo][]*Directed{}
	for _, t := range in.Talks() {
		for _, r := range t.Requests {
			for _, port := range sendsTo(t, r) {
				k := sentTo{t.Source, t.Client, netip.AddrPortFrom(t.Server.Addr(), port)}
				told[k] = append(told[k], &Directed{t, r})
			}
		}
	}
	if len(told) == 0 {
		return
	}
	for _, list := range told {
		slices.SortStableFunc(list, func(a, b *Directed) int { return cmp.Compare(a.Answer.Last.Number, b.Answer.Last.Number) })
	}
	hosts, done := map[sentTo]bool{}, map[sentTo]bool{}
	for k := range told {
		hosts[sentTo{k.source, k.client, netip.AddrPortFrom(k.server.Addr(), 0)}] = true
	}
	var failed []*flow.Conversation
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return hosts[sentTo{source, a, netip.AddrPortFrom(b, 0)}] }) {
		k := sentTo{c.Source, c.Ends[0].Addr(), c.Ends[1]}
		switch {
		case c.TCP == nil || told[k] == nil:
		case c.TCP.Established || c.TCP.SYNACK.Seen():
			done[k] = true
		case c.TCP.SYN.Seen() && in.gaveUp(c):
			failed = append(failed, c)
		}
	}
	for _, c := range failed {
		k := sentTo{c.Source, c.Ends[0].Addr(), c.Ends[1]}
		i, _ := slices.BinarySearchFunc(told[k], c.TCP.SYN.Pos.Number, func(d *Directed, n int64) int { return cmp.Compare(d.Answer.Last.Number, n) })
		if i == 0 || done[k] {
			continue
		}
		if d := told[k][i-1]; time.Duration(c.TCP.SYN.Time-d.Answer.Last.Time) <= afterAnswer {
			in.directed[c] = d
		}
	}
}

// sendsTo are the ports of TCP that an answer sends its client to.
func sendsTo(t *Talk, r *request.Request) (ports []uint16) {
	if !r.Answered() {
		return nil
	}
	switch t.Protocol {
	case proto.Kerberos:
		if r.Code == kerberos.ResponseTooBig {
			ports = append(ports, kerberos.Port)
		}
	case proto.SSRP, proto.DCERPC:
		for _, term := range r.Terms {
			switch term.Name {
			case ssrp.PortTerm, ssrp.AdminPortTerm, dcerpc.PortTerm:
				ports = append(ports, uint16(term.Value))
			}
		}
	}
	return ports
}

const (
	// minRepeated and minSilence tell an attempt that failed from one whose answer may still come.
	minRepeated = 2
	minSilence  = 3 * time.Second
)

// gaveUp reports whether an attempt to connect failed: refused, rejected, or repeated without an answer for long enough.
func (in *Input) gaveUp(c *flow.Conversation) bool {
	if c.TCP.Refused || c.ICMP != nil {
		return true
	}
	d, timed := in.Elapsed(c.TCP.SYN, in.End(c.Source))
	return c.TCP.SYNs >= minRepeated && c.Dir[1].Packets == 0 && c.TCP.Sides[0].AckSent == 0 && (!timed || d >= minSilence)
}
