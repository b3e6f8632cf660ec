package tcp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A pair is a client and a server of one source, whatever the ports.
type pair struct {
	source         int
	client, server netip.Addr
}

func pairOf(c *flow.Conversation) pair { return pair{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()} }

// attempts are connections that were not made, for one cause: the same server.
type attempts struct {
	source  int
	server  netip.Addr
	convs   []*flow.Conversation
	ports   []uint16     // of the server, in order of appearance
	clients []netip.Addr // in order of appearance
	others  []netip.Addr // further servers that were found to have the same cause
}

// byServer groups attempts by the host that was asked: a host that is down
// is one cause, whatever the ports. Groups come in order of appearance.
func byServer(cs []*flow.Conversation) []*attempts {
	type key struct {
		source int
		server netip.Addr
	}
	index := map[key]*attempts{}
	seen := map[any]bool{}
	var out []*attempts
	for _, c := range cs {
		client, server := c.Ends[0].Addr(), c.Ends[1]
		k := key{c.Source, server.Addr()}
		g := index[k]
		if g == nil {
			g = &attempts{source: c.Source, server: server.Addr()}
			index[k] = g
			out = append(out, g)
		}
		g.convs = append(g.convs, c)
		if k := [2]any{k, server.Port()}; !seen[k] {
			seen[k] = true
			g.ports = append(g.ports, server.Port())
		}
		if k := [2]any{k, client}; !seen[k] {
			seen[k] = true
			g.clients = append(g.clients, client)
		}
	}
	return out
}

// target names what was asked: address and port, or address and ports.
func (g *attempts) target() string {
	if len(g.ports) == 1 {
		return netip.AddrPortFrom(g.server, g.ports[0]).String()
	}
	var ports []string
	for _, p := range g.ports {
		ports = append(ports, fmt.Sprint(p))
	}
	return fmt.Sprintf("%v (%s: %s)", g.server, diag.Count(len(ports), "port"), diag.List(ports, 5))
}

// who names the clients.
func (g *attempts) who() string {
	if len(g.convs) == 1 {
		return g.convs[0].Ends[0].String()
	}
	return addresses(g.clients)
}

func addresses(list []netip.Addr) string {
	var names []string
	for _, a := range list {
		names = append(names, a.String())
	}
	return diag.List(names, 3)
}

// syns counts the SYN segments of all attempts.
func (g *attempts) syns() (n int) {
	for _, c := range g.convs {
		n += c.TCP.SYNs
	}
	return n
}

// resets counts the resets of all attempts.
func (g *attempts) resets() (n int64) {
	for _, c := range g.convs {
		n += c.TCP.RSTs
	}
	return n
}

// filter shows the attempts: their streams, or the SYNs to the host when they are many.
func (g *attempts) filter() string {
	to := []string{diag.ToHost(g.server)}
	from := []string{diag.FromHost(g.server)}
	for _, a := range g.others {
		to, from = append(to, diag.ToHost(a)), append(from, diag.FromHost(a))
	}
	return diag.Streams(g.convs, diag.AnyOf(
		diag.AllOf(diag.AnyOf(to...), "tcp.flags.syn == 1"),
		diag.AllOf(diag.AnyOf(from...), "tcp.flags.reset == 1")))
}

// finding is what all findings on attempts have; until gives the end of each attempt, and with it the proof and the cost.
func (g *attempts) finding(in *diag.Input, until func(*flow.Conversation) flow.Moment) diag.Finding {
	f := diag.Finding{Conversations: g.convs, Count: len(g.convs), Source: g.source, Host: g.server.String(), Filter: g.filter()}
	var lost []diag.Interval
	for _, c := range g.convs {
		end := until(c)
		f.Where = append(f.Where, c.TCP.SYN.Pos)
		if end.Seen() && end.Pos != c.TCP.SYN.Pos {
			f.Where = append(f.Where, end.Pos)
		}
		lost = append(lost, diag.Interval{From: c.TCP.SYN, To: end, Conv: c})
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	in.Charge(&f, lost)
	return f
}

// spread is "from 10.0.0.1 (3 attempts)": how many attempts of whom.
func (g *attempts) spread() string {
	if len(g.convs) == 1 {
		return "of " + g.who()
	}
	return strings.Join([]string{"of", diag.Count(len(g.convs), "attempt"), "from", g.who()}, " ")
}

// heard maps the addresses of a source to the number of packets that they sent.
type heard map[hostKey]int64

type hostKey struct {
	source int
	addr   netip.Addr
}

func hear(in *diag.Input) heard {
	out := heard{}
	for _, h := range in.Hosts {
		out[hostKey{h.Source, h.Addr}] = h.Sent.Packets
	}
	return out
}
