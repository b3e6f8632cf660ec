package diag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxProof bounds Finding.Where: the rest is in Count.
const maxProof = 20

// Run applies the rules, those of the capture's quality first, and returns the
// findings ranked: by cost, then severity, what happened before how well it was
// recorded, confidence and id. What several capture points or rules have of one cause is one finding, and no time is in the cost of two. The second result says which rules a quality finding
// silenced, and where.
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
				in.plan(&f)
				gate.doubt(&f)
				f.Silences = silenced(rules, &f)
				findings = append(findings, f)
				if quality {
					gate.silence(&f)
					gate.remember(&f)
				}
			}
		}
	}
	rank(findings)
	findings = oneCause(fold(findings, in.Points), in.Points)
	reconcile(findings, in)
	return findings, gate.withheld()
}

// silenced are the rules that a finding withholds: those that it names, and when it withholds any, those that name it.
func silenced(rules []*Rule, f *Finding) []string {
	if len(f.Silences) == 0 {
		return nil
	}
	out := slices.Clone(f.Silences)
	for _, r := range rules {
		if slices.Contains(r.WithheldBy, f.Rule.ID) && !slices.Contains(out, r.ID) {
			out = append(out, r.ID)
		}
	}
	return out
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
	if f.NetMonFilter == "" {
		f.NetMonFilter = netMon(f)
	}
	if len(f.Where) > maxProof {
		f.Where = f.Where[:maxProof]
	}
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
		for _, err := range page(r.Page) {
			bad("%w", err)
		}
	}
	for _, r := range rules {
		for _, id := range slices.Concat(r.WithheldBy, r.DoubtedBy) {
			if !seen[id] {
				errs = append(errs, fmt.Errorf("rule %q is withheld or doubted by %q, which is no rule", r.ID, id))
			}
		}
	}
	return errors.Join(errs...)
}

// page reports the sections that a page lacks, has out of order or leaves empty.
func page(text string) (errs []error) {
	at := 0
	for n, head := range sections {
		i := strings.Index(text[at:], head+"\n")
		if i < 0 {
			errs = append(errs, fmt.Errorf("page lacks %q, or has it out of order", head))
			continue
		}
		at += i + len(head)
		body := text[at:]
		if n+1 < len(sections) {
			body, _, _ = strings.Cut(body, sections[n+1])
		}
		if strings.TrimSpace(body) == "" {
			errs = append(errs, fmt.Errorf("page says nothing below %q", head))
		}
	}
	return errs
}
