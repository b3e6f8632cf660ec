package dns

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

//go:embed no_reply.md
var noReplyPage string

// NoReply: a resolver does not answer (D1).
var NoReply = &diag.Rule{
	ID: "dns.no_reply", Title: "a name server does not answer", Page: noReplyPage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"},
}

func init() { NoReply.Run = noReply } // Run names the rule: a literal would be a cycle

const (
	// patience is how long the capture must go on behind a query: resolvers give up after 5 s (resolv.conf(5)).
	patience = 5 * time.Second
	// harmless is how late a name may be resolved by another query without a word.
	harmless = time.Second
	// minSure is how many queries without an answer are a pattern.
	minSure = 3
)

func noReply(in *diag.Input) (out []diag.Finding) {
	all := talks(in)
	h := historyOf(all)
	var silent []ask
	for _, t := range all {
		if t.Protocol != proto.DNS { // a connection of TCP tells by itself whether a query arrived
			continue
		}
		for _, r := range in.Unanswered(t, patience) {
			q := questionOf(t, r)
			if other := h.resolved(q, r.Asked); other.Request != nil && time.Duration(other.Last.Time-r.Asked.Time) < harmless {
				continue
			}
			if isQuery(r) && !in.Withhold(NoReply, in.Conversations.At(r.Conv)) {
				silent = append(silent, ask{t, r})
			}
		}
	}
	answered := map[resolver]int{}
	for _, t := range all {
		for _, r := range t.Requests {
			if r.First.Seen() {
				answered[resolver{t.Source, t.Server.Addr()}]++
			}
		}
	}
	for _, g := range byResolver(silent) {
		if f, ok := silence(in, h, g, answered[resolver{g[0].talk.Source, g[0].talk.Server.Addr()}]); ok {
			out = append(out, f)
		}
	}
	return out
}

// silence is the finding on what one resolver left unanswered. It is not ok for a query that nobody repeated: nobody may have waited for it.
func silence(in *diag.Input, h history, list []ask, answered int) (f diag.Finding, ok bool) {
	t := list[0].talk
	f = diag.Finding{
		Severity: diag.Warning, Confidence: diag.Possible, Source: t.Source, Host: t.Server.Addr().String(), Count: len(list),
		Conversations: conversations(in, list), Where: proof(list), Filter: filter(t),
	}
	var waits []diag.Interval
	sent, repeated := 0, false
	helpers := map[string]bool{}
	unresolved := 0
	for _, a := range list {
		q := questionOf(a.talk, a.Request)
		to := h.last(q, a.Asked)
		sent += 1 + int(a.Repeats)
		repeated = repeated || to.Number != a.Asked.Number
		if other := h.resolved(q, a.Asked); other.Request != nil {
			helpers[other.talk.Server.Addr().String()] = true
			to = other.Last
		} else {
			unresolved++
		}
		waits = append(waits, diag.Interval{From: a.talk.Moment(a.Asked), To: a.talk.Moment(to)})
	}
	if !repeated && len(list) < minSure {
		return f, false
	}
	in.Charge(&f, waits)
	what := names(list)
	asked := fmt.Sprintf("%s of %s (%s)", diag.Count(sent, "query"), diag.List(clients(list), 3), diag.List(what, 3))
	f.Summary = fmt.Sprintf("%v answers none of the %s", t.Server, asked)
	if answered > 0 {
		f.Summary = fmt.Sprintf("%v leaves %s without an answer, and answers %d others", t.Server, asked, answered)
	}
	f.Facts = []diag.Fact{
		{Name: "queries, repetitions included", Value: fmt.Sprint(sent)}, {Name: "names that nobody resolved", Value: fmt.Sprint(unresolved)},
	}
	f.RuledOut = []string{"an answer from another address: none has the number of the query"}
	f.Fix = []string{
		fmt.Sprintf("is %v a name server, and does it run? Ask it by hand (nslookup NAME %v, dig @%v NAME)", t.Server.Addr(), t.Server.Addr(), t.Server.Addr()),
		"does a firewall on the way pass UDP 53 and its answers?",
	}
	f.Record = []diag.RecordAt{{Addr: t.Server.Addr(), Question: "do the queries arrive, and does an answer leave?"}}
	rank(in, &f, list, evidence{sent, answered, repeated, len(helpers) > 0})
	return f, true
}

// evidence is what says how sure a finding is, and how bad.
type evidence struct {
	sent, answered   int // queries without an answer, repetitions included, and those with one
	repeated, helped bool
}

// rank says how sure the finding is, and how bad.
func rank(in *diag.Input, f *diag.Finding, list []ask, e evidence) {
	t := list[0].talk
	if e.helped {
		f.Summary += "; the names were resolved later"
		f.Fix = append(f.Fix, "take the server from the list of the clients, or put it last, while it does not answer")
	} else if e.answered == 0 && e.repeated {
		f.Severity = diag.Error
	}
	back := hears(in, list)
	switch c := rejected(f.Conversations); {
	case c != nil:
		f.Confidence = diag.Proven
		f.Summary += fmt.Sprintf("; %v says that it cannot be reached there (ICMP type %d code %d)", c.ICMP.From, c.ICMP.Type, c.ICMP.Code)
	case arrived(in, f.Conversations):
		f.Confidence = diag.Likely
		if in.HearsBeside(f.Conversations) {
			f.Confidence = diag.Proven
		}
		f.Summary += "; the queries are at the other point too: they arrived, and no answer left"
	case back && e.sent >= minSure:
		f.Confidence = diag.Likely
		f.RuledOut = append(f.RuledOut, "a capture without what the clients receive: it has other packets to them")
	case !back:
		f.Severity, f.Cost = diag.Note, 0
		f.Summary += "; nothing at all that was sent to " + diag.List(clients(list), 3) + " is in the capture: it may have one direction only"
	case e.answered > 0 && t.Server.Addr().IsLoopback():
		f.Severity = diag.Note
	}
}

// hears reports whether the source has packets to the clients, from others than the resolver or from it.
func hears(in *diag.Input, list []ask) bool {
	var asking []netip.Addr
	for _, a := range list {
		asking = append(asking, a.talk.Client)
	}
	return in.Hears(list[0].talk.Source, asking...)
}

// rejected is a conversation that an ICMP error from the server's side quotes, nil without one. The client's own stack sends one for an answer that comes too late.
func rejected(cs []*flow.Conversation) *flow.Conversation {
	for _, c := range cs {
		if c.ICMP != nil && c.ICMP.From != c.Ends[0].Addr() {
			return c
		}
	}
	return nil
}

// arrived reports whether all conversations are at another point as well.
func arrived(in *diag.Input, cs []*flow.Conversation) bool {
	for _, c := range cs {
		if len(in.Twins(c)) == 0 {
			return false
		}
	}
	return true
}
