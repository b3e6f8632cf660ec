package mtu

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed ptb_ignored.md
var ignoredPage string

//go:embed ptb_ok.md
var discoveredPage string

// Ignored: a host goes on sending what an ICMP error calls too big (I2).
var Ignored = &diag.Rule{ID: "mtu.ptb_ignored", Title: "a sender ignores that its packets are too big", Page: ignoredPage, Run: func(in *diag.Input) []diag.Finding { return reports(in, true) }}

// Discovered: the path MTU was discovered (I3).
var Discovered = &diag.Rule{ID: "mtu.ptb_ok", Title: "the sender learnt a smaller packet size from the path", Page: discoveredPage, Run: func(in *diag.Input) []diag.Finding { return reports(in, false) }}

// heeded is how long a sender may go on after an ICMP error: what was under way comes first.
const heeded = time.Second

// reports makes one finding of each way on which ICMP errors say that packets are too big: where they are ignored, or where they are not.
func reports(in *diag.Input, ignored bool) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Quoted) {
		for dir := range c.Dir {
			if big := tooBig(c, dir); big != nil && c.TCP != nil && c.Dir[dir].Packets > 0 && ignores(in, c, dir, big) == ignored {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		if ignored {
			out = append(out, ignoredOn(in, g))
		} else {
			out = append(out, discoveredOn(in, g))
		}
	}
	return out
}

// ignores reports whether the side went on with packets above the size, longer than it takes to hear of it.
func ignores(in *diag.Input, c *flow.Conversation, dir int, big *flow.TooBig) bool {
	return goesOn(in, c, dir, big) != nil
}

// goesOn is the row of copies above the size, nil when there is none.
func goesOn(in *diag.Input, c *flow.Conversation, dir int, big *flow.TooBig) *flow.Retry {
	for _, r := range c.Dir[dir].Trouble.Rows() {
		after, timed := in.Elapsed(big.At, r.Last)
		if timed && after > heeded && !r.Acked.Seen() && uint32(headers)+r.LastBytes > big.MTU {
			return r
		}
	}
	return nil
}

func ignoredOn(in *diag.Input, g *diag.Way) diag.Finding {
	c, dir := g.Conversations[0], g.Dirs[0]
	big := tooBig(c, dir)
	row := goesOn(in, c, dir, big)
	f := g.Finding(big.At, row.Last)
	f.Severity, f.Confidence, f.Count, f.Host = diag.Error, diag.Proven, len(g.Conversations), g.From().Addr().String()
	var waits []diag.Interval
	for i, c := range g.Conversations {
		b := tooBig(c, g.Dirs[i])
		waits = append(waits, diag.Interval{From: b.At, To: c.Last})
	}
	in.Charge(&f, waits)
	f.Filter = diag.AnyOf(g.Filter(), diag.Frames(big.At))
	f.Summary = fmt.Sprintf("%v says that packets of %s are too big (%s fit), and %s goes on: a segment of %d bytes was sent %d times", big.From, f.Host, size(big.MTU), f.Host, row.LastBytes, row.Times+1)
	f.Facts = []diag.Fact{{Name: "ICMP errors", Value: fmt.Sprint(big.Count)}}
	f.RuledOut = []string{"a path without a report: the ICMP error passed the place of this capture"}
	f.Fix = []string{
		fmt.Sprintf("let the firewall of %s take ICMP type 3 code 4 (IPv6: type 2)", f.Host),
		"look into the ICMP error: what it quotes must be the connection as the host knows it; behind address translation it may not be",
		"until then clamp the MSS of TCP at the smaller link",
	}
	if big.MTU == 0 {
		f.Fix = append(f.Fix, fmt.Sprintf("%v does not say what fits (RFC 1191 asks it to): update or configure it", big.From))
	}
	f.NextCapture = []string{fmt.Sprintf("on %s itself: is the ICMP error there, and what does its firewall do with it?", f.Host)}
	return f
}

func discoveredOn(in *diag.Input, g *diag.Way) diag.Finding {
	c := g.Conversations[0]
	big := tooBig(c, g.Dirs[0])
	f := g.Finding(big.At)
	f.Severity, f.Confidence, f.Count, f.Host = diag.Note, diag.Proven, len(g.Conversations), g.From().Addr().String()
	f.Cost, _ = g.Lost(func(i int) int64 {
		if t := g.Sender(i).Trouble; t != nil && t.Repairs != nil && in.Timed(g.Conversations[i]) {
			return t.Repairs.Took()
		}
		return 0
	})
	for i, c := range g.Conversations {
		if t := g.Sender(i).Trouble; t != nil && t.Repairs != nil {
			f.Lost = append(f.Lost, diag.Waits(c, t.Repairs.Waits)...)
		}
	}
	if slices.ContainsFunc(g.Conversations, func(c *flow.Conversation) bool { return c.TCP.Undelivered(c.ICMP.TooBig.Dir) > 0 }) {
		f.Confidence = diag.Likely // what it sent may be too big still
	}
	f.Filter = diag.AnyOf(g.Filter(), diag.Frames(big.At))
	f.Summary = fmt.Sprintf("%v told %s that only packets of %s fit on the way to %v; it sent smaller ones from then on", big.From, f.Host, size(big.MTU), g.To().Addr())
	f.RuledOut = []string{"a black hole: the ICMP error came, and the sender heeded it"}
	f.Fix = []string{"nothing; to save the first stall of each connection, clamp the MSS of TCP at the smaller link"}
	return f
}

func size(mtu uint32) string {
	if mtu == 0 {
		return "a size that it does not name"
	}
	return fmt.Sprintf("%d bytes", mtu)
}
