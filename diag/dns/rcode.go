package dns

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
)

// failures makes a finding of each server that answers queries with a status. What a server only passes on, because the one that it asks itself answered so, is that one's.
func failures(in *diag.Input, status string) (groups [][]ask, h history) {
	all := talks(in)
	h = historyOf(all)
	var list []ask
	for _, t := range all {
		for _, r := range t.Requests {
			if r.Answered() && r.Status == status && isQuery(r) && !h.passedOn(t, ask{t, r}) {
				list = append(list, ask{t, r})
			}
		}
	}
	return byResolver(list), h
}

// passedOn reports whether the server of an answer asked the same of another one meanwhile, and got the same status.
func (h history) passedOn(t *diag.Talk, a ask) bool {
	q := questionOf(t, a.Request)
	q.client = t.Server.Addr()
	return slices.ContainsFunc(h.near(q, a.Asked), func(up ask) bool {
		return up.Answered() && up.Status == a.Status && up.Asked.Number >= a.Asked.Number && up.Last.Number <= a.Last.Number
	})
}

// failure is the finding on the answers of one server with a status; says is what the status means.
func failure(in *diag.Input, h history, list []ask, says string) diag.Finding {
	t := list[0].talk
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: t.Source, Host: t.Server.Addr().String(), Count: len(list),
		Conversations: conversations(in, list), Where: proof(list), Filter: diag.AllOf(filter(t), "(dns.flags.response == 0 || dns.flags.rcode == "+fmt.Sprint(list[0].Code)+")"),
	}
	var waits []diag.Interval
	failed := map[string]bool{}
	var helpers []ask
	for _, a := range list {
		to := a.Last
		if up := h.resolved(questionOf(a.talk, a.Request), a.Last); up.Request != nil {
			to = up.Last
			helpers = append(helpers, up)
		} else if !reverse(a.Name) && !h.suffixed(a) {
			failed[strings.ToLower(a.Name)] = true
		}
		waits = append(waits, diag.Interval{From: a.talk.Moment(a.Asked), To: a.talk.Moment(to)})
	}
	others := diag.Distinct(helpers, func(a ask) string { return a.talk.Server.Addr().String() })
	in.Charge(&f, waits)
	f.Summary = fmt.Sprintf("%v answered %s of %s with %s: %s: %s", t.Server, diag.Count(len(list), "query"), diag.List(clients(list), 3), list[0].Status, says, diag.List(names(list), 3))
	f.Facts = []diag.Fact{{Name: "zones", Value: diag.List(zones(list), 5)}, {Name: "names that nobody resolved", Value: fmt.Sprint(len(failed))}}
	f.RuledOut = []string{"a server that only passes on what another told it: that one would be named"}
	switch {
	case len(failed) > 0:
	case len(others) == 0: // whoever asked does without
		f.Severity, f.Cost = diag.Note, 0
	case f.Cost < harmless:
		f.Severity = diag.Note
		f.Summary += fmt.Sprintf("; %s answered them soon after", diag.List(others, 3))
	default:
		f.Summary += fmt.Sprintf("; %s answered them %s later at most", diag.List(others, 3), diag.Duration(longest(waits)))
	}
	return f
}

// suffixed reports whether the name is one with a suffix of the client's search list behind it, and the client got an answer without the suffix.
func (h history) suffixed(a ask) bool {
	q := questionOf(a.talk, a.Request)
	for i := len(q.name) - 1; i > 0; i-- {
		if q.name[i] != '.' {
			continue
		}
		short := q
		short.name = q.name[:i]
		for _, command := range []string{"A", "AAAA", a.Command} {
			short.command = command
			for _, other := range h.near(short, a.Asked) {
				if d := time.Duration(other.Asked.Time - a.Asked.Time).Abs(); d <= related && len(other.Addrs) > 0 {
					return true
				}
			}
		}
	}
	return false
}

func longest(waits []diag.Interval) (most time.Duration) {
	for _, w := range waits {
		most = max(most, time.Duration(w.To.Time-w.From.Time))
	}
	return most
}

// reverse reports whether a name is that of an address.
func reverse(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".in-addr.arpa") || strings.HasSuffix(name, ".ip6.arpa")
}

// zones are the domains of names: what is behind the first label of those with three or more.
func zones(list []ask) []string {
	return diag.Distinct(list, func(a ask) string {
		zone := strings.ToLower(a.Name)
		if _, rest, ok := strings.Cut(zone, "."); ok && strings.Contains(rest, ".") {
			return rest
		}
		return cmp.Or(zone, ".")
	})
}
