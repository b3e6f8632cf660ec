package smb

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed credits.md
var creditsPage string

// Credits: the client has to wait until the server lets it ask on (B2).
var Credits = &diag.Rule{ID: "smb.credits", Title: "the server's credits hold the client back", Page: creditsPage, Requests: true, Run: credits}

const (
	// starvedShare is the part of the time in which the client had no credits for its next request.
	starvedShare = 0.2
	// leastStarved is how often that makes a pattern.
	leastStarved = 5
	// prompt is how soon a client asks on that was waiting, beyond its way: what comes later was not waiting.
	prompt = time.Millisecond
)

// A hunger is the time in which a client had no credits for its next request.
type hunger struct {
	talk   *diag.Talk
	spells []diag.Spell // of the talk
	total  time.Duration
	lost   time.Duration
	waits  []diag.Interval    // the same
	held   []*request.Request // that came as soon as an answer gave credits
	left   int32              // most credits that were left before one of them
}

// starved is the hunger of a talk; nil when it is not a part of the time that matters.
func starved(in *diag.Input, t *diag.Talk) *hunger {
	_, client, _ := t.Way()
	h := hunger{talk: t}
	for _, s := range t.Spells() {
		if s.Timed(in) {
			h.spells = append(h.spells, s)
			h.total += time.Duration(s.Budget.Total())
		}
	}
	for _, list := range byConversation(t.Requests) {
		h.follow(list, client+prompt)
	}
	if len(h.held) < leastStarved || float64(h.lost) < starvedShare*float64(h.total) {
		return nil
	}
	return &h
}

func byConversation(all []*request.Request) (out [][]*request.Request) {
	index := map[int]int{}
	for _, r := range all {
		i, ok := index[r.Conv]
		if !ok {
			i = len(out)
			index[r.Conv] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// follow looks for requests of a connection that came within soon of an answer, where the credits left before were too few.
func (h *hunger) follow(list []*request.Request, soon time.Duration) {
	answers := slices.DeleteFunc(slices.Clone(list), func(r *request.Request) bool { return !r.Answered() })
	slices.SortStableFunc(answers, func(a, b *request.Request) int { return cmp.Compare(a.Last.Time, b.Last.Time) })
	granted := 0 // of answers: those that came before the request
	for i := 1; i < len(list); i++ {
		before, next := list[i-1], list[i]
		for granted < len(answers) && answers[granted].Last.Number < next.Asked.Number {
			granted++
		}
		if before.Left < 0 || before.Left >= next.Charge || granted == 0 {
			continue
		}
		grant := answers[granted-1].Last
		if grant.Number < before.Sent.Number || time.Duration(next.Asked.Time-grant.Time) > soon {
			continue
		}
		h.lost += time.Duration(grant.Time - before.Sent.Time)
		h.waits = append(h.waits, diag.Interval{From: h.talk.Moment(before.Sent), To: h.talk.Moment(grant)})
		h.held = append(h.held, next)
		h.left = max(h.left, before.Left)
	}
}

// credits makes one finding of each client and server.
func credits(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		h := starved(in, t)
		if h == nil {
			continue
		}
		lost := in.Within(h.lost, h.spells)
		if lost < leastLost {
			continue
		}
		proof := make([]request.Mark, 0, len(h.held))
		for _, r := range h.held[:min(len(h.held), maxProof)] {
			proof = append(proof, r.Asked)
		}
		out = append(out, diag.Finding{
			Severity: diag.Warning, Confidence: diag.Likely, Cost: lost, Lost: h.waits, Count: len(h.held), Source: t.Source, Host: t.Server.Addr().String(), Conversations: t.Conversations,
			Where: t.Marks(proof...), Filter: t.Filter(),
			Summary: fmt.Sprintf("%v had no credits for its next request to %v during %s of %s (%s): %s came as soon as an answer brought some", t.Client, t.Server.Addr(),
				diag.Duration(lost), diag.Duration(h.total), diag.Percent(lost, h.total), diag.Count(len(h.held), "request")),
			Facts: []diag.Fact{
				{Name: "requests that waited for credits", Value: fmt.Sprint(len(h.held))},
				{Name: "credits left before them, at most", Value: fmt.Sprint(h.left)},
			},
			RuledOut: []string{"a client that asks for one thing at a time: it asked on at once when it could, and not before"},
			Fix: []string{
				"look at what limits the server: memory, the number of its clients, or a setting (Windows: Smb2CreditsMin and Smb2CreditsMax; Samba: smb2 max credits)",
			},
		})
	}
	return out
}
