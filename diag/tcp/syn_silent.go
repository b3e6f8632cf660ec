package tcp

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed syn_silent.md
var synSilentPage string

// SYNSilent: a connection attempt gets no answer (C1).
var SYNSilent = &diag.Rule{ID: "tcp.syn.silent", Title: "a connection attempt gets no answer", Page: synSilentPage, WithheldBy: []string{"cap.drops.reported", "cap.oneway"}}

func init() { SYNSilent.Run = synSilent } // Run names the rule: a literal would be a cycle

const (
	// minSYNs is the SYN and two repetitions: fewer may still be waiting for a slow answer.
	minSYNs = 3
	// minWait is how long an answer must have been missing when the capture ends: the first
	// two time-outs of Windows and Linux (1 and 2 s), one of older systems (3 s).
	minWait = 3 * time.Second
	// minSpread is the least time from the first SYN to the last. Copies of one SYN, or one
	// repetition recorded twice, lie closer together than two time-outs.
	minSpread = 1500 * time.Millisecond
	// minTimeout is the least first time-out of a SYN (RFC 6298, 2.1: a second), less what clocks are off by, and minRepeats how many attempts, from ports of their
	// own, repeat theirs: no recorder makes that of copies.
	minTimeout = 900 * time.Millisecond
	minRepeats = 2
	// manyServers is how many silent servers of one client are one cause near the client, not one each.
	manyServers = 5
)

func synSilent(in *diag.Input) []diag.Finding {
	var silent []*flow.Conversation
	for _, c := range unanswered(in) {
		if !in.Withhold(SYNSilent, c) {
			silent = append(silent, c)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	sent, done := hear(in), established(in, silent)
	var out []diag.Finding
	for _, g := range byClient(byServer(silent)) {
		out = append(out, g.silence(in, sent, done))
	}
	return out
}

// asking is what a client sent to a host, or to one of its ports, without an answer.
type asking struct {
	convs       []*flow.Conversation
	syns        int
	first, last flow.Moment
	repeats     int  // attempts that repeated their SYN after a time-out
	answered    bool // at least once
	repeated    bool // one attempt alone is proof
}

func (a *asking) add(in *diag.Input, c *flow.Conversation) {
	t := c.TCP
	if gotAnswer(c) {
		a.answered = true
		return
	}
	if len(a.convs) == 0 {
		a.first = t.SYN
	}
	a.convs, a.syns, a.last = append(a.convs, c), a.syns+t.SYNs, t.LastSYN
	if spread, timed := in.Elapsed(t.SYN, t.LastSYN); timed && t.SYNs >= 2 && spread >= minTimeout {
		a.repeats++
	}
	if t.SYNs >= minSYNs && waitedEnough(in, t.SYN, t.LastSYN) {
		a.repeated = true
	}
}

// gotAnswer reports whether the attempt was answered: by a packet, or, when the
// answer was not captured, by what the client did next.
func gotAnswer(c *flow.Conversation) bool {
	t := c.TCP
	return t.SYNACK.Seen() || t.RST.Seen() || c.ICMP != nil || c.Dir[1].Packets > 0 || t.Sides[0].AckSent != 0 || t.Sides[0].FIN.Seen()
}

// waitedEnough reports whether the last SYN came after two time-outs, and the
// capture went on long enough for an answer. Without times the repetitions have to do.
func waitedEnough(in *diag.Input, first, last flow.Moment) bool {
	spread, timed := in.Elapsed(first, last)
	wait, _ := in.Elapsed(first, in.End(first.Pos.Source))
	return !timed || spread >= minSpread && wait >= minWait
}

// proves reports whether none of the attempts together got an answer for long enough.
// Applications that give up after a second or two never repeat a SYN twice; but
// no stack leaves SYNs unrepeated throughout: then the answers are missing in the capture.
func (a *asking) proves(in *diag.Input) bool {
	if a.repeated {
		return true
	}
	wait, _ := in.Elapsed(a.first, in.End(a.first.Pos.Source))
	return !a.answered && (a.syns >= minSYNs && a.syns > len(a.convs) && waitedEnough(in, a.first, a.last) || a.repeats >= minRepeats && wait >= minWait)
}

// unansweredPairs are the hosts with an attempt that got no answer: nearly all others need no look.
func unansweredPairs(in *diag.Input) map[pair]bool {
	open := map[pair]bool{}
	for c := range in.Conversations.With(flow.OneSided) {
		if c.TCP.SYN.Seen() && !gotAnswer(c) {
			open[pairOf(c)] = true
		}
	}
	return open
}

// unanswered are the attempts that got no answer, of clients for whom that is proven by port or by host.
func unanswered(in *diag.Input) []*flow.Conversation {
	type key struct {
		hosts pair
		port  uint16
	}
	open := unansweredPairs(in)
	if len(open) == 0 {
		return nil
	}
	ports, hosts := map[key]*asking{}, map[pair]*asking{}
	var asked []*flow.Conversation
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return open[pair{source, a, b}] }) {
		if !c.TCP.SYN.Seen() {
			continue
		}
		asked = append(asked, c)
		k := key{pairOf(c), c.Ends[1].Port()}
		if ports[k] == nil {
			ports[k] = &asking{}
		}
		if hosts[k.hosts] == nil {
			hosts[k.hosts] = &asking{}
		}
		ports[k].add(in, c)
		hosts[k.hosts].add(in, c)
	}
	sent, dropped := hear(in), dropped(in)
	var out []*flow.Conversation
	for _, c := range asked {
		if gotAnswer(c) || dropped[c] || in.DirectedTo(c) != nil || in.AtBadRecord(c) || in.FullQueue(c) != nil {
			continue
		}
		k := key{pairOf(c), c.Ends[1].Port()}
		down := sent[hostKey{c.Source, c.Ends[1].Addr()}] == 0 && hosts[k.hosts].proves(in)
		if down || ports[k].proves(in) {
			out = append(out, c)
		}
	}
	return out
}

// dropped are the conversations of which this host says that it dropped packets: host.drop_reason has the cause.
func dropped(in *diag.Input) map[*flow.Conversation]bool {
	out := map[*flow.Conversation]bool{}
	if in.Session != nil {
		for _, d := range in.Session.Drops {
			out[d.Conv] = true
		}
	}
	return out
}

// byClient joins the groups of a client that none of many servers answers.
func byClient(groups []*attempts) []*attempts {
	type key struct {
		source int
		client netip.Addr
	}
	mine := map[key][]*attempts{}
	for _, g := range groups {
		if len(g.clients) == 1 {
			k := key{g.source, g.clients[0]}
			mine[k] = append(mine[k], g)
		}
	}
	var out []*attempts
	for _, g := range groups {
		list := mine[key{g.source, g.clients[0]}]
		switch {
		case len(g.clients) > 1 || len(list) < manyServers:
			out = append(out, g)
		case g == list[0]:
			for _, other := range list[1:] {
				g.convs = append(g.convs, other.convs...)
				g.others = append(g.others, other.server)
			}
			out = append(out, g)
		}
	}
	return out
}

func (g *attempts) silence(in *diag.Input, sent heard, done map[pair][]*flow.Conversation) diag.Finding {
	f := g.finding(in, func(c *flow.Conversation) flow.Moment { return c.TCP.LastSYN })
	f.Severity, f.Confidence = diag.Error, diag.Proven
	within := ""
	spread, timed := in.Elapsed(g.convs[0].TCP.SYN, g.convs[len(g.convs)-1].TCP.LastSYN)
	switch {
	case !timed:
		f.Confidence = diag.Likely
	case f.Cost > 0:
		within = " in " + diag.Duration(f.Cost)
	default: // no attempt was repeated: what one of them cost is not known
		f.Confidence, within = diag.Likely, " in "+diag.Duration(spread)
	}
	if !in.Hears(g.source, g.clients...) {
		f.Confidence = diag.Likely // whatever comes to the clients may be missing
	}
	who, what := g.target(), fmt.Sprintf("%d SYN segments %s", g.syns(), g.spread())
	f.Summary = fmt.Sprintf("%s answers none of the %s: no SYN/ACK, no reset, no ICMP error%s", who, what, within)
	if len(g.others) > 0 {
		f.Host = ""
		f.Summary = fmt.Sprintf("%d servers answer none of the %s: %s; no SYN/ACK, no reset, no ICMP error%s", len(g.others)+1, what,
			addresses(append([]netip.Addr{g.server}, g.others...)), within)
	}
	f.RuledOut = []string{"a closed port: it would have been answered by a reset", "an ICMP error on the path: none quotes these packets"}
	f.Fix = []string{"look at firewalls on the path and on the server", "check the address, and the server's route back to the client"}
	switch n := sent[hostKey{g.source, g.server}]; {
	case len(g.others) > 0:
		f.Fix = []string{"look at what the client has in common with all of them: its own firewall, its gateway, its uplink", "is it a scan of addresses that nobody uses?"}
	case n > 0:
		f.RuledOut = append(f.RuledOut, fmt.Sprintf("a host that is down: %v sent %s in this capture", g.server, diag.Count(n, "packet")))
		f.Fix[0] = "look for a firewall that drops this port, on the path and on the server: the host itself is up"
	default:
		f.Facts = append(f.Facts, diag.Fact{Name: "packets from " + g.server.String() + " in this capture", Value: "0"})
		f.Fix = append(f.Fix, "is the host up?")
	}
	for _, c := range done[pairOf(g.convs[0])] {
		if c.Ends[1] == g.convs[0].Ends[1] && c.First.Pos.Number > g.convs[0].First.Pos.Number && len(g.ports) == 1 {
			f.Facts = append(f.Facts, diag.Fact{Name: "a later attempt was accepted, in frame", Value: fmt.Sprint(c.TCP.SYNACK.Pos.Number)})
			break
		}
	}
	if len(g.ports) >= scanPorts && len(g.clients) == 1 && len(g.others) == 0 {
		f.Severity, f.Cost = diag.Note, 0
		f.Summary = fmt.Sprintf("%v tried %d ports of %v that do not answer: a port scan, not a fault", g.clients[0], len(g.ports), g.server)
		f.Fix = []string{"is the scan wanted? Look at what runs on " + g.clients[0].String()}
	}
	f.Record = []diag.RecordAt{{Addr: g.server, Question: "do the SYN segments arrive, and does an answer leave?"}}
	return f
}
