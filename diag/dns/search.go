package dns

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
)

//go:embed search_amplify.md
var searchPage string

// SearchAmplify: a client asks for a name with every suffix of its list before it asks for the name itself (D3).
var SearchAmplify = &diag.Rule{ID: "dns.search_amplify", Title: "names are asked for with every suffix of a list first", Page: searchPage, Requests: true, Run: searchAmplify}

const (
	// minSuffixes is how many names that do not exist come before the one that does.
	minSuffixes = 3
	// minAmplified is the part of the queries of a client that they are at least.
	minAmplified = 0.2
	// leastSearch is how much time they cost in all to be more than a note.
	leastSearch = time.Second
)

// A search is a name that exists, with the queries before it that had a suffix behind it.
type search struct {
	found ask
	vain  []ask
}

// asker is a client in a source.
type asker struct {
	source int
	client netip.Addr
}

func searchAmplify(in *diag.Input) (out []diag.Finding) {
	all := talks(in)
	vain := suffixed(all)
	searches, queries := map[asker][]search{}, map[asker]int{}
	var order []asker
	for _, t := range all {
		k := asker{t.Source, t.Client}
		for _, r := range t.Requests {
			queries[k]++
			a := ask{t, r}
			if !isAddress(r) || !r.Answered() || r.Failed {
				continue
			}
			if list := within(vain[questionOf(t, r)], a); len(list) >= minSuffixes {
				if searches[k] == nil {
					order = append(order, k)
				}
				searches[k] = append(searches[k], search{a, list})
			}
		}
	}
	for _, k := range order {
		n := 0
		for _, s := range searches[k] {
			n += len(s.vain)
		}
		if float64(n) >= minAmplified*float64(queries[k]) {
			out = append(out, amplified(in, searches[k], n, queries[k]))
		}
	}
	return out
}

// suffixed are the queries for names that do not exist, in order of asking, by the names that exist and that they are with a suffix.
func suffixed(all []*diag.Talk) map[question][]ask {
	exist := map[question]bool{}
	for _, t := range all {
		for _, r := range t.Requests {
			if isAddress(r) && r.Answered() && !r.Failed {
				exist[questionOf(t, r)] = true
			}
		}
	}
	out := map[question][]ask{}
	for _, t := range all {
		for _, r := range t.Requests {
			if !isAddress(r) || r.Status != "NXDOMAIN" {
				continue
			}
			q := questionOf(t, r)
			for name := q.name; ; {
				i := strings.LastIndexByte(name, '.')
				if i < 0 {
					break
				}
				name = name[:i]
				if q.name = name; exist[q] {
					out[q] = append(out[q], ask{t, r})
				}
			}
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b ask) int { return cmp.Compare(a.Asked.Time, b.Asked.Time) })
	}
	return out
}

// within are those of a list that belong to the attempt of which one is the end: answered before it was asked, one after another.
func within(list []ask, end ask) (out []ask) {
	from, _ := slices.BinarySearchFunc(list, end.Asked.Time-int64(related), func(a ask, t int64) int { return cmp.Compare(a.Asked.Time, t) })
	names := map[string]bool{}
	for _, a := range list[from:min(len(list), from+maxNear)] {
		if a.Last.Number < end.Asked.Number && !names[a.Name] {
			names[a.Name] = true
			out = append(out, a)
		}
	}
	return out
}

func amplified(in *diag.Input, list []search, n, queries int) diag.Finding {
	first := list[0]
	t := first.found.talk
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: t.Source, Host: t.Client.String(), Count: len(list)}
	var waits []diag.Interval
	var asks, found []ask
	for _, s := range list {
		asks, found = append(append(asks, s.vain...), s.found), append(found, s.found)
		waits = append(waits, diag.Interval{From: s.vain[0].talk.Moment(s.vain[0].Asked), To: s.found.talk.Moment(s.found.Asked)})
	}
	f.Conversations, f.Where, f.Filter = conversations(in, asks), proof(asks), fromClient(t)
	if in.Charge(&f, waits) && f.Cost >= leastSearch {
		f.Severity = diag.Warning
	}
	f.Summary = fmt.Sprintf("%v asked for %d names that do not exist before it asked for %s itself: %s with a suffix first, such as %s",
		t.Client, n, diag.List(hosts(found), 3), diag.Count(len(list), "lookup"), first.vain[0].Name)
	f.Facts = []diag.Fact{{Name: "queries with a suffix, of all of this client", Value: fmt.Sprintf("%d of %d", n, queries)}}
	f.RuledOut = []string{"a name that is missing: it exists without the suffix"}
	f.Fix = []string{
		"write such names with a dot at the end, or in full",
		"lower ndots to 2 or 1 in resolv.conf (in Kubernetes: dnsConfig.options of the pod; it is 5 there), or shorten the list of suffixes",
	}
	return f
}

// fromClient shows the queries of a client, whomever it asks, with the answers.
func fromClient(t *diag.Talk) string {
	end := "ip.addr"
	if !t.Client.Is4() {
		end = "ipv6.addr"
	}
	return fmt.Sprintf("dns && %s == %v", end, t.Client.WithZone(""))
}
