package icmp

import (
	_ "embed"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

//go:embed port_unreach.md
var portUnreachPage string

// PortUnreach: nobody listens on a port of UDP (I9). What DNS and SSRP ask, their rules tell of.
var PortUnreach = &diag.Rule{ID: "udp.port_unreach", Title: "nobody listens on a UDP port", Page: portUnreachPage, Requests: true, Run: portUnreach}

// scanPorts is how many closed ports of one host are a scan: no application asks for as many.
const scanPorts = 20

// closed reports whether the host that a datagram was sent to says itself that nobody listens on the port.
func closed(c *flow.Conversation) bool {
	u, ok := diag.UnreachableOf(c)
	return ok && u.Port && c.Proto == proto.UDP && c.ICMP.From == c.Ends[1-c.ICMP.Dir].Addr()
}

func portUnreach(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source int
		host   netip.Addr
	}
	for _, g := range groups(in, func(c *flow.Conversation) (key, bool) {
		return key{c.Source, c.ICMP.From}, closed(c) && !late(c) && !probed(c)
	}) {
		out = append(out, g.closed(in))
	}
	return out
}

// closed is the finding on one host.
func (g *group) closed(in *diag.Input) diag.Finding {
	c := g.convs[0]
	f := g.finding()
	ports := diag.Distinct(g.convs, func(c *flow.Conversation) string { return fmt.Sprint(c.Ends[1-c.ICMP.Dir].Port()) })
	f.Summary = fmt.Sprintf("nobody listens on UDP port %s of %v: it answers %s of %s with ICMP port unreachable", diag.List(ports, 5), c.ICMP.From, diag.Count(g.sent(), "datagram"), g.senders())
	f.Facts = []diag.Fact{{Name: "ICMP errors", Value: fmt.Sprint(g.errors())}}
	f.RuledOut = []string{"a lost datagram: the error quotes it", "a host that is down: it sent the error itself"}
	f.Fix = []string{
		fmt.Sprintf("is the service running on %v, and does it listen on this port and address (ss -lun; Get-NetUDPEndpoint)?", c.ICMP.From),
		"does the client ask the right host and port?",
	}
	answered := int64(0)
	for _, c := range g.convs {
		answered += c.Dir[1-c.ICMP.Dir].Packets
	}
	switch {
	case len(ports) >= scanPorts:
		f.Severity = diag.Note
		f.Summary = fmt.Sprintf("%s asked for %s of %v, where nobody listens: this looks like a scan", g.senders(), diag.Count(len(ports), "UDP port"), c.ICMP.From)
		return f
	case answered > 0:
		f.Summary += fmt.Sprintf("; at another time it sent %s from there", diag.Count(answered, "datagram"))
		f.Fix = append(f.Fix, "the service answered in this capture: look at when it started or stopped")
	case g.sent() == int64(len(g.convs)): // each asked once: nobody missed an answer enough to ask again
		f.Severity = diag.Note
	}
	in.Charge(&f, g.waits())
	return f
}
