package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
)

// maxProof bounds Finding.Where: the rest is in Count.
const maxProof = 20

// Run applies the rules, those of the capture's quality first, and returns the
// findings ranked: by cost, then severity, what happened before how well it was
// recorded, confidence and id. The second result says which rules a quality finding silenced, and where.
func Run(rules []*Rule, in *Input) ([]Finding, []Withheld) {
	gate := newGate(in)
	var findings []Finding
	for _, quality := range []bool{true, false} {
		for _, r := range rules {
			if r.Quality != quality {
				continue
			}
			for _, f := range r.Run(in) {
				f.Rule = r
				f.tidy()
				findings = append(findings, f)
				if quality {
					gate.silence(&f)
				}
			}
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Severity, a.Severity), aboutCapture(a)-aboutCapture(b),
			cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return findings, gate.withheld()
}

// aboutCapture is 1 for a finding about the capture itself.
func aboutCapture(f Finding) int {
	if f.Rule.Quality {
		return 1
	}
	return 0
}

// tidy fills what every finding has.
func (f *Finding) tidy() {
	f.Count = max(f.Count, 1)
	if len(f.Where) > maxProof {
		f.Where = f.Where[:maxProof]
	}
}

// gate remembers which rules are silenced where.
type gate struct {
	byConv   map[*flow.Conversation]map[string]string // rule id -> quality rule id
	bySource map[int]map[string]string
	counts   map[Withheld]int
}

func newGate(in *Input) *gate {
	g := &gate{byConv: map[*flow.Conversation]map[string]string{}, bySource: map[int]map[string]string{}, counts: map[Withheld]int{}}
	in.Withhold = func(r *Rule, c *flow.Conversation) bool {
		because := g.byConv[c][r.ID]
		if because == "" {
			because = g.bySource[c.Source][r.ID]
		}
		if because == "" {
			return false
		}
		g.counts[Withheld{Rule: r.ID, Because: because}]++
		return true
	}
	return g
}

// silence notes the rules that a quality finding withholds.
func (g *gate) silence(f *Finding) {
	for _, id := range f.Silences {
		for _, c := range f.Conversations {
			put(g.byConv, c, id, f.Rule.ID)
		}
		if len(f.Conversations) == 0 && f.Source >= 0 {
			put(g.bySource, f.Source, id, f.Rule.ID)
		}
	}
}

func put[K comparable](m map[K]map[string]string, key K, rule, because string) {
	if m[key] == nil {
		m[key] = map[string]string{}
	}
	m[key][rule] = because
}

func (g *gate) withheld() []Withheld {
	var out []Withheld
	for w, n := range g.counts {
		w.Conversations = n
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Because, b.Because))
	})
	return out
}

// sections are the headings that every page has.
var sections = []string{"## What you see", "## Why", "## What it costs", "## How to confirm", "## What to do", "## When this is wrong", "## References"}

// Validate reports everything that a list of rules lacks: ids, titles, pages with all sections, functions.
func Validate(rules []*Rule) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range rules {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("rule %q: "+format, append([]any{r.ID}, args...)...))
		}
		if seen[r.ID] || !strings.Contains(r.ID, ".") || strings.ToLower(r.ID) != r.ID {
			bad("id is not one of its own in the form family.fault")
		}
		seen[r.ID] = true
		if r.Title == "" || strings.HasSuffix(r.Title, ".") {
			bad("title %q", r.Title)
		}
		if r.Run == nil {
			bad("does nothing")
		}
		at := 0
		for _, s := range sections {
			i := strings.Index(r.Page[at:], s+"\n")
			if i < 0 {
				bad("page lacks %q, or has it out of order", s)
				continue
			}
			at += i
		}
	}
	for _, r := range rules {
		for _, id := range r.WithheldBy {
			if !seen[id] {
				errs = append(errs, fmt.Errorf("rule %q is withheld by %q, which is no rule", r.ID, id))
			}
		}
	}
	return errors.Join(errs...)
}
