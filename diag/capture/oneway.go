package capture

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed oneway.md
var onewayPage string

// OneWay: only one direction was captured (Q3).
var OneWay = &diag.Rule{ID: "cap.oneway", Title: "only one direction was captured", Page: onewayPage, Quality: true, Run: oneway}

// minOneWay is how many packets of one direction show that the other is missing, when the handshake is not there to show it.
const minOneWay = 10

// answerRules take a missing answer for a fault.
var answerRules = []string{"tcp.syn.silent", "ssrp.no_reply", "dns.no_reply"}

// windowRules need the other side's windows and acknowledgements.
var windowRules = []string{"tcp.zero_window", "tcp.limit.app_rx", "mtu.blackhole"}

// unheard is what one source has of connections with one direction.
type unheard struct {
	oneway []*flow.Conversation
	silent map[netip.Addr]bool    // whose packets are missing
	pairs  map[[2]netip.Addr]bool // from whom to whom they are missing
}

func oneway(in *diag.Input) []diag.Finding {
	bySource := map[int]*unheard{}
	for c := range in.Conversations.With(flow.OneSided) {
		u := bySource[c.Source]
		if u == nil {
			u = &unheard{silent: map[netip.Addr]bool{}, pairs: map[[2]netip.Addr]bool{}}
			bySource[c.Source] = u
		}
		u.add(c)
	}
	var out []diag.Finding
	for i := range in.Sources {
		if u := bySource[i]; u != nil && len(u.oneway) > 0 {
			out = append(out, u.finding(in, i))
		}
	}
	return out
}

// bothWays reports whether some connection of the source was captured both ways.
func bothWays(in *diag.Input, source int) bool {
	for c := range in.Conversations.All() {
		if c.Source == source && c.TCP != nil && c.Dir[0].Packets > 0 && c.Dir[1].Packets > 0 {
			return true
		}
	}
	return false
}

func (u *unheard) add(c *flow.Conversation) {
	heard := 0
	if c.Dir[0].Packets == 0 {
		heard = 1
	}
	side := &c.TCP.Sides[heard]
	// An acknowledgement after the own SYN, or one that moves on, is the answer to packets that are not here.
	afterSYN := heard == 0 && c.TCP.SYN.Seen() && side.AckSent != 0
	movesOn := side.AckSent != 0 && side.AckSent != side.FirstAck && c.Dir[heard].Packets >= minOneWay
	if !afterSYN && !movesOn {
		return
	}
	u.oneway = append(u.oneway, c)
	from, to := c.Ends[1-heard].Addr(), c.Ends[heard].Addr()
	u.silent[from] = true
	u.pairs[[2]netip.Addr{from, to}] = true
}

// touches reports whether the answers of the conversation's server would be missing as well.
func (u *unheard) touches(c *flow.Conversation, heard map[netip.Addr]bool) bool {
	if c.Dir[1].Packets > 0 {
		return false
	}
	server := c.Ends[1].Addr()
	return u.pairs[[2]netip.Addr{server, c.Ends[0].Addr()}] || u.silent[server] && !heard[server]
}

func (u *unheard) finding(in *diag.Input, source int) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: source, Count: len(u.oneway), Silences: slices.Concat(answerRules, windowRules),
		Everywhere: !bothWays(in, source), Filter: diag.StreamFilter(u.oneway),
		Fix:      []string{"capture at one of the hosts, or mirror both directions", "check that the capture filter names no direction"},
		RuledOut: []string{"an answer that was never sent: what was captured acknowledges it"},
	}
	heard := map[netip.Addr]bool{}
	for _, h := range in.Hosts {
		if h.Source == source && h.Sent.Packets > 0 {
			heard[h.Addr] = true
		}
	}
	listed := map[*flow.Conversation]bool{}
	for _, c := range u.oneway {
		f.Where = append(f.Where, c.First.Pos)
		f.Conversations = append(f.Conversations, c)
		listed[c] = true
	}
	for c := range in.Conversations.With(flow.OneSided) {
		if c.Source == source && !listed[c] && u.touches(c, heard) {
			f.Conversations = append(f.Conversations, c)
		}
	}
	first := u.oneway[0]
	missing := 0
	if first.Dir[0].Packets > 0 {
		missing = 1
	}
	f.Why = fmt.Sprintf("the capture has no packet from %v to %v", first.Ends[missing].Addr(), first.Ends[1-missing].Addr())
	if f.Everywhere {
		f.Why = "the capture has one direction only"
	}
	f.Summary = fmt.Sprintf("only one direction of %s was captured: no packet from %v, although %v acknowledges what it sent", connections(u.oneway), first.Ends[missing], first.Ends[1-missing])
	if f.Count > 1 {
		f.Summary += " (the first of them)"
	}
	return f
}
