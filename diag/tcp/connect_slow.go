package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed connect_slow.md
var connectSlowPage string

// ConnectSlow: connections are accepted late, without a SYN that is lost (C7).
var ConnectSlow = &diag.Rule{ID: "tcp.connect.slow", Title: "connections are accepted late", Page: connectSlowPage, WithheldBy: []string{"cap.drops.reported", "cap.time.coarse", "cap.time.backwards"}}

func init() { ConnectSlow.Run = connectSlow } // Run names the rule: a literal would be a cycle

const (
	// lateAnswer is how long a SYN is unanswered that somebody waits for; the flag of conversations has the same (flow.SlowOpened).
	lateAnswer = flow.LateSYNACK
	// lateFactor is how many times the usual round trip it is.
	lateFactor = 3
	// lateMany is how many make a pattern.
	lateMany = 3
)

// A lateness is a connection whose SYN was answered late.
type lateness struct {
	conv        *flow.Conversation
	took, usual time.Duration
}

func connectSlow(in *diag.Input) (out []diag.Finding) {
	pairs := map[pair]bool{}
	for c := range in.Conversations.With(flow.SlowOpened) {
		if c.Opened && !in.Withhold(ConnectSlow, c) {
			pairs[pairOf(c)] = true
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	usual, all := map[pair]time.Duration{}, map[pair][]*flow.Conversation{}
	var asked []pair
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return pairs[pair{source, a, b}] }) {
		if c.TCP == nil || !c.Opened {
			continue
		}
		k := pairOf(c)
		if all[k] == nil {
			asked = append(asked, k)
		}
		all[k] = append(all[k], c)
		if d := quickest(c); d > 0 && (usual[k] == 0 || d < usual[k]) {
			usual[k] = d
		}
	}
	late := map[netip.AddrPort][]lateness{}
	var order []netip.AddrPort
	others := map[netip.AddrPort]int{}
	for _, k := range asked {
		list := all[k]
		for i, c := range list {
			took, timed := in.Elapsed(c.TCP.SYN, c.TCP.SYNACK)
			if !timed || c.TCP.SYNs != 1 || usual[k] == 0 {
				continue
			}
			if took < lateAnswer || took < lateFactor*usual[k] || i == 0 && len(list) > 1 && first(in, list) {
				others[c.Ends[1]]++
				continue
			}
			if late[c.Ends[1]] == nil {
				order = append(order, c.Ends[1])
			}
			late[c.Ends[1]] = append(late[c.Ends[1]], lateness{c, took, usual[k]})
		}
	}
	for _, at := range order {
		out = append(out, acceptedLate(in, late[at], others[at]))
	}
	return out
}

// quickest is the shortest round trip from the place of the capture to the server that a connection shows, 0 when it shows none.
func quickest(c *flow.Conversation) (d time.Duration) {
	if s := &c.Dir[0].AckRTT; s.N > 0 {
		d = time.Duration(s.Min)
	}
	if server, _, ok := c.TCP.RTT(); ok && (d == 0 || time.Duration(server) < d) {
		d = time.Duration(server)
	}
	return d
}

// first reports whether only the first of the connections of a pair was accepted late: it paid for what is set up once (ARP, a tunnel, a link on demand).
func first(in *diag.Input, list []*flow.Conversation) bool {
	for _, c := range list[1:] {
		if took, ok := in.Elapsed(c.TCP.SYN, c.TCP.SYNACK); ok && took >= lateAnswer {
			return false
		}
	}
	return true
}

func acceptedLate(in *diag.Input, list []lateness, others int) diag.Finding {
	var all diag.Ways
	var where []flow.Moment
	var waits []diag.Interval
	worst := list[0]
	for _, l := range list {
		t := l.conv.TCP
		all.Add(service(l.conv), l.conv, 0)
		where = append(where, t.SYN, t.SYNACK)
		from := t.SYN
		from.Time += int64(l.usual)
		waits = append(waits, diag.Interval{From: from, To: t.SYNACK, Conv: l.conv})
		if l.took > worst.took {
			worst = l
		}
	}
	f := all.List[0].Finding(where...)
	server, n := list[0].conv.Ends[1], len(list)
	f.Severity, f.Confidence, f.Count, f.Host = diag.Note, diag.Possible, n, server.Addr().String()
	f.Filter = diag.AnyOf(all.List[0].Filter(), diag.Frames(where...))
	in.Charge(&f, waits)
	at := in.Vantage(f.Source).At(server.Addr())
	switch {
	case at:
		f.Severity, f.Confidence = diag.Warning, diag.Proven
	case n >= lateMany:
		f.Severity, f.Confidence = diag.Warning, diag.Likely
	}
	f.Summary = fmt.Sprintf("%v accepted %s late: its SYN was answered after %s, where a round trip takes %s", server, diag.Count(n, "connection"), diag.Duration(worst.took), diag.Duration(worst.usual))
	if n > 1 {
		f.Summary = fmt.Sprintf("%v accepted %d connections late: their SYNs were answered after up to %s, where a round trip takes %s", server, n, diag.Duration(worst.took), diag.Duration(worst.usual))
	}
	f.Facts = []diag.Fact{{Name: "connections that it accepted at once", Value: fmt.Sprint(others)}}
	f.RuledOut = []string{
		"a SYN that was lost: none was sent again",
		"distance: other round trips to the same host are shorter by a factor of three and more",
	}
	f.Fix = []string{
		fmt.Sprintf("look at the load of %v at that time: its processors, and what looks at its packets (a filter driver, a virtual switch)", server.Addr()),
		"is there something in front of it that answers for it, or opens the connection behind it first: a load balancer, a proxy, a firewall?",
	}
	if !at {
		f.Record = []diag.RecordAt{{Addr: server.Addr(), Question: "when does the SYN arrive there, and when does the answer leave?"}}
	}
	return f
}
