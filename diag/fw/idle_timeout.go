package fw

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed idle_timeout.md
var idleTimeoutPage string

// IdleTimeout: connections die when they are used again after a pause (F2).
var IdleTimeout = &diag.Rule{
	ID: "fw.idle_timeout", Title: "connections die when they are used after a pause", Page: idleTimeoutPage, Requests: true, WithheldBy: []string{"cap.drops.reported"},
}

func init() { IdleTimeout.Run = idleTimeout } // Run names the rule: a literal would be a cycle

// limits are the times after which devices and clouds are known to forget idle connections, as they are set when nobody changes them.
var limits = []struct {
	after time.Duration
	of    string
}{
	{60 * time.Second, "60 s: AWS Application Load Balancer, many proxies"},
	{240 * time.Second, "4 minutes: Azure Load Balancer and its outbound translation"},
	{300 * time.Second, "5 minutes: many firewalls and proxies"},
	{350 * time.Second, "350 s: AWS NAT Gateway and Network Load Balancer"},
	{600 * time.Second, "10 minutes: Google Cloud firewall"},
	{900 * time.Second, "15 minutes: some firewalls"},
	{3600 * time.Second, "1 hour: many firewalls"},
}

// minSure is how many connections make a pattern.
const minSure = 3

func idleTimeout(in *diag.Input) (out []diag.Finding) {
	groups := map[diag.Server][]*diag.IdleEnd{}
	var order []diag.Server
	for _, e := range in.IdleEnds() {
		if in.Withhold(IdleTimeout, e.Conv) {
			continue
		}
		k := diag.Server{Source: e.Conv.Source, Addr: e.Conv.Ends[1].Addr()}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], e)
	}
	if len(order) == 0 {
		return nil
	}
	survived, later := in.Survived(), accepted(in, groups)
	for _, k := range order {
		out = append(out, forgotten(in, groups[k], survived[k], later))
	}
	return out
}

func forgotten(in *diag.Input, list []*diag.IdleEnd, survived time.Duration, later map[pair]*flow.Conversation) diag.Finding {
	first := list[0]
	shortest := slices.MinFunc(list, func(a, b *diag.IdleEnd) int { return cmp.Compare(a.Idle(), b.Idle()) })
	longest := slices.MaxFunc(list, func(a, b *diag.IdleEnd) int { return cmp.Compare(a.Idle(), b.Idle()) })
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Possible, Source: first.Conv.Source, Host: first.Conv.Ends[1].Addr().String(), Count: len(list),
	}
	var lost []diag.Interval
	resets, exact := 0, 0
	for _, e := range list {
		f.Where = append(f.Where, e.From.Pos, e.To.Pos, e.End.Pos)
		f.Conversations = append(f.Conversations, e.Conv)
		lost = append(lost, diag.Interval{From: e.To, To: e.End})
		if e.Reset {
			resets++
		}
		if e.Exact {
			exact++
		}
	}
	f.Where = ordered(f.Where)
	f.Filter = diag.Streams(f.Conversations, diag.EndpointFilter(first.Conv.Ends[1], first.Conv))
	in.Charge(&f, lost)
	f.Summary = fmt.Sprintf("%s with %v died when used again after a pause of %s: %s", diag.Count(len(list), "connection"), first.Conv.Ends[1].Addr(), pauses(shortest.Idle(), longest.Idle()), manner(resets, len(list)))
	f.Facts = []diag.Fact{{Name: "shortest pause that ended one", Value: diag.Duration(shortest.Idle())}}
	if survived > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "longest pause that was survived", Value: diag.Duration(survived)})
	}
	fits := known(survived, shortest.Idle())
	for _, text := range fits {
		f.Facts = append(f.Facts, diag.Fact{Name: "a limit that fits", Value: text})
	}
	alive := again(list, later)
	if alive != nil {
		f.RuledOut = append(f.RuledOut, fmt.Sprintf("a server that is down: it accepts a connection in frame %d", alive.TCP.SYNACK.Pos.Number))
	}
	f.RuledOut = append(f.RuledOut, "a side that closed on its own: there is no FIN")
	if len(list) >= minSure && survived < shortest.Idle() && alive != nil {
		f.Confidence = diag.Likely
	}
	if exact < len(list) {
		f.Facts = append(f.Facts, diag.Fact{Name: "pauses from the last data of the other side", Value: fmt.Sprintf("%d of %d: it may have acknowledged more since", len(list)-exact, len(list))})
	}
	f.Fix = []string{
		fmt.Sprintf("let one side send keep-alives more often than every %s (TCP keep-alive, or the application's own), or close idle connections sooner", keepAlive(shortest.Idle(), fits)),
		"or raise the time limit of the firewall, the address translation or the load balancer on the way",
	}
	f.Record = []diag.RecordAt{{Question: "for longer than the pause: what one end sends behind it, does the other end see it, and who sends the reset?"}}
	return f
}

func pauses(shortest, longest time.Duration) string {
	if a, b := diag.Duration(shortest), diag.Duration(longest); a != b {
		return a + " to " + b
	}
	return diag.Duration(shortest)
}

// manner is how they died.
func manner(resets, n int) string {
	switch {
	case resets == n:
		return "what was sent then was answered by a reset"
	case resets == 0:
		return "what was sent then was repeated and never acknowledged"
	}
	return fmt.Sprintf("%d times a reset, %d times no answer at all", resets, n-resets)
}

// known are the limits that lie between the longest pause that was survived and the shortest that was not; the longest first, at most two.
func known(survived, died time.Duration) (out []string) {
	for _, l := range slices.Backward(limits) {
		if l.after > survived && l.after <= died+died/50 && len(out) < 2 {
			out = append(out, l.of)
		}
	}
	return out
}

// keepAlive is how often to send.
func keepAlive(shortest time.Duration, fits []string) string {
	every := shortest / 2
	for _, l := range limits {
		if slices.Contains(fits, l.of) {
			every = min(every, l.after/2)
		}
	}
	return diag.Duration(every.Truncate(time.Second))
}

// pair is a client and a server in a source.
type pair struct {
	source         int
	client, server netip.Addr
}

func pairOf(c *flow.Conversation) pair { return pair{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()} }

// accepted are the last connections that the servers accepted from the clients of those that died.
func accepted(in *diag.Input, groups map[diag.Server][]*diag.IdleEnd) map[pair]*flow.Conversation {
	wanted := map[pair]bool{}
	for _, list := range groups {
		for _, e := range list {
			wanted[pairOf(e.Conv)] = true
		}
	}
	out := map[pair]*flow.Conversation{}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return wanted[pair{source, a, b}] }) {
		if k := pairOf(c); c.TCP.Established && c.TCP.SYNACK.Seen() && (out[k] == nil || c.TCP.SYNACK.Pos.Number > out[k].TCP.SYNACK.Pos.Number) {
			out[k] = c
		}
	}
	return out
}

// again is a connection that the server of one of them accepted afterwards; nil without one.
func again(list []*diag.IdleEnd, later map[pair]*flow.Conversation) *flow.Conversation {
	for _, e := range list {
		if c := later[pairOf(e.Conv)]; c != nil && c.TCP.SYNACK.Pos.Number > e.To.Pos.Number {
			return c
		}
	}
	return nil
}
