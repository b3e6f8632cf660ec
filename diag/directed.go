package diag

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ssrp"
	"github.com/wiretale/wiretale/proto/tds"
)

// A Directed is an answer that sent a client to a port, where it could not connect.
type Directed struct {
	Talk   *Talk
	Answer *request.Request
	// Guessed says that the answer names a host whose address nothing in the capture tells: what the client tried next at the port is taken for it.
	Guessed bool
}

// afterAnswer is how soon after the answer a client connects.
const afterAnswer = time.Minute

// DirectedTo is the answer (of SQL Browser, of a mapper of RPC endpoints, of a domain controller that has more to say than a datagram holds, of SQL Server
// that routes a login) that sent the client of a connection that failed to that port; nil when none did, or when the client could connect there at another time. Such a connection is the
// finding of the rule that knows the protocol of the answer, not of the rules about attempts.
func (in *Input) DirectedTo(c *flow.Conversation) *Directed {
	if in.directed == nil {
		in.directed = map[*flow.Conversation]*Directed{}
		in.findDirected()
	}
	return in.directed[c]
}

// sentTo is where an answer sends a client. The address is the zero one where the answer has a name that nothing in the capture resolves.
type sentTo struct {
	source int
	client netip.Addr
	server netip.AddrPort
}

// anywhere is the same port at an address that is not known.
func (k sentTo) anywhere() sentTo {
	return sentTo{k.source, k.client, netip.AddrPortFrom(netip.Addr{}, k.server.Port())}
}

func (in *Input) findDirected() {
	told := map[sentTo][]*Directed{}
	for _, t := range in.Talks() {
		for _, r := range t.Requests {
			for _, server := range in.sendsTo(t, r) {
				k := sentTo{t.Source, t.Client, server}
				told[k] = append(told[k], &Directed{Talk: t, Answer: r, Guessed: !server.Addr().IsValid()})
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
	meant := func(source int, client, server netip.Addr) bool {
		return hosts[sentTo{source, client, netip.AddrPortFrom(server, 0)}] || hosts[sentTo{source, client, netip.AddrPort{}}]
	}
	place := func(c *flow.Conversation) sentTo {
		k := sentTo{c.Source, c.Ends[0].Addr(), c.Ends[1]}
		if told[k] == nil {
			return k.anywhere()
		}
		return k
	}
	var failed []*flow.Conversation
	for c := range in.Conversations.Between(meant) {
		k := place(c)
		switch {
		case c.TCP == nil || told[k] == nil:
		case c.TCP.Established || c.TCP.SYNACK.Seen():
			done[k] = true
		case c.TCP.SYN.Seen() && in.gaveUp(c):
			failed = append(failed, c)
		}
	}
	for _, c := range failed {
		k := place(c)
		i, _ := slices.BinarySearchFunc(told[k], c.TCP.SYN.Pos.Number, func(d *Directed, n int64) int { return cmp.Compare(d.Answer.Last.Number, n) })
		if i == 0 || done[k] {
			continue
		}
		if d := told[k][i-1]; time.Duration(c.TCP.SYN.Time-d.Answer.Last.Time) <= afterAnswer {
			in.directed[c] = d
		}
	}
}

// sendsTo are the endpoints of TCP that an answer sends its client to.
func (in *Input) sendsTo(t *Talk, r *request.Request) (servers []netip.AddrPort) {
	if !r.Answered() {
		return nil
	}
	at := func(port uint16) { servers = append(servers, netip.AddrPortFrom(t.Server.Addr(), port)) }
	switch t.Protocol {
	case proto.Kerberos:
		if r.Code == kerberos.ResponseTooBig {
			at(kerberos.Port)
		}
	case proto.TDS:
		if r.Status == tds.Routed {
			servers = in.routedTo(t, r)
		}
	case proto.SSRP, proto.DCERPC:
		for _, term := range r.Terms {
			switch term.Name {
			case ssrp.PortTerm, ssrp.AdminPortTerm, dcerpc.PortTerm:
				at(uint16(term.Value))
			}
		}
	}
	return servers
}

// routedTo is where SQL Server sends a login: a host, by its address or by a name that the client has asked for, and a port.
func (in *Input) routedTo(t *Talk, r *request.Request) (servers []netip.AddrPort) {
	host, digits, err := net.SplitHostPort(r.Text)
	port, wrong := strconv.ParseUint(digits, 10, 16)
	if err != nil || wrong != nil {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr, uint16(port))}
	}
	for _, a := range in.Asks(proto.DNS, proto.DNSStream) {
		if a.Talk.Source == t.Source && a.Talk.Client == t.Client && strings.EqualFold(strings.TrimSuffix(a.Name, "."), host) {
			for _, addr := range a.Addrs {
				servers = append(servers, netip.AddrPortFrom(addr, uint16(port)))
			}
		}
	}
	if len(servers) == 0 {
		servers = append(servers, netip.AddrPortFrom(netip.Addr{}, uint16(port)))
	}
	return servers
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
