package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed syn_icmp_reject.md
var icmpRejectPage string

// SYNRejected: a connection attempt is rejected with ICMP (C4).
var SYNRejected = &diag.Rule{ID: "tcp.syn.icmp_reject", Title: "a connection attempt is rejected with ICMP", Page: icmpRejectPage, Run: synRejected}

func synRejected(in *diag.Input) []diag.Finding {
	type key struct {
		source int
		from   netip.Addr
		server netip.Addr
		text   string
	}
	index := map[key][]*flow.Conversation{}
	var keys []key
	for c := range in.Conversations.With(flow.Quoted) {
		if c.TCP == nil || !c.TCP.SYN.Seen() || c.ICMP == nil || c.Dir[1].Packets > 0 || c.TCP.Sides[0].AckSent != 0 {
			continue
		}
		u, ok := diag.UnreachableOf(c)
		if !ok || in.DirectedTo(c) != nil || in.AtBadRecord(c) {
			continue
		}
		k := key{c.Source, c.ICMP.From, c.Ends[1].Addr(), u.Text}
		if index[k] == nil {
			keys = append(keys, k)
		}
		index[k] = append(index[k], c)
	}
	var out []diag.Finding
	for _, k := range keys {
		for _, g := range byServer(index[k]) {
			f := g.finding(in, func(c *flow.Conversation) flow.Moment { return c.ICMP.At })
			f.Severity, f.Confidence, f.Host = diag.Error, diag.Proven, k.from.String()
			f.Summary = fmt.Sprintf("%v rejects the connection of %s to %s with ICMP: %s", k.from, g.who(), g.target(), k.text)
			if n := len(g.convs); n > 1 {
				f.Summary = fmt.Sprintf("%v rejects %s from %s to %s with ICMP: %s", k.from, diag.Count(n, "connection"), g.who(), g.target(), k.text)
			}
			// Of a short quotation Wireshark does not tell the stream: the error is shown by its sender.
			f.Filter = diag.AnyOf(f.Filter, diag.UnreachableFilter(g.convs[0].ICMP))
			f.RuledOut = []string{"a lost packet: the error quotes the SYN"}
			f.Fix = []string{"look at the access list or the filter of " + k.from.String()}
			if k.from == k.server {
				f.Fix = []string{"the host itself rejects it: look at its firewall (iptables REJECT, Windows firewall), and whether the service runs"}
			}
			out = append(out, f)
		}
	}
	return out
}
