package icmp

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

//go:embed unreach.md
var unreachPage string

// Unreach: a router or a host says that it cannot deliver packets, or may not (I8). Of connections that were not made tcp.syn.icmp_reject tells,
// of closed ports of UDP udp.port_unreach.
var Unreach = &diag.Rule{ID: "icmp.unreach", Title: "packets cannot be delivered, says ICMP", Page: unreachPage, Requests: true, Run: unreach}

func unreach(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source int
		from   netip.Addr
		text   string
	}
	for _, g := range groups(in, func(c *flow.Conversation) (key, bool) {
		u, ok := diag.UnreachableOf(c)
		return key{c.Source, c.ICMP.From, u.Text}, ok && undelivered(c)
	}) {
		out = append(out, g.undelivered(in))
	}
	return out
}

// undelivered reports whether what the error quotes is one of a conversation that suffered, and of no other finding.
func undelivered(c *flow.Conversation) bool {
	if c.Proto == proto.UDP {
		return !closed(c) && !probed(c) && !late(c)
	}
	t := c.TCP
	if t == nil || t.SYN.Seen() && c.Dir[1].Packets == 0 && t.Sides[0].AckSent == 0 {
		return false // an attempt to connect
	}
	if t.HandshakeACK.Pos.Number > c.ICMP.At.Pos.Number {
		return false // an earlier SYN: the connection was made
	}
	return t.Undelivered(c.ICMP.Dir) > 0
}

// undelivered is the finding on what one host says.
func (g *group) undelivered(in *diag.Input) diag.Finding {
	c := g.convs[0]
	u, _ := diag.UnreachableOf(c)
	from := c.ICMP.From
	f := g.finding()
	does := "cannot deliver"
	if u.Prohibited {
		does = "does not let pass"
	}
	f.Summary = fmt.Sprintf("%v %s what %s sends to %s: %s", from, does, g.senders(), g.targets(), u.Text)
	f.Facts = []diag.Fact{{Name: "ICMP errors", Value: fmt.Sprint(g.errors())}, {Name: "packets of these conversations", Value: fmt.Sprint(g.sent())}}
	f.RuledOut = []string{"a loss that nobody knows of: the error quotes the packet"}
	switch {
	case u.Prohibited || u.Port:
		f.Fix = []string{fmt.Sprintf("look at the access list, the firewall or the policy of %v: it rejects this traffic", from)}
	case from == c.Ends[c.ICMP.Dir].Addr():
		f.Fix = []string{fmt.Sprintf("%v found nobody at the next hop: does the host, or the gateway, answer ARP (ip neigh; arp -a)?", from)}
	default:
		f.Fix = []string{fmt.Sprintf("on %v: is there a route to the destination, and does the destination answer ARP there?", from)}
	}
	waits := g.waits()
	for _, c := range g.convs {
		if c.TCP != nil {
			waits = append(waits, diag.Interval{From: c.ICMP.At, To: c.Last, Conv: c})
		}
	}
	in.Charge(&f, waits)
	if g.sent() == int64(len(g.convs)) && g.convs[0].TCP == nil {
		f.Severity = diag.Note
	}
	return f
}
