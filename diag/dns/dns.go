// Package dns holds the diagnoses of the resolution of names: what a resolver
// does not answer, refuses, or takes long for.
package dns

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{NoReply, ServFail, Refused, Slow, OtherSource, SearchAmplify, PairRace, BadRecord}
}

// talks are those of the protocol over UDP and TCP, without questions to many (a resolver is one host).
func talks(in *diag.Input) (out []*diag.Talk) {
	for _, t := range in.Talks() {
		if (t.Protocol == proto.DNS || t.Protocol == proto.DNSStream) && !diag.ToMany(t.Server.Addr()) {
			out = append(out, t)
		}
	}
	return out
}

// A question is what a client wants to know, whomever it asks.
type question struct {
	source        int
	client        netip.Addr
	name, command string
}

func questionOf(t *diag.Talk, r *request.Request) question {
	return question{t.Source, t.Client, strings.ToLower(r.Name), r.Command}
}

// An ask is a question to one resolver.
type ask struct {
	talk *diag.Talk
	*request.Request
}

// A history is what clients asked, by question, in the order of asking.
type history map[question][]ask

func historyOf(list []*diag.Talk) history {
	h := history{}
	for _, t := range list {
		for _, r := range t.Requests {
			q := questionOf(t, r)
			h[q] = append(h[q], ask{t, r})
		}
	}
	for _, asks := range h {
		slices.SortStableFunc(asks, func(a, b ask) int { return cmp.Compare(a.Asked.Time, b.Asked.Time) })
	}
	return h
}

// related is how far apart two queries for a name may be to belong to one attempt to resolve it: resolvers give up after some 10 s (resolv.conf(5)
// with its defaults: two rounds of 5 s).
const related = 15 * time.Second

// maxNear bounds the queries that one is compared with.
const maxNear = 256

// near are the queries for the same within the time of an attempt before and behind a moment, in order.
func (h history) near(q question, at request.Mark) []ask {
	all := h[q]
	from, _ := slices.BinarySearchFunc(all, at.Time-int64(related), func(a ask, t int64) int { return cmp.Compare(a.Asked.Time, t) })
	all = all[from:]
	to, _ := slices.BinarySearchFunc(all, at.Time+int64(related)+1, func(a ask, t int64) int { return cmp.Compare(a.Asked.Time, t) })
	return all[:min(to, maxNear)]
}

// resolved is the first answer to the same question that is one (the name exists, or not) and comes after the moment; zero without one in the time of an attempt.
func (h history) resolved(q question, from request.Mark) (a ask) {
	for _, other := range h.near(q, from) {
		switch d := time.Duration(other.Last.Time - from.Time); {
		case !other.Answered() || other.Failed && other.Status != "NXDOMAIN" || other.Last.Number < from.Number || d > related:
		case a.Request == nil || other.Last.Number < a.Last.Number:
			a = other
		}
	}
	return a
}

// last is the last time that the question was asked in the attempt that begins with the moment.
func (h history) last(q question, from request.Mark) request.Mark {
	last := from
	for _, other := range h.near(q, from) {
		for _, m := range [...]request.Mark{other.Asked, other.Again} {
			if m.Number > last.Number && time.Duration(m.Time-last.Time) <= related {
				last = m
			}
		}
	}
	return last
}

// isQuery reports whether a request is a query: not an update, not a notification.
func isQuery(r *request.Request) bool {
	switch r.Command {
	case "", "IQUERY", "STATUS", "NOTIFY", "UPDATE", "DSO":
		return false
	}
	return true
}

// names are those of a list, in order, each once, with their types.
func names(list []ask) []string {
	return diag.Distinct(list, func(a ask) string { return what(a.Request) })
}

// what is a question in words: "A www.example.com".
func what(r *request.Request) string {
	const most = 60
	name := r.Name
	if len(name) > most {
		name = name[:most] + "..."
	}
	return r.Command + " " + cmp.Or(name, ".")
}

// clients are those that asked, in order, each once.
func clients(list []ask) []string {
	return diag.Distinct(list, func(a ask) string { return a.talk.Client.String() })
}

// conversations are those of a list, each once.
func conversations(in *diag.Input, list []ask) (out []*flow.Conversation) {
	seen := map[int]bool{}
	for _, a := range list {
		if !seen[a.Conv] {
			seen[a.Conv] = true
			out = append(out, in.Conversations.At(a.Conv))
		}
	}
	return out
}

// proof are the records of questions and of the first bytes of answers, in order, as many as a finding has.
func proof(list []ask) (out []trace.Pos) {
	const most = 20
	for _, a := range list {
		for _, m := range [...]request.Mark{a.Asked, a.Again, a.First} {
			if m.Seen() {
				out = append(out, a.talk.Pos(m))
			}
		}
		if len(out) >= most {
			break
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

// filter shows what passes between clients and a resolver.
func filter(t *diag.Talk) string {
	end := "ip.addr"
	if !t.Server.Addr().Is4() {
		end = "ipv6.addr"
	}
	return fmt.Sprintf("dns && %s == %v", end, t.Server.Addr().WithZone(""))
}

// resolver is a server in a source, by which findings are grouped: what it does to many clients has one cause.
type resolver struct {
	source int
	addr   netip.Addr
}

// byResolver groups a list by the server that was asked.
func byResolver(list []ask) [][]ask {
	return diag.Groups(list, func(a ask) resolver { return resolver{a.talk.Source, a.talk.Server.Addr()} })
}
