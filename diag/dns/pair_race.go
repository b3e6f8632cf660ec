package dns

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed pair_race_5s.md
var pairRacePage string

// PairRace: of two queries from one port at the same time one is lost, again and again (D6).
var PairRace = &diag.Rule{ID: "dns.pair_race_5s", Title: "one of two queries sent at once gets lost, and 5 seconds with it", Page: pairRacePage, Requests: true, WithheldBy: []string{"cap.drops.reported", "cap.oneway"}}

func init() { PairRace.Run = pairRace } // Run names the rule: a literal would be a cycle

const (
	// atOnce is how close to each other the two queries of a pair are.
	atOnce = time.Millisecond
	// retryAfter is the time-out of the resolver of glibc (resolv.conf(5)), and retryLate how much later the repetition may be seen: the
	// other query of the pair is repeated, and answered, before it.
	retryAfter = 5 * time.Second
	retryEarly = 50 * time.Millisecond
	retryLate  = 500 * time.Millisecond
	// minPairs is how often it must have happened: a query may be lost by chance.
	minPairs = 3
)

// pairRace makes one finding of each client: its own connection tracking, or that next to it, loses them.
func pairRace(in *diag.Input) (out []diag.Finding) {
	races, others := map[asker][]ask{}, map[asker]int{}
	var order []asker
	for _, t := range talks(in) {
		byConv := map[int][]*request.Request{}
		for _, r := range t.Requests {
			if isAddress(r) && !in.Withhold(PairRace, in.Conversations.At(r.Conv)) {
				byConv[r.Conv] = append(byConv[r.Conv], r)
			}
		}
		k := asker{t.Source, t.Client}
		for _, r := range t.Requests {
			switch partner, late := partnerOf(byConv[r.Conv], r), again(r); {
			case !late || !isAddress(r):
			case partner != nil && partner.First.Seen() && partner.First.Time < r.Again.Time && !again(partner):
				if races[k] == nil {
					order = append(order, k)
				}
				races[k] = append(races[k], ask{t, r})
			default:
				others[k]++
			}
		}
	}
	for _, k := range order {
		if list := races[k]; len(list) >= minPairs && len(list) > others[k] {
			out = append(out, raced(in, list, others[k]))
		}
	}
	return out
}

// again reports whether a query was asked again after the time-out.
func again(r *request.Request) bool {
	if !r.Again.Seen() || r.Asked.Time == r.Again.Time {
		return false
	}
	d := time.Duration(r.Again.Time-r.Asked.Time) - retryAfter
	return r.Repeats == 1 && d >= -retryEarly && d <= retryLate
}

// partnerOf is the query for the other family of the same name that was sent at once from the same port; nil without one.
func partnerOf(list []*request.Request, r *request.Request) *request.Request {
	for _, other := range list {
		if other != r && other.Name == r.Name && other.Command != r.Command && time.Duration(other.Asked.Time-r.Asked.Time).Abs() <= atOnce {
			return other
		}
	}
	return nil
}

func raced(in *diag.Input, list []ask, others int) diag.Finding {
	t := list[0].talk
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Source: t.Source, Host: t.Client.String(), Count: len(list),
		Conversations: conversations(in, list), Where: proof(list),
	}
	f.Filter = diag.AllOf(diag.Streams(f.Conversations, filter(t)), "dns")
	var waits []diag.Interval
	servers := map[bool]int{}
	for _, a := range list {
		to := a.Again
		if a.Last.Seen() {
			to = a.Last
		}
		waits = append(waits, diag.Interval{From: a.talk.Moment(a.Asked), To: a.talk.Moment(to), Conv: in.Conversations.At(a.Conv)})
		servers[a.Last.Seen()]++
	}
	in.Charge(&f, waits)
	f.Summary = fmt.Sprintf("%s of %v lost one of its two queries (A and AAAA, sent at once from one port) and waited 5 s for it: %s",
		diag.Count(len(list), "lookup"), t.Client, diag.List(names(list), 3))
	f.Facts = []diag.Fact{
		{Name: "answered when asked again", Value: fmt.Sprintf("%d of %d", servers[true], len(list))},
		{Name: "other queries that were lost", Value: fmt.Sprint(others)},
	}
	f.RuledOut = []string{"loss by chance: it takes one of a pair each time, and other queries less often", "a name server that is down: it answered the other query of each pair"}
	f.Fix = []string{
		"let the resolver send one query after the other: \"options single-request-reopen\" in resolv.conf (glibc), or use-vc for TCP",
		"in Kubernetes: a cache on each node (NodeLocal DNSCache), which keeps DNS out of connection tracking",
		"a kernel of 5.0 or later has most of the race in connection tracking fixed; conntrack -S counts it (insert_failed)",
	}
	return f
}
