package app

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed client_time.md
var clientTimePage string

// ClientTime: the client pauses between its requests (T34).
var ClientTime = &diag.Rule{ID: "app.client_time", Title: "the client pauses between its requests", Page: clientTimePage, Requests: true, Run: clientTime}

const (
	// leastRequests make an operation of many steps: a user who clicks makes fewer without a second in between.
	leastRequests = 10
	// leastContent is how many bytes an operation moves that somebody waits for.
	leastContent = 64 << 10
	// leastPaused is the least time that is worth a word.
	leastPaused = 300 * time.Millisecond
)

// clientTime makes one finding of each client and the server that it asks.
func clientTime(in *diag.Input) (out []diag.Finding) {
	talks(in, func(t *diag.Talk) {
		var spells []diag.Spell
		var all diag.Parts
		for _, s := range t.Spells() {
			p := s.Parts()
			if len(s.Requests) < leastRequests || s.Moved < leastContent || !s.Timed(in) || float64(p.Client) < share*float64(p.Total) || Polls(s.Requests) ||
				!t.Measurable(in, p.Client/time.Duration(max(len(p.Pauses), 1))) {
				continue
			}
			spells = append(spells, s)
			all.Add(p)
		}
		if all.Client < leastPaused || len(all.Pauses) < pattern || !in.Alone(t) {
			return
		}
		out = append(out, pausing(in, t, spells, &all))
	})
	return out
}

// Polls reports whether requests ask for the same again and again: whoever looks for news pauses on purpose.
func Polls(list []*request.Request) bool {
	type key struct {
		command, name string
		offset        int64
	}
	seen := map[key]bool{}
	for _, r := range list {
		seen[key{r.Command, withoutQuery(r.Name), r.Offset}] = true
	}
	return len(seen)*2 < len(list)
}

func pausing(in *diag.Input, t *diag.Talk, spells []diag.Spell, p *diag.Parts) diag.Finding {
	pauses := slices.Clone(p.Pauses)
	slices.SortStableFunc(pauses, func(a, b request.Pause) int { return cmp.Compare(b.Length(), a.Length()) })
	n := 0
	for i := range spells {
		n += len(spells[i].Requests)
	}
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Cost: in.Within(p.Client, spells), Lost: diag.TimesOf(spells, budget.Client), Count: len(pauses), Source: t.Source, Host: t.Client.String(),
		Conversations: t.Conversations, Filter: t.Filter(), Facts: p.Facts(),
		Summary: fmt.Sprintf("%v paused for %s of the %s that its %d %s requests to %v took (%s): %s, the longest %s", t.Client, diag.Duration(p.Client),
			diag.Duration(p.Total), n, name(t.Protocol), t.Server, diag.Percent(p.Client, p.Total), diag.Count(len(pauses), "pause"), diag.Duration(time.Duration(pauses[0].Length()))),
		RuledOut: []string{
			"the server: nothing was asked that it had not answered",
			"the network: the way from the client is taken off each pause",
			"other work of the client on the network: it did little else in this capture",
		},
		Fix:         []string{fmt.Sprintf("look at the program at %v between its requests: its processor time, the disk that it writes to, a scanner", t.Client), "ask for the next piece before the last one is worked up"},
		NextCapture: []string{"Process Monitor on the client, at the same time: it shows what the program did in the pauses"},
	}
	var proof []request.Mark
	for _, pause := range pauses[:min(len(pauses), maxSlowest)] {
		proof = append(proof, pause.From, pause.To)
	}
	f.Where = t.Marks(proof...)
	if in.Session != nil {
		if e := in.Session.Endpoints[t.Conversations[0].ID]; e != nil {
			f.Process = e.Process
		}
	}
	return f
}
