package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed syn_retry_cost.md
var synRetryPage string

//go:embed synack_lost.md
var synackLostPage string

// SYNRetried: a connection was made only when its SYN was sent again (C8).
var SYNRetried = &diag.Rule{ID: "tcp.syn_retry_cost", Title: "connections are made only after repeated attempts", Page: synRetryPage, WithheldBy: []string{"cap.drops.reported", "cap.gaps"}}

// SYNACKLost: the answer to a SYN does not come back (C5).
var SYNACKLost = &diag.Rule{ID: "tcp.synack.lost", Title: "the answer to a connection attempt gets no reply", Page: synackLostPage, WithheldBy: []string{"cap.drops.reported", "cap.oneway"}}

func init() { // Run names the rule: a literal would be a cycle
	SYNRetried.Run, SYNACKLost.Run = synRetried, synackLost
}

const (
	// minSYNWait is the shortest time-out of a stack; SYNs that are closer are copies.
	minSYNWait = 200 * time.Millisecond
	// minSYNACKs is how many answers must have been sent: the first one and two repetitions.
	minSYNACKs = 3
	// scanClients is how many clients that never go on are a scan or a flood, not a path.
	scanClients = 20
)

func synRetried(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Troubled) {
		if c.TCP == nil || c.TCP.SYNs < 2 || !c.TCP.SYNACK.Seen() || !c.TCP.Established || contested(c) || in.Withhold(SYNRetried, c) {
			continue
		}
		if d, ok := in.Elapsed(c.TCP.SYN, c.TCP.LastSYN); ok && d >= minSYNWait {
			all.Add(diag.ReceiverWay(c, 0), c, 0)
		}
	}
	for _, g := range all.List {
		out = append(out, retriedOn(in, g))
	}
	return out
}

func retriedOn(in *diag.Input, g *diag.Way) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	syns, answered := 0, 0
	for _, c := range g.Conversations {
		t := c.TCP
		where = append(where, t.SYN, t.LastSYN, t.SYNACK)
		waits = append(waits, diag.Interval{From: t.SYN, To: t.LastSYN})
		syns += t.SYNs
		if t.SYNACK.Pos.Number < t.LastSYN.Pos.Number {
			answered++
		}
	}
	f := g.Finding(where...)
	in.Charge(&f, waits)
	from, _ := g.Names()
	to := g.To()
	f.Confidence, f.Count, f.Host, f.Filter = diag.Proven, len(g.Conversations), to.Addr().String(), diag.AllOf(g.Filter(), "tcp.flags.syn == 1")
	if f.Cost < longLoss {
		f.Severity = diag.Note
	}
	f.Summary = fmt.Sprintf("%v connected to %v only with SYN %d: %s went by before", from, to, syns, diag.Duration(f.Cost))
	if f.Count > 1 {
		f.Summary = fmt.Sprintf("%v made %d connections to %v only after repeating its SYN: %d were sent, %s went by before", from, f.Count, to.Addr(), syns, diag.Duration(f.Cost))
	}
	switch {
	case answered == 0:
		f.RuledOut = []string{"a lost answer: the first SYN/ACK that passed here was taken, so that the SYNs before it did not arrive, or their answers were lost before this capture"}
	default:
		f.Facts = []diag.Fact{{Name: "answers that passed here and were not taken", Value: fmt.Sprint(answered)}}
	}
	if f.Between = lostSYNs(in, g); f.Between != "" {
		f.Facts = append(f.Facts, diag.Fact{Name: "lost between", Value: f.Between})
	}
	f.RuledOut = append(f.RuledOut, "a closed port or a filter: in the end the connection was made")
	f.Fix = []string{
		fmt.Sprintf("look for loss between %v and %v: the stack repeats a SYN only after a second (Linux, Windows), and waits twice as long each time", from, to.Addr()),
		"a server or a device on the way that limits new connections drops SYNs as well: look at its counters, and at the backlog of the listener",
	}
	f.Record = []diag.RecordAt{{Addr: to.Addr(), Question: "did the first SYN arrive?"}}
	return f
}

// lostSYNs names the two capture points between which the first SYN of each connection, or its answer, was lost; "" when that is not so of all.
func lostSYNs(in *diag.Input, g *diag.Way) string {
	first := ""
	for i, c := range g.Conversations {
		at := ""
		for dir := range c.Dir {
			for _, gone := range in.Gone(c, dir) {
				if t := gone.Conv.TCP; gone.Has(t.SYN) || gone.Has(t.SYNACK) {
					at = diag.Between(in.Points, gone.Pair)
				}
			}
		}
		if at == "" || i > 0 && at != first {
			return ""
		}
		first = at
	}
	return first
}

// synackLost looks for SYN/ACKs that are repeated and never acknowledged.
func synackLost(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Troubled) {
		t := c.TCP
		if t == nil || !t.SYN.Seen() || !t.SYNACK.Seen() || t.HandshakeACK.Seen() || t.Established || t.RST.Seen() || c.ICMP != nil || contested(c) || synacks(c) < minSYNACKs || in.Withhold(SYNACKLost, c) {
			continue
		}
		if d, ok := in.Elapsed(t.SYNACK, c.Last); !ok || d < minWait {
			continue
		}
		all.Add(diag.WayKey{Source: c.Source, From: c.Ends[1]}, c, 1)
	}
	for _, g := range all.List {
		out = append(out, unackedOn(in, g))
	}
	return out
}

// synacks is how many SYN/ACKs the server sent: it sent nothing else.
func synacks(c *flow.Conversation) int64 {
	if c.Dir[1].Payload > 0 {
		return 0
	}
	return c.Dir[1].Packets
}

func unackedOn(in *diag.Input, g *diag.Way) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	n, clients := int64(0), map[string]bool{}
	for _, c := range g.Conversations {
		n += synacks(c)
		clients[c.Ends[0].Addr().String()] = true
		where = append(where, c.TCP.SYN, c.TCP.SYNACK)
		waits = append(waits, diag.Interval{From: c.TCP.SYN, To: c.Last})
	}
	f := g.Finding(where...)
	f.Severity, f.Count, f.Host = diag.Error, len(g.Conversations), g.From().Addr().String()
	in.Charge(&f, waits)
	client := g.Conversations[0].Ends[0].Addr()
	f.Filter = diag.AllOf(diag.Streams(g.Conversations, diag.EndpointFilter(g.From(), g.Conversations[0])), "tcp.flags.syn == 1")
	who := client.String()
	if len(clients) > 1 {
		who = diag.Count(len(clients), "client")
	}
	f.Summary = fmt.Sprintf("%v answered %s of %s with %d SYN/ACKs, and none was acknowledged", g.From(), diag.Count(len(g.Conversations), "connection attempt"), who, n)
	f.RuledOut = []string{"a server that does not listen: it answers", "a client that refuses: it would send a reset"}
	f.Fix = []string{
		fmt.Sprintf("look at the way back from %v to %s: its route, and stateful firewalls that saw only one direction", f.Host, who),
		"does the client's address exist? A spoofed source never answers",
	}
	f.Record = []diag.RecordAt{{Addr: g.To().Addr(), Question: "does the SYN/ACK arrive?"}}
	if len(clients) >= scanClients {
		f.Severity, f.Cost = diag.Note, 0
		f.Summary = fmt.Sprintf("%v answered connection attempts of %d clients that never went on: a scan, or a flood of SYNs with made-up sources", g.From(), len(clients))
		f.Fix = []string{"let SYN cookies answer floods; filter the sources if it is one network"}
	}
	return f
}
