package app

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed chatty.md
var chattyPage string

// Chatty: the time goes by in round trips, one after another (T32).
var Chatty = &diag.Rule{ID: "app.chatty", Title: "one round trip after another takes the time", Page: chattyPage, Requests: true, Run: chatty}

const (
	// leastRounds is how many round trips in a row make a chat.
	leastRounds = 50
	// leastChat is the least time that is worth a word.
	leastChat = 500 * time.Millisecond
)

// chatty makes one finding of each client and the server that it asks.
func chatty(in *diag.Input) (out []diag.Finding) {
	talks(in, func(t *diag.Talk) {
		var spells []diag.Spell
		var all diag.Parts
		for _, s := range t.Spells() {
			p := s.Parts()
			if p.Rounds < leastRounds || p.RoundTrip == 0 || !t.Measurable(in, p.RoundTrip) || !s.Timed(in) || float64(OnTheWay(&p)) < share*float64(p.Total) {
				continue
			}
			spells = append(spells, s)
			all.Add(p)
		}
		if lost := in.Within(OnTheWay(&all), spells); lost >= leastChat {
			out = append(out, chat(t, spells, &all, lost))
		}
	})
	return out
}

// OnTheWay is the time that questions and first bytes were on their way, at most a round trip for each round.
func OnTheWay(p *diag.Parts) time.Duration {
	return min(p.Network, time.Duration(p.Rounds)*p.RoundTrip)
}

func chat(t *diag.Talk, spells []diag.Spell, p *diag.Parts, lost time.Duration) diag.Finding {
	n, proof := 0, []request.Mark(nil)
	for i := range spells {
		s := &spells[i]
		n += len(s.Requests)
		for _, r := range s.Requests[:min(len(s.Requests), maxRounds)] {
			proof = append(proof, r.Asked, r.First)
		}
	}
	return diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Cost: lost, Lost: diag.TimesOf(spells, budget.Network), Count: p.Rounds, Source: t.Source, Host: t.Client.String(),
		Conversations: t.Conversations, Filter: t.Filter(), Facts: p.Facts(), Where: t.Marks(proof...),
		Summary: fmt.Sprintf("%v waited for %v in %d round trips of %s one after another: %s of the %s that its %d %s requests took (%s)", t.Client, t.Server, p.Rounds,
			diag.Duration(p.RoundTrip), diag.Duration(lost), diag.Duration(p.Total), n, name(t.Protocol), diag.Percent(lost, p.Total)),
		RuledOut: []string{
			"the server: it took " + diag.Duration(p.Server) + " of that time",
			"the client: it paused for " + diag.Duration(p.Client),
		},
		Fix: []string{"ask for more at once: batches, several requests in flight, several connections", "bring client and server closer together, or work on a machine beside the server"},
	}
}

// maxRounds is how many rounds of a spell are shown as its proof.
const maxRounds = 10
