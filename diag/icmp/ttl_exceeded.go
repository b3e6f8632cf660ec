package icmp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

//go:embed ttl_exceeded.md
var ttlPage string

// TTLExceeded: packets die on the way because they passed too many routers (I6).
var TTLExceeded = &diag.Rule{ID: "icmp.ttl_exceeded", Title: "packets die on the way after too many hops", Page: ttlPage, Requests: true, DoubtedBy: []string{"cap.oneway", "cap.drops.reported"}, Run: ttlExceeded}

const (
	// leastExceeded is how many errors about one conversation are no accident.
	leastExceeded = 3
	// leastApart is how far apart packets are on average that a host repeats because it got no answer; probes follow each other sooner.
	leastApart = 500 * time.Millisecond
)

func ttlExceeded(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source int
		from   netip.Addr
	}
	for _, g := range groups(in, func(c *flow.Conversation) (key, bool) { return key{c.Source, c.ICMP.From}, exceeded(in, c) }) {
		out = append(out, g.died(in))
	}
	return out
}

// exceeded reports whether routers say of a conversation that its packets used up their hops, and it suffered: probes of a traceroute want to hear that.
func exceeded(in *diag.Input, c *flow.Conversation) bool {
	e := c.ICMP
	kind := uint8(timeExceeded4)
	if !c.Ends[0].Addr().Is4() {
		kind = timeExceeded6
	}
	if e.Type != kind || e.Code != 0 || e.Count < leastExceeded || probed(c) {
		return false
	}
	sent := c.Dir[e.Dir].Packets
	lasted, timed := in.Elapsed(c.First, c.Last)
	if timed && (sent < leastExceeded || lasted < time.Duration(sent-1)*leastApart) {
		return false
	}
	if c.TCP != nil {
		return c.Dir[1-e.Dir].Packets == 0 || c.TCP.Undelivered(e.Dir) > 0
	}
	return c.Proto == proto.UDP && c.Dir[1-e.Dir].Packets == 0
}

// Types of the error for IPv4 (RFC 792) and IPv6 (RFC 4443, 3.3).
const (
	timeExceeded4 = 11
	timeExceeded6 = 3
)

// died is the finding on what one router says.
func (g *group) died(in *diag.Input) diag.Finding {
	c := g.convs[0]
	f := g.finding()
	kind := fmt.Sprintf("icmp.type == %d", timeExceeded4)
	if !c.Ends[0].Addr().Is4() {
		kind = fmt.Sprintf("icmpv6.type == %d", timeExceeded6)
	}
	f.Filter = diag.AnyOf(diag.Streams(g.convs, ""), diag.AllOf(diag.FromHost(c.ICMP.From), kind))
	f.Severity = diag.Error
	f.Summary = fmt.Sprintf("what %s sends to %s dies on the way: %v says that it has passed too many routers, %s", g.senders(), g.targets(), c.ICMP.From, diag.Count(g.errors(), "time"))
	f.Facts = []diag.Fact{{Name: "ICMP errors", Value: fmt.Sprint(g.errors())}, {Name: "packets of these conversations", Value: fmt.Sprint(g.sent())}}
	f.RuledOut = []string{
		"a traceroute, whose probes follow each other at once: these packets are repeated as stacks do that get no answer",
		"a host that is down: the packets did not come as far",
	}
	f.Fix = []string{
		fmt.Sprintf("look for a loop: traceroute to the destination shows the same routers again and again; on %v and its neighbour look at the route to %s", c.ICMP.From, g.targets()),
		"two routers that send what they do not know to each other (a default route there, an aggregate here without a route for it) are the usual cause",
	}
	waits := g.waits()
	for _, c := range g.convs {
		if c.TCP != nil && c.Dir[1-c.ICMP.Dir].Packets > 0 {
			waits = append(waits, diag.Interval{From: c.ICMP.At, To: c.Last, Conv: c})
		}
	}
	in.Charge(&f, waits)
	return f
}
