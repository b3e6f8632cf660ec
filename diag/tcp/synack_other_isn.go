package tcp

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed synack_other_isn.md
var otherISNPage string

// OtherISN: one SYN is answered with several sequence numbers.
var OtherISN = &diag.Rule{ID: "tcp.synack.other_isn", Title: "one SYN is answered by several: the sequence numbers differ", Page: otherISNPage, Run: otherISN}

// contested reports whether several answered the attempt: how long it took is then of this finding.
func contested(c *flow.Conversation) bool { return c.TCP != nil && c.Answers() != nil }

func otherISN(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Contested) {
		if !c.TCP.SYN.Seen() && !c.TCP.HandshakeACK.Seen() {
			continue // answers alone: to SYNs of somebody who forged the address, each its own
		}
		all.Add(diag.ServiceWay(c, 1), c, 1)
	}
	for _, g := range all.List {
		out = append(out, answers(in, g))
	}
	return out
}

// answers is the finding on one service.
func answers(in *diag.Input, g *diag.Way) diag.Finding {
	var at []flow.Moment
	var waits []diag.Interval
	made, others := 0, int64(0)
	for _, c := range g.Conversations {
		t, more := c.TCP, c.Answers()
		at = append(at, t.SYNACK, more.Last, t.HandshakeACK)
		end := t.HandshakeACK
		if !end.Seen() {
			end = more.Last
		} else {
			made++
		}
		others += more.Count
		waits = append(waits, diag.Interval{From: c.First, To: end, Conv: c})
	}
	f := g.Finding(at...)
	f.Confidence, f.Count, f.Host = diag.Proven, len(g.Conversations), g.From().Addr().String()
	f.Filter = diag.Streams(g.Conversations, diag.AllOf(diag.FromHost(g.From().Addr()), "tcp.flags.syn == 1"))
	c := g.Conversations[0]
	if len(g.Conversations) == 1 {
		f.Summary = fmt.Sprintf("%v answers the SYN of %v with %d different sequence numbers: %s", c.Ends[1], c.Ends[0], others+1, chosen(c))
	} else {
		f.Summary = fmt.Sprintf("%v answers the SYNs of %s with different sequence numbers: %s were made", c.Ends[1], diag.Count(len(g.Conversations), "connection"), diag.Count(made, "connection"))
	}
	if made < len(g.Conversations) {
		f.Severity = diag.Error
	}
	in.Charge(&f, waits)
	f.Facts = []diag.Fact{{Name: "answers with another number than the one before", Value: fmt.Sprint(others)}}
	f.RuledOut = []string{
		"a SYN/ACK that is repeated: that has the same sequence number", "another connection between the same ports: all answers acknowledge the same SYN",
	}
	f.Fix = []string{
		fmt.Sprintf("find out who answers for %v: a load balancer, a SYN proxy of a firewall, or several hosts behind one address must send all packets of a connection to one of them", c.Ends[1].Addr()),
		"a device that keeps no state of half open connections (SYN cookies) answers each repeated SYN anew: why was the SYN repeated, or the first answer not acknowledged?",
	}
	f.NextCapture = []string{fmt.Sprintf("on both sides of the device that answers for %v: which host sends which SYN/ACK? Compare TTL and IP identification", c.Ends[1].Addr())}
	return f
}

// chosen says which answer the client took.
func chosen(c *flow.Conversation) string {
	t := c.TCP
	switch {
	case !t.HandshakeACK.Seen():
		return "the client acknowledges none"
	case t.Sides[0].FirstAck-1 == t.Sides[1].ISN:
		return "the client goes on with the last"
	}
	return "the client acknowledges another than the last"
}
