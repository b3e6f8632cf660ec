package ssrp

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed port_blocked.md
var portBlockedPage string

// PortBlocked: SQL Browser names a port at which the client cannot connect (M3).
var PortBlocked = &diag.Rule{ID: "ssrp.port_blocked", Title: "the port that SQL Browser names cannot be reached", Page: portBlockedPage, Requests: true, Run: portBlocked}

// blocked is a port that clients were sent to.
type blocked struct {
	source int
	server netip.AddrPort
}

type attempt struct {
	conv *flow.Conversation
	by   *diag.Directed
}

func portBlocked(in *diag.Input) (out []diag.Finding) {
	groups := map[blocked][]attempt{}
	var order []blocked
	known := map[*flow.Conversation]bool{}
	for _, trait := range []flow.Trait{flow.OneSided, flow.Refused, flow.Quoted} {
		for c := range in.Conversations.With(trait) {
			d := in.DirectedTo(c)
			k := blocked{c.Source, c.Ends[1]}
			if d == nil || known[c] {
				continue
			}
			known[c] = true
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], attempt{c, d})
		}
	}
	for _, k := range order {
		out = append(out, k.finding(in, groups[k]))
	}
	return out
}

func (k blocked) finding(in *diag.Input, list []attempt) diag.Finding {
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Proven, Source: k.source, Host: k.server.Addr().String(), Count: len(list)}
	var lost []diag.Interval
	clients := diag.Distinct(list, func(a attempt) string { return a.conv.Ends[0].Addr().String() })
	asked := list[0].by.Talk.Server
	refused, rejected, syns := 0, netip.Addr{}, 0
	for _, a := range list {
		t := a.conv.TCP
		end := t.LastSYN
		if t.RST.Seen() {
			refused++
			end = t.RST
		}
		if a.conv.ICMP != nil {
			rejected, end = a.conv.ICMP.From, a.conv.ICMP.At
		}
		syns += t.SYNs
		f.Where = append(f.Where, a.by.Talk.Pos(a.by.Answer.Asked), a.by.Talk.Pos(a.by.Answer.Last), t.SYN.Pos, end.Pos)
		f.Conversations = append(f.Conversations, in.Conversations.At(a.by.Answer.Conv), a.conv)
		lost = append(lost, diag.Interval{From: t.SYN, To: end})
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	f.Where = slices.Compact(f.Where)
	in.Charge(&f, lost)
	instance := ""
	if name := list[0].by.Answer.Name; name != "" {
		instance = fmt.Sprintf(" for instance %q", name)
	}
	f.Summary = fmt.Sprintf("SQL Browser at %v sent %s to port %d%s, which %s", asked, diag.List(clients, 3), k.server.Port(), instance, outcome(refused, rejected, syns, len(list)))
	f.RuledOut = []string{"SQL Browser and its port: it answered", "an older answer: the attempts follow it within a minute, and none to that port succeeded"}
	f.Fix = []string{
		fmt.Sprintf("give the instance a fixed port and let TCP %d pass where the attempts end: a dynamic port changes with each start", k.server.Port()),
	}
	if refused > 0 {
		f.Fix = []string{"is the instance running, with TCP enabled, and on this port? Restart SQL Browser when it tells an old one"}
	}
	f.NextCapture = []string{fmt.Sprintf("at the server: tcpdump -w server.pcap tcp port %d or udp port 1434", k.server.Port())}
	f.Filter = diag.AllOf(toOrFrom(k.server.Addr()), fmt.Sprintf("(tcp.port == %d || udp.port == 1434)", k.server.Port()))
	if rejected.IsValid() {
		f.Filter = diag.AnyOf(f.Filter, diag.FromHost(rejected))
	}
	return f
}

func toOrFrom(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("ip.addr == %v", a)
	}
	return fmt.Sprintf("ipv6.addr == %v", a)
}

func outcome(refused int, rejected netip.Addr, syns, attempts int) string {
	switch {
	case rejected.IsValid():
		return fmt.Sprintf("%v rejects with ICMP", rejected)
	case refused == attempts:
		return "refuses the connection: nobody listens there"
	case refused > 0:
		return fmt.Sprintf("refuses %d of %s", refused, diag.Count(attempts, "attempt"))
	}
	return fmt.Sprintf("does not answer %s", diag.Count(syns, "SYN segment"))
}
