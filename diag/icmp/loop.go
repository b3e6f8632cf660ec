package icmp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed loop.md
var loopPage string

// Loop: packets come by again and again, with ever lower time to live (I7).
var Loop = &diag.Rule{ID: "ip.loop", Title: "packets go in circles", Page: loopPage, Run: loops}

// leastLooped is how often packets must have come by again: the two sides of a router, and of a second one, are no circle.
const leastLooped = 3

func loops(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Copied) {
		if n := c.Copies.Looped; n >= leastLooped {
			all.Add(diag.HostWay(c, 0), c, 0)
		}
	}
	for _, g := range all.List {
		out = append(out, circles(in, g))
	}
	return out
}

func circles(in *diag.Input, g *diag.Way) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	n := int64(0)
	for _, c := range g.Conversations {
		n += c.Copies.Looped
		where = append(where, c.Copies.LoopFirst, c.Copies.LoopLast)
		if c.Dir[0].Packets == 0 || c.Dir[1].Packets == 0 {
			waits = append(waits, diag.Interval{From: c.First, To: c.Last, Conv: c})
		}
	}
	f := g.Finding(where...)
	f.Severity, f.Confidence, f.Count = diag.Error, diag.Proven, int(n)
	in.Charge(&f, waits)
	f.Filter = diag.AnyOf(g.Filter(), diag.Frames(where...))
	f.Host = g.To().Addr().String()
	f.Summary = fmt.Sprintf("packets between %v and %v go in circles: %d of them came by here again with a lower time to live", g.From().Addr(), g.To().Addr(), n)
	f.Facts = []diag.Fact{{Name: "conversations", Value: fmt.Sprint(len(g.Conversations))}}
	f.RuledOut = []string{
		"a capture on both sides of a router: there the time to live falls by one or two, once",
		"packets that are sent again: the identification, the numbers and the content are the same, the time to live is not",
	}
	f.Fix = []string{
		fmt.Sprintf("find the two routers that send the packets to each other: traceroute to %v shows them in turn", g.To().Addr()),
		"look at the route to that address on both; a default route on one and a network without a route for this part of it on the other is the usual cause",
	}
	return f
}
