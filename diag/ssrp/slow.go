package ssrp

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed slow.md
var slowPage string

// Slow: SQL Browser answers when its client has given up (M4).
var Slow = &diag.Rule{ID: "ssrp.slow", Title: "SQL Browser answers too late", Page: slowPage, Requests: true, Run: slow}

// leastSlow is how long an answer takes that its client hardly waits for.
const leastSlow = 990 * time.Millisecond

func slow(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		if diag.ToMany(t.Server.Addr()) {
			continue // nobody waits for the answer of one of many
		}
		asks := map[int]int{} // how often from each port of the client
		for _, r := range t.Requests {
			asks[r.Conv]++
		}
		late := slices.DeleteFunc(slices.Clone(t.Requests), func(r *request.Request) bool {
			d, ok := in.Elapsed(t.Moment(r.Asked), t.Moment(r.First))
			return !r.Answered() || !ok || d < leastSlow || !t.Measurable(in, d) || r.Repeats > 0 || asks[r.Conv] > 1
		})
		if len(late) > 0 {
			out = append(out, slowly(in, t, late))
		}
	}
	return out
}

func slowly(in *diag.Input, t *diag.Talk, late []*request.Request) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: t.Source, Host: t.Server.Addr().String(), Count: len(late), Where: shown(t.Source, late),
		Filter: t.Filter(), Conversations: conversations(in, late),
	}
	most := time.Duration(0)
	for _, r := range late {
		most = max(most, time.Duration(r.First.Time-r.Asked.Time))
	}
	in.Charge(&f, waits(late))
	f.Summary = fmt.Sprintf("SQL Browser at %v took %s for %d of %d answers to %v: its client waits for %s", t.Server, diag.Duration(most), len(late), len(t.Requests), t.Client, diag.Duration(patience))
	if names := instances(late); len(names) > 0 {
		f.Summary += fmt.Sprintf(", instance %s", diag.List(quoted(names), 3))
	}
	f.RuledOut = []string{"a query that was lost: each was asked once, and has its answer"}
	f.Fix = []string{"look at the load of the host, and at the way to it: the answer is one datagram that SQL Browser has ready", byName}
	f.Record = []diag.RecordAt{{Question: "does the host take the time, or the way?"}}
	return f
}
