// Package icmp holds the diagnoses of what routers and hosts say of packets that they did not deliver.
package icmp

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{Unreach, PortUnreach, TTLExceeded, Loop} }

const (
	// firstTrace and lastTrace are the ports that traceroute sends to, because nobody listens there (traceroute(8): one more with each probe).
	firstTrace, lastTrace = 33434, 33689
	// systemPorts are those below which a server has its own.
	systemPorts = 1024
)

// spokenFor are the conversations whose questions have rules of their own that tell of the error.
func spokenFor(in *diag.Input) map[int]bool {
	out := map[int]bool{}
	for i := range in.Requests {
		if r := &in.Requests[i]; r.Protocol == proto.DNS || r.Protocol == proto.SSRP {
			out[r.Conv] = true
		}
	}
	return out
}

// probed reports whether the quoted datagram is one that is sent to hear such an error, or that nobody waits for.
func probed(c *flow.Conversation) bool {
	to := c.Ends[1-c.ICMP.Dir]
	return to.Port() >= firstTrace && to.Port() <= lastTrace || diag.ToMany(to.Addr())
}

// late reports whether the quoted datagram is an answer, which the client does not wait for any more.
func late(c *flow.Conversation) bool {
	from, to := c.Ends[c.ICMP.Dir], c.Ends[1-c.ICMP.Dir]
	if from.Port() < systemPorts && to.Port() >= systemPorts {
		return true
	}
	return c.ICMP.Dir == 1 && (to.Port() >= systemPorts || from.Port() < systemPorts)
}

// A group is conversations for which one host says the same.
type group struct{ convs []*flow.Conversation }

// groups joins conversations that an error quotes and that have a key in common, in order of appearance. Those that other rules speak of are left out.
func groups[K comparable](in *diag.Input, key func(*flow.Conversation) (K, bool)) (out []*group) {
	spoken, index := spokenFor(in), map[K]*group{}
	for c := range in.Conversations.With(flow.Quoted) {
		k, ok := key(c)
		if !ok || spoken[c.ID] {
			continue
		}
		g := index[k]
		if g == nil {
			g = &group{}
			index[k] = g
			out = append(out, g)
		}
		g.convs = append(g.convs, c)
	}
	return out
}

// senders and targets are the ends of what was quoted, in words.
func (g *group) senders() string {
	return diag.List(diag.Distinct(g.convs, func(c *flow.Conversation) string { return c.Ends[c.ICMP.Dir].Addr().String() }), 3)
}

func (g *group) targets() string {
	return diag.List(diag.Distinct(g.convs, func(c *flow.Conversation) string { return c.Ends[1-c.ICMP.Dir].String() }), 3)
}

// errors counts the ICMP errors, and sent the packets of the sides that are quoted.
func (g *group) errors() (n int64) {
	for _, c := range g.convs {
		n += c.ICMP.Count
	}
	return n
}

func (g *group) sent() (n int64) {
	for _, c := range g.convs {
		n += c.Dir[c.ICMP.Dir].Packets
	}
	return n
}

// finding is what the findings have in common.
func (g *group) finding() diag.Finding {
	c := g.convs[0]
	var at []flow.Moment
	for _, c := range g.convs {
		at = append(at, c.ICMP.At)
	}
	return diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: c.Source, Host: c.ICMP.From.String(), Count: len(g.convs), Conversations: g.convs,
		Where: diag.Places(at...), Filter: diag.AnyOf(diag.Streams(g.convs, ""), diag.UnreachableFilter(c.ICMP)),
	}
}

// giveUp is how long applications try again when they get no answer. Who goes on for longer does not wait for any.
const giveUp = 30e9

// waits are the times in which somebody waited: conversations that got nothing but the error, and that ended.
func (g *group) waits() (out []diag.Interval) {
	for _, c := range g.convs {
		end := c.Last
		if c.ICMP.At.Pos.Number > end.Pos.Number {
			end = c.ICMP.At
		}
		if c.Dir[1-c.ICMP.Dir].Packets == 0 && end.Time-c.First.Time <= giveUp {
			out = append(out, diag.Interval{From: c.First, To: end, Conv: c})
		}
	}
	return out
}
