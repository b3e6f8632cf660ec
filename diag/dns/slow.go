package dns

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed slow.md
var slowPage string

// Slow: a connection waits for the resolution of its name (D4).
var Slow = &diag.Rule{ID: "dns.slow", Title: "a connection waits for a slow name server", Page: slowPage, Requests: true, Run: slow}

const (
	// leastSlow is how long an answer takes that somebody notices.
	leastSlow = 200 * time.Millisecond
	// follows is how soon after the answer a connection begins that waited for it.
	follows = 100 * time.Millisecond
	// together is how close to each other a client asks for the addresses of both families of one name.
	together = 100 * time.Millisecond
)

// A wait is a slow answer and the conversation that waited for it.
type wait struct {
	ask
	conv *flow.Conversation
}

// reach is a client and an address that an answer gave it.
type reach struct {
	source       int
	client, addr netip.Addr
}

func slow(in *diag.Input) (out []diag.Finding) {
	all := talks(in)
	h := historyOf(all)
	candidates := map[reach]bool{}
	var late []ask
	for _, t := range all {
		for _, r := range t.Requests {
			if !isAddress(r) || len(r.Addrs) == 0 && r.Command == "A" || !tookLong(in, t, r) || h.retried(ask{t, r}) {
				continue
			}
			late = append(late, ask{t, r})
			for _, a := range h.addresses(t, r) {
				candidates[reach{t.Source, t.Client, a}] = true
			}
		}
	}
	if len(late) == 0 {
		return nil
	}
	began := map[reach][]*flow.Conversation{}
	for c := range in.Conversations.Between(func(source int, a, b netip.Addr) bool { return candidates[reach{source, a, b}] }) {
		k := reach{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()}
		began[k] = append(began[k], c)
	}
	var waits []wait
	var others []ask
	for _, a := range late {
		if c := h.waiter(in, a, began); c != nil {
			waits = append(waits, wait{a, c})
		} else {
			others = append(others, a)
		}
	}
	return append(findings(in, all, waits), unwatched(in, all, others)...)
}

func isAddress(r *request.Request) bool { return r.Command == "A" || r.Command == "AAAA" }

func tookLong(in *diag.Input, t *diag.Talk, r *request.Request) bool {
	if !r.Answered() || r.Failed {
		return false
	}
	d, ok := in.Elapsed(t.Moment(r.Asked), t.Moment(r.Last))
	return ok && d >= leastSlow && t.Measurable(in, d)
}

// retried reports whether the question was asked more than once until it was answered: the time went to a query or an answer that was lost, which is dns.no_reply.
func (h history) retried(a ask) bool {
	if a.Repeats > 0 {
		return true
	}
	for _, other := range h.near(questionOf(a.talk, a.Request), a.Asked) {
		if other.Request != a.Request && other.Asked.Number < a.Last.Number && a.Asked.Time-other.Asked.Time < int64(related) && (!other.Answered() || other.Last.Number > a.Asked.Number) {
			return true
		}
	}
	return false
}

// addresses are those of the name, of both families, from queries of the client at about the same time.
func (h history) addresses(t *diag.Talk, r *request.Request) (out []netip.Addr) {
	out = slices.Clone(r.Addrs)
	q := questionOf(t, r)
	for _, command := range []string{"A", "AAAA"} {
		if q.command = command; command == r.Command {
			continue
		}
		for _, other := range h.near(q, r.Asked) {
			if d := time.Duration(other.Asked.Time - r.Asked.Time).Abs(); d <= together && other.Last.Number <= r.Last.Number {
				out = append(out, other.Addrs...)
			}
		}
	}
	return out
}

// waiter is the conversation that began as soon as the answer was there, to one of the addresses, while none had begun since the question; nil without one.
func (h history) waiter(in *diag.Input, a ask, began map[reach][]*flow.Conversation) (found *flow.Conversation) {
	for _, addr := range h.addresses(a.talk, a.Request) {
		for _, c := range began[reach{a.talk.Source, a.talk.Client, addr}] {
			if c.Last.Pos.Number < a.Asked.Number {
				continue
			}
			if c.First.Pos.Number < a.Last.Number { // the client had the address from elsewhere
				return nil
			}
			d, ok := in.Elapsed(a.talk.Moment(a.Last), c.First)
			if ok && d <= follows && (found == nil || c.First.Pos.Number < found.First.Pos.Number) {
				found = c
			}
		}
	}
	return found
}

// findings makes one of each server.
func findings(in *diag.Input, all []*diag.Talk, waits []wait) (out []diag.Finding) {
	var list []ask
	waiter := map[*request.Request]*flow.Conversation{}
	for _, w := range waits {
		list = append(list, w.ask)
		waiter[w.Request] = w.conv
	}
	times := usual(all)
	for _, g := range byResolver(list) {
		t := g[0].talk
		f := diag.Finding{
			Severity: diag.Warning, Confidence: diag.Likely, Source: t.Source, Host: t.Server.Addr().String(), Count: len(g), Where: proof(g),
			Conversations: conversations(in, g),
		}
		var lost []diag.Interval
		worst, known := g[0], map[*flow.Conversation]bool{}
		for _, a := range g {
			lost = append(lost, diag.Interval{From: a.talk.Moment(a.Asked), To: a.talk.Moment(a.Last)})
			if took(a) > took(worst) {
				worst = a
			}
			conv := waiter[a.Request]
			if !known[conv] {
				known[conv] = true
				f.Conversations = append(f.Conversations, conv)
			}
			if len(f.Facts) < 5 {
				f.Facts = append(f.Facts, diag.Fact{Name: "waited", Value: fmt.Sprintf("frame %d: %s, %s, then frame %d to %v", a.Asked.Number, what(a.Request), diag.Duration(took(a)), conv.First.Pos.Number, conv.Ends[1])})
			}
		}
		in.Charge(&f, lost)
		f.Summary = fmt.Sprintf("%s waited for %v to resolve %s: %s at most (%s)", diag.Count(len(g), "connection"), t.Server, diag.List(hosts(g), 3), diag.Duration(took(worst)), what(worst.Request))
		if s := request.SpreadOf(times[resolver{t.Source, t.Server.Addr()}]); s.N > len(g) {
			f.Facts = append(f.Facts, diag.Fact{Name: "median of its answers", Value: fmt.Sprintf("%s of %d", diag.Duration(time.Duration(s.Median)), s.N)})
		}
		f.RuledOut = []string{"a query that was lost: each was asked once", "names that nobody waited for: a connection to the address followed within " + diag.Duration(follows)}
		f.Fix = []string{
			"look at the server and those that it asks: a far forwarder, a zone whose servers are slow, an empty cache",
			"let the client ask a nearer server, or keep names longer",
		}
		f.Record = []diag.RecordAt{{Addr: t.Server.Addr(), Question: "whom does it ask, and what do they answer?", Asks: []uint16{53}}}
		f.Filter = filter(t)
		out = append(out, f)
	}
	return out
}

func took(a ask) time.Duration { return time.Duration(a.Last.Time - a.Asked.Time) }

// hosts are the names, each once.
func hosts(list []ask) []string {
	return diag.Distinct(list, func(a ask) string { return strings.ToLower(a.Name) })
}

// usual are the times of the answers of each server.
func usual(all []*diag.Talk) map[resolver][]int64 {
	out := map[resolver][]int64{}
	for _, t := range all {
		k := resolver{t.Source, t.Server.Addr()}
		for _, r := range t.Requests {
			if ns, ok := r.Whole(); ok {
				out[k] = append(out[k], ns)
			}
		}
	}
	return out
}
