package tcp

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed syn_refused.md
var synRefusedPage string

// SYNRefused: a connection attempt is refused (C2).
var SYNRefused = &diag.Rule{ID: "tcp.syn.refused", Title: "a connection attempt is refused", Page: synRefusedPage, Run: synRefused}

const (
	// scanPorts is how many refused ports of one host are a scan: no application asks for as many.
	scanPorts = 20
	// nearby is how close in time a connection to another port of the host makes a refused one an alternative.
	nearby = time.Second
	// maxRetry is how soon a stack repeats a SYN that was refused: Windows twice, half a second apart.
	maxRetry = 2 * time.Second
)

// refusals are the refused attempts, and the connections that their clients made with the same hosts.
func refusals(in *diag.Input) (all []*flow.Conversation, done map[pair][]*flow.Conversation) {
	for c := range in.Conversations.With(flow.Refused) {
		if in.DirectedTo(c) == nil && !in.AtBadRecord(c) && !in.Unheard(c) { // host.no_endpoint has those of which the host says why
			all = append(all, c)
		}
	}
	if len(all) > 0 {
		done = established(in, all)
	}
	return all, done
}

func synRefused(in *diag.Input) []diag.Finding {
	var refused, alternative []*flow.Conversation
	all, done := refusals(in)
	for _, c := range all {
		switch {
		case beside(in, c, done) != nil:
			alternative = append(alternative, c)
		case tooSoon(in, c, done) == 0:
			refused = append(refused, c)
		}
	}
	var out []diag.Finding
	for _, g := range byServer(refused) {
		out = append(out, g.refusal(in, done))
	}
	for _, g := range byServer(alternative) {
		f := g.refusal(in, done)
		other := beside(in, g.convs[0], done)
		f.Severity, f.Cost = diag.Note, 0
		f.Summary += fmt.Sprintf("; it cost nothing: at the same time the client connected to port %d of the host", other.Ends[1].Port())
		f.Fix = []string{"nothing: the client tried both ports and used the other"}
		out = append(out, f)
	}
	return out
}

// beside is a connection that the client made with the host at about the same
// time, on another port: clients of SMB try 445 and 139 at once.
func beside(in *diag.Input, c *flow.Conversation, done map[pair][]*flow.Conversation) *flow.Conversation {
	for _, other := range done[pairOf(c)] {
		a, b := c.TCP.SYN, other.TCP.SYN
		if !b.Seen() || other.Ends[1].Port() == c.Ends[1].Port() {
			continue
		}
		if b.Time < a.Time {
			a, b = b, a
		}
		if d, ok := in.Elapsed(a, b); ok && d <= nearby {
			return other
		}
	}
	return nil
}

func (g *attempts) refusal(in *diag.Input, done map[pair][]*flow.Conversation) diag.Finding {
	f := g.finding(in, func(c *flow.Conversation) flow.Moment { return c.Last })
	f.Severity, f.Confidence = diag.Error, diag.Proven
	tries := g.retries(in)
	if d, ok := in.Waited(tries); ok {
		f.Cost, f.Lost = d, tries // with the time between the repetitions of one attempt
	}
	for _, c := range g.convs {
		f.Where = append(f.Where, c.TCP.RST.Pos, c.TCP.LastSYN.Pos)
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	f.Where = slices.Compact(f.Where)
	f.Count = len(tries)
	after := ""
	if d, ok := in.Elapsed(g.convs[0].TCP.SYN, g.convs[0].TCP.RST); ok && d > 0 {
		after = " after " + diag.Duration(d)
	}
	switch {
	case len(g.convs) == 1 && g.syns() == 1:
		f.Summary = fmt.Sprintf("%s refuses the connection of %s: its SYN was answered by a reset%s", g.target(), g.who(), after)
	case len(tries) == 1:
		f.Summary = fmt.Sprintf("%s refuses the connection of %v: %d SYN segments, %d resets, the first%s", g.target(), g.convs[0].Ends[0], g.syns(), g.resets(), after)
	default:
		first := ""
		if after != "" {
			first = ", the first" + after
		}
		f.Summary = fmt.Sprintf("%s refuses %s from %s: every SYN was answered by a reset%s", g.target(), diag.Count(len(tries), "connection"), addresses(g.clients), first)
	}
	f.RuledOut = []string{"a lost packet: the server, or something in its name, answered"}
	f.Fix = []string{"is the service running, and on this address and port? (netstat -ano, ss -ltnp)"}
	if len(g.ports) >= scanPorts && len(g.clients) == 1 {
		f.Severity, f.Cost = diag.Note, 0
		f.Summary = fmt.Sprintf("%v tried %d ports of %v that refuse: a port scan, not a fault", g.clients[0], len(g.ports), g.server)
		f.Fix = []string{"is the scan wanted? Look at what runs on " + g.clients[0].String()}
	}
	g.later(&f, done)
	return f
}

// retries are the attempts with their repetitions: a stack that repeats a refused SYN keeps ports and sequence number.
func (g *attempts) retries(in *diag.Input) []diag.Interval {
	type key struct {
		client, server netip.AddrPort
		isn            uint32
	}
	index := map[key]int{}
	var out []diag.Interval
	for _, c := range g.convs {
		k := key{c.Ends[0], c.Ends[1], c.TCP.Sides[0].ISN}
		if i, ok := index[k]; ok {
			if d, timed := in.Elapsed(out[i].To, c.TCP.SYN); !timed || d <= maxRetry {
				out[i].To = c.Last
				continue
			}
		}
		index[k] = len(out)
		out = append(out, diag.Interval{From: c.TCP.SYN, To: c.Last})
	}
	return out
}

// later notes that the same port accepted connections, so that the service was away for a while only.
func (g *attempts) later(f *diag.Finding, done map[pair][]*flow.Conversation) {
	if len(g.ports) != 1 {
		return
	}
	n := 0
	for _, client := range g.clients {
		for _, c := range done[pair{g.source, client, g.server}] {
			if c.Ends[1].Port() == g.ports[0] {
				n++
			}
		}
	}
	if n > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "connections that the port accepted in this capture", Value: fmt.Sprint(n)})
		f.Fix = append(f.Fix, "the port accepted other connections in this capture: look at when the service started or stopped")
	}
}
