package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed syn_silent.md
var synSilentPage string

// SYNSilent: a connection attempt gets no answer (C1).
var SYNSilent = &diag.Rule{ID: "tcp.syn.silent", Title: "a connection attempt gets no answer", Page: synSilentPage, WithheldBy: []string{"cap.drops.reported"}}

//go:embed syn_refused.md
var synRefusedPage string

// SYNRefused: a connection attempt is refused (C2).
var SYNRefused = &diag.Rule{ID: "tcp.syn.refused", Title: "a connection attempt is refused", Page: synRefusedPage, Run: synRefused}

func init() { SYNSilent.Run = synSilent } // Run names the rule: a literal would be a cycle

// minSYNs is the SYN and two repetitions: fewer may still be waiting for a slow answer.
const minSYNs = 3

func synSilent(in *diag.Input) []diag.Finding {
	var silent []*flow.Conversation
	for _, c := range in.Conversations {
		t := c.TCP
		if t == nil || !t.SYN.Seen() || t.SYNACK.Seen() || t.RST.Seen() || c.ICMP != nil || c.Dir[1].Packets > 0 || t.SYNs < minSYNs {
			continue
		}
		if !in.Withhold(SYNSilent, c) {
			silent = append(silent, c)
		}
	}
	var out []diag.Finding
	for _, g := range byServer(silent, waited) {
		f := g.finding
		f.Severity, f.Confidence = diag.Error, diag.Proven
		f.Summary = fmt.Sprintf("%v answers none of the %s: no SYN/ACK, no reset, no ICMP error in %s", g.server, attempts(f.Conversations), seconds(g.worst))
		for _, c := range f.Conversations {
			f.Where = append(f.Where, c.TCP.SYN.Pos, c.TCP.LastSYN.Pos)
		}
		f.RuledOut = []string{"a closed port: it would have been answered by a reset", "an ICMP error on the path: none quotes these packets"}
		f.Fix = []string{"look at firewalls on the path and on the server", "check the address, and the server's route back to the client"}
		f.NextCapture = []string{fmt.Sprintf("at the server: tcpdump -w server.pcap tcp port %d", g.first.Ends[1].Port())}
		f.Filter = fmt.Sprintf("%s && tcp.flags.syn == 1", filter(g.first))
		out = append(out, f)
	}
	return out
}

// waited is the time from the first SYN to the last.
func waited(c *flow.Conversation) time.Duration {
	return time.Duration(c.TCP.LastSYN.Time - c.TCP.SYN.Time)
}

func attempts(cs []*flow.Conversation) string {
	syns := 0
	for _, c := range cs {
		syns += c.TCP.SYNs
	}
	if len(cs) == 1 {
		return fmt.Sprintf("%d SYN segments of %v", syns, cs[0].Ends[0])
	}
	return fmt.Sprintf("%d SYN segments of %d attempts", syns, len(cs))
}

func synRefused(in *diag.Input) []diag.Finding {
	var refused []*flow.Conversation
	for _, c := range in.Conversations {
		if c.TCP != nil && c.TCP.Refused && c.TCP.SYN.Seen() && !c.TCP.SYNACK.Seen() {
			refused = append(refused, c)
		}
	}
	var out []diag.Finding
	for _, g := range byServer(refused, func(c *flow.Conversation) time.Duration { return time.Duration(c.Last.Time - c.First.Time) }) {
		f := g.finding
		f.Severity, f.Confidence = diag.Error, diag.Proven
		f.Summary = fmt.Sprintf("%v refuses the connection: %d of %d attempts answered by a reset, the first after %s", g.server, f.Count, f.Count,
			seconds(time.Duration(g.first.TCP.RST.Time-g.first.TCP.SYN.Time)))
		for _, c := range f.Conversations {
			f.Where = append(f.Where, c.TCP.SYN.Pos, c.TCP.RST.Pos)
		}
		f.RuledOut = []string{"a lost packet: the server, or something in its name, answered"}
		f.Fix = []string{"is the service running, and on this address and port? (netstat -ano, ss -ltnp)"}
		f.Filter = filter(g.first)
		out = append(out, f)
	}
	return out
}
