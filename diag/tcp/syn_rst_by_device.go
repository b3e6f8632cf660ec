package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed syn_rst_by_device.md
var rstByDevicePage string

// RefusedByDevice: something on the way refuses a connection in the name of the server (C3).
var RefusedByDevice = &diag.Rule{ID: "tcp.syn.rst_by_device", Title: "a device on the way refuses a connection in the server's name", Page: rstByDevicePage, Run: refusedByDevice}

const (
	// minCompared is how many handshakes with the host say how far away it is.
	minCompared = 3
	// leastAway is how far away it must be: nearer, a busy host makes the difference.
	leastAway = 2 * time.Millisecond
	// sooner is how many times sooner than the fastest handshake the reset came.
	sooner = 2
)

// tooSoon is how far away the server of a refused attempt is, as the connections tell that its client made with it, when the reset came too soon to be of
// the server; 0 otherwise.
func tooSoon(in *diag.Input, c *flow.Conversation, done map[pair][]*flow.Conversation) (away time.Duration) {
	after, ok := in.Elapsed(c.TCP.SYN, c.TCP.RST)
	if !ok {
		return 0
	}
	n := 0
	for _, other := range done[pairOf(c)] {
		if server, _, ok := other.TCP.RTT(); ok {
			if n++; n == 1 || time.Duration(server) < away {
				away = time.Duration(server)
			}
		}
	}
	if n < minCompared || away < leastAway || after*sooner >= away {
		return 0
	}
	return away
}

func refusedByDevice(in *diag.Input) (out []diag.Finding) {
	all, done := refusals(in)
	var list []*flow.Conversation
	for _, c := range all {
		if beside(in, c, done) == nil && tooSoon(in, c, done) > 0 {
			list = append(list, c)
		}
	}
	for _, g := range byServer(list) {
		f := g.refusal(in, done)
		c := g.convs[0]
		after, _ := in.Elapsed(c.TCP.SYN, c.TCP.RST)
		away := tooSoon(in, c, done)
		f.Confidence = diag.Likely
		f.Summary = fmt.Sprintf("something on the way refuses %s of %s to %s: its reset came after %s, and %v is %s away",
			diag.Count(f.Count, "connection"), g.who(), g.target(), diag.Duration(after), g.server, diag.Duration(away))
		f.Facts = append(f.Facts, diag.Fact{Name: "fastest of the handshakes with the host", Value: fmt.Sprintf("%s, of %d", diag.Duration(away), len(done[pairOf(c)]))})
		f.RuledOut = []string{"the server: an answer of it takes longer, as each connection with it shows"}
		f.Fix = []string{
			"look for a firewall, an intrusion prevention system or a proxy between the place of this capture and the server that rejects this port with a reset",
			fmt.Sprintf("compare the time to live and the IP identification of the reset with other packets of %v: how many hops away is its sender?", g.server),
		}
		f.Record = []diag.RecordAt{{Addr: g.server, Question: "does the SYN arrive?"}}
		out = append(out, f)
	}
	return out
}
