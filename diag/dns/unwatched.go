package dns

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// leastUnwatched is how many slow answers are a habit of the server, where the capture cannot show who waited for them.
const leastUnwatched = 2

// unwatched makes a finding of each server whose answers are mostly slow, for clients of which the capture has nothing but questions of names: it was
// filtered, or taken where nothing else passes, and cannot show what waited.
func unwatched(in *diag.Input, all []*diag.Talk, late []ask) (out []diag.Finding) {
	type host struct {
		source int
		addr   netip.Addr
	}
	clients := map[host]bool{}
	for _, a := range late {
		clients[host{a.talk.Source, a.talk.Client}] = true
	}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return clients[host{source, a}] || clients[host{source, b}] }) {
		if !asksNames(c) {
			delete(clients, host{c.Source, c.Ends[0].Addr()})
			delete(clients, host{c.Source, c.Ends[1].Addr()})
		}
	}
	var list []ask
	for _, a := range late {
		if clients[host{a.talk.Source, a.talk.Client}] {
			list = append(list, a)
		}
	}
	times := usual(all)
	for _, g := range byResolver(list) {
		s := request.SpreadOf(times[resolver{g[0].talk.Source, g[0].talk.Server.Addr()}])
		if len(g) >= leastUnwatched && 2*len(g) >= s.N {
			out = append(out, slowAnswers(in, g, &s))
		}
	}
	return out
}

// asksNames reports whether a conversation is one with a name server, or one that needs no name: of no transport with ports.
func asksNames(c *flow.Conversation) bool {
	return c.Proto != proto.TCP && c.Proto != proto.UDP || c.Ends[0].Port() == serverPort || c.Ends[1].Port() == serverPort
}

// serverPort is that of name servers (RFC 1035, 4.2).
const serverPort = 53

func slowAnswers(in *diag.Input, g []ask, s *request.Spread) diag.Finding {
	t := g[0].talk
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Possible, Source: t.Source, Host: t.Server.Addr().String(), Count: len(g), Where: proof(g),
		Conversations: conversations(in, g), Filter: filter(t),
	}
	var lost []diag.Interval
	worst := g[0]
	for _, a := range g {
		lost = append(lost, diag.Interval{From: a.talk.Moment(a.Asked), To: a.talk.Moment(a.Last)})
		if took(a) > took(worst) {
			worst = a
		}
	}
	in.Charge(&f, lost)
	if len(g) > leastUnwatched {
		f.Confidence = diag.Likely
	}
	f.Summary = fmt.Sprintf("%v answered %d of %s after %s or more, %s at most (%s)", t.Server, len(g), diag.Count(int64(s.N), "question"), diag.Duration(leastSlow), diag.Duration(took(worst)), what(worst.Request))
	f.Facts = []diag.Fact{{Name: "median of its answers", Value: fmt.Sprintf("%s of %d", diag.Duration(time.Duration(s.Median)), s.N)}}
	f.RuledOut = []string{"a query that was lost: each was asked once"}
	f.Fix = []string{
		"look at the server and those that it asks: a far forwarder, a zone whose servers are slow, an empty cache",
		"let the client ask a nearer server, or keep names longer",
	}
	f.NextCapture = []string{"at the client, without a filter: what waits for the answers"}
	f.Record = []diag.RecordAt{{Addr: t.Server.Addr(), Question: "whom does it ask, and what do they answer?", Asks: []uint16{53}}}
	return f
}
