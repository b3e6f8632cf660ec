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

// A rejection is an ICMP error that ends an attempt: type and code.
type rejection struct{ kind, code uint8 }

// unreachable4 and unreachable6 are what the codes say (RFC 792, RFC 1812, 5.2.7.1; RFC 4443, 3.1).
var (
	unreachable4 = map[rejection]string{
		{3, 0}: "network unreachable", {3, 1}: "host unreachable", {3, 2}: "protocol unreachable", {3, 3}: "port unreachable",
		{3, 9}: "network administratively prohibited", {3, 10}: "host administratively prohibited", {3, 13}: "communication administratively prohibited",
	}
	unreachable6 = map[rejection]string{
		{1, 0}: "no route to destination", {1, 1}: "communication administratively prohibited", {1, 3}: "address unreachable",
		{1, 4}: "port unreachable", {1, 5}: "source address failed policy", {1, 6}: "route rejected",
	}
)

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
		text := rejectText(c)
		if text == "" || in.DirectedTo(c) != nil {
			continue
		}
		k := key{c.Source, c.ICMP.From, c.Ends[1].Addr(), text}
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
			kind := "icmpv6.type == 1"
			if k.from.Is4() {
				kind = "icmp.type == 3"
			}
			f.Filter = diag.AnyOf(f.Filter, diag.AllOf(diag.FromHost(k.from), kind))
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

func rejectText(c *flow.Conversation) string {
	k := rejection{c.ICMP.Type, c.ICMP.Code}
	table := unreachable6
	if c.Ends[0].Addr().Is4() {
		table = unreachable4
	}
	if text := table[k]; text != "" {
		return fmt.Sprintf("%s (type %d, code %d)", text, k.kind, k.code)
	}
	return ""
}
