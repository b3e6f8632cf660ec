package tcp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed keepalive_dead.md
var keepAlivePage string

// KeepAliveDead: nobody answers the keep-alives of an idle connection, and it is given up (T25).
var KeepAliveDead = &diag.Rule{ID: "tcp.keepalive.dead", Title: "nobody answers the keep-alives of a connection", Page: keepAlivePage, WithheldBy: []string{"cap.drops.reported", "cap.oneway", "cap.gaps"}}

func init() { KeepAliveDead.Run = keepAliveDead } // Run names the rule: a literal would be a cycle

// leastProbes is how many keep-alives without an answer are no loss by chance.
const leastProbes = 3

// A probing is a connection that was given up after keep-alives without an answer.
type probing struct {
	conv             *flow.Conversation
	sent, unanswered int64
	first            flow.Moment // the first keep-alive
}

// gaveUpProbing reports whether the side that reset an idle connection had sent keep-alives before that nobody answered.
func gaveUpProbing(c *flow.Conversation) (p probing, ok bool) {
	t := c.TCP
	if t == nil || !t.RST.Seen() || !t.Established || t.FirstFIN >= 0 || t.Undelivered(t.RSTBy) > 0 || t.Undelivered(1-t.RSTBy) > 0 {
		return p, false
	}
	sent, acked := verdict(c, t.RSTBy, flow.KeepAlive), verdict(c, 1-t.RSTBy, flow.KeepAliveAck)
	p = probing{conv: c, sent: sent.Count, unanswered: sent.Count - acked.Count, first: sent.First}
	quiet := t.Sides[1-t.RSTBy].LastData.Pos.Number < sent.First.Pos.Number || acked.Count > 0
	return p, p.unanswered >= leastProbes && quiet
}

// verdict is the tally of one kind of a side.
func verdict(c *flow.Conversation, dir int, kind flow.Analysis) flow.Tally {
	if t := c.Dir[dir].Trouble; t != nil {
		for _, v := range t.Verdicts {
			if v.Kind == kind {
				return v
			}
		}
	}
	return flow.Tally{}
}

func keepAliveDead(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	found := map[*diag.Way][]probing{}
	for c := range in.Conversations.With(flow.Reset) {
		if p, ok := gaveUpProbing(c); ok && !in.Withhold(KeepAliveDead, c) {
			g := all.Add(diag.HostWay(c, c.TCP.RSTBy), c, c.TCP.RSTBy)
			found[g] = append(found[g], p)
		}
	}
	for _, g := range all.List {
		out = append(out, unheard(in, g, found[g]))
	}
	return out
}

func unheard(in *diag.Input, g *diag.Way, list []probing) diag.Finding {
	var where []flow.Moment
	least, last := list[0].unanswered, list[0]
	for _, p := range list {
		where = append(where, p.first, p.conv.TCP.RST)
		least, last = min(least, p.unanswered), p
	}
	f := g.Finding(where...)
	by, peer := g.From().Addr(), g.To().Addr()
	f.Severity, f.Confidence, f.Count, f.Host, f.Filter = diag.Warning, diag.Likely, len(list), peer.String(), diag.AnyOf(g.Filter(), diag.Frames(where...))
	which := fmt.Sprintf("the connection %v - %v", last.conv.Ends[0], last.conv.Ends[1])
	if len(list) > 1 {
		which = fmt.Sprintf("%d connections", len(list))
	}
	f.Summary = fmt.Sprintf("%v gave up %s with %v while nobody used it: %d keep-alives in a row, at least, had no answer", by, which, peer, least)
	for _, p := range list[:min(len(list), 5)] {
		fact := fmt.Sprintf("frame %d: %d keep-alives of %d without an answer", p.conv.TCP.RST.Pos.Number, p.unanswered, p.sent)
		if d, ok := in.Elapsed(p.first, p.conv.TCP.RST); ok {
			fact += fmt.Sprintf(", the first %s before the reset", diag.Duration(d))
		}
		f.Facts = append(f.Facts, diag.Fact{Name: "reset", Value: fact})
	}
	f.RuledOut = []string{"loss of a single packet: several keep-alives in a row had no answer", "data that was lost: both sides had acknowledged all of it"}
	f.Fix = []string{
		fmt.Sprintf("was %v up at that time: a restart, a pause of a virtual machine, a laptop that slept?", peer),
		"if it was: something on the way (a firewall, NAT) had forgotten the connection; keep-alives must come more often than it forgets (see fw.idle_timeout)",
	}
	f.Record = []diag.RecordAt{{Addr: peer, Question: "do the keep-alives arrive there?"}}
	return f
}
