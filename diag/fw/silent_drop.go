package fw

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

//go:embed silent_drop.md
var silentDropPage string

// SilentDrop: a device between two capture points drops what is for one service (F1).
var SilentDrop = &diag.Rule{ID: "fw.silent_drop", Title: "something on the way drops what is for one service", Page: silentDropPage, WithheldBy: []string{"cap.drops.reported"},
	Places: []string{"tcp.syn.silent"}, Run: silentDrop}

func silentDrop(in *diag.Input) (out []diag.Finding) {
	for _, b := range in.Blocked() {
		out = append(out, dropped(in, b))
	}
	return out
}

func dropped(in *diag.Input, b *diag.Blocked) diag.Finding {
	name := func(points []int) string {
		var list []string
		for _, p := range points {
			list = append(list, in.Points.Points[p].Name)
		}
		return diag.List(list, 5)
	}
	seen, unseen := name(b.Seen), name(b.Unseen)
	f := diag.Finding{
		Severity: diag.Error, Confidence: diag.Likely, Source: -1, Host: b.Server.Addr().String(), Count: len(b.Conversations),
		Conversations: b.Conversations, Where: ordered(b.Where), Filter: between(b.Conversations),
	}
	kind := "TCP"
	var lost []diag.Interval
	clients := diag.Distinct(b.Conversations, func(c *flow.Conversation) string { return c.Ends[0].Addr().String() })
	for _, c := range b.Conversations {
		if c.Proto == proto.UDP {
			kind = "UDP"
		}
		lost = append(lost, diag.Interval{From: c.First, To: c.Last})
	}
	in.Charge(&f, lost)
	f.Summary = fmt.Sprintf("%s of %s to %v (%s) %s at %s and not at %s, which shares %s with it: dropped in between",
		diag.Count(b.Packets, "packet"), diag.List(clients, 3), b.Server, kind, map[bool]string{true: "is", false: "are"}[b.Packets == 1], seen, unseen, diag.Count(b.Passing, "other conversation"))
	f.Facts = []diag.Fact{{Name: "conversations that pass", Value: fmt.Sprintf("%d, %d of them between the same hosts", b.Passing, b.Between)}}
	f.RuledOut = []string{
		"loss: all packets for this service vanish, again and again",
		"rewritten addresses: no sequence number and no content is there under another address either",
	}
	if b.Between > 0 {
		f.Confidence = diag.Proven
		f.RuledOut = append(f.RuledOut, "a host that is away, or a route: other conversations of the same hosts pass")
	}
	if filtered(in, b.Unseen) {
		f.Confidence = diag.Possible
		f.Facts = append(f.Facts, diag.Fact{Name: "capture filter", Value: "one is set at " + unseen + ": it may leave these packets out"})
	}
	f.Fix = []string{fmt.Sprintf("look at the rules of the firewall, router or security group between %s and %s for %s port %d", seen, unseen, kind, b.Server.Port())}
	f.Record = []diag.RecordAt{{Question: "do the packets arrive? With the same filter on both sides of each device in between it shows which one drops them"}}
	return f
}

// filtered reports whether one of the points was captured with a filter.
func filtered(in *diag.Input, points []int) bool {
	for _, p := range points {
		for _, i := range in.Sources[in.Points.Points[p].Source].Interfaces {
			if i.Filter != "" {
				return true
			}
		}
	}
	return false
}
