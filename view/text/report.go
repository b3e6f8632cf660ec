package text

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// maxConversations is how many conversations a report lists; the command convs lists them all.
const maxConversations = 20

// Report writes the result of the main job: findings in their order, where the time went, what happened in the conversation of the first, then what could be opened of what was encrypted, what
// capture points say together, the conversations, how well it was captured, what was
// not judged, and what could not be read. What is only noted of a recording is
// told in a few lines, in full when all is.
func Report(w io.Writer, c *engine.Case, names view.Names, s Style, all bool) error {
	p := &printer{w: w}
	if !view.Faulty(c) {
		p.line(view.NothingFound(c))
	}
	for i := range c.Findings {
		if f := &c.Findings[i]; all || !view.Remark(f) {
			if i > 0 || !view.Faulty(c) {
				p.line()
			}
			finding(p, c, f, i+1, names, s)
			if all && f.NetMonFilter != "" {
				item(p, s, "netmon", f.NetMonFilter)
			}
		}
	}
	spendings(p, c, s, all)
	if conv := view.ToldOf(c); all && conv != nil && view.Faulty(c) {
		p.line()
		told(p, c, conv, s)
	}
	opened(p, c, s, all)
	points(p, c, s)
	if c.Conversations.Len() > 0 {
		p.line()
		conversations(p, c, names, s, maxConversations)
	}
	if !all {
		remarks(p, c, names, s)
	}
	withheld(p, c, s)
	losses(p, c, s)
	return p.err
}

// opened says what became of what was encrypted, where there were keys for any of it.
func opened(p *printer, c *engine.Case, s Style, all bool) {
	begun := false
	for _, src := range c.Sources {
		for _, line := range slices.Concat(view.Locks(src), view.Accounts(src, all)) {
			if !begun {
				p.line()
				p.line(s.paint(bold, "Decryption"))
				begun = true
			}
			p.line("  ", s.wrap(line, 2))
		}
	}
}

func count(n int64, what string) string { return diag.Count(n, what) }

var severityColors = map[diag.Severity]Color{diag.Error: red, diag.Warning: yellow, diag.Note: plain}

func finding(p *printer, c *engine.Case, f *diag.Finding, n int, names view.Names, s Style) {
	number := fmt.Sprintf("%d. ", n)
	p.line(number, s.paint(bold, s.wrap(view.Printable(f.Summary), len(number))))
	p.line("   ", ranked(f, s))
	details(p, f, names, s)
	if n == 1 && len(f.NextCapture) > 0 && c.Recipe(f) != nil {
		item(p, s, "", "wiretale recipe has the commands for each host")
	}
	if f.Filter != "" {
		item(p, s, "filter", f.Filter)
	}
}

// ranked is what a finding is ranked by, and which rule has it.
func ranked(f *diag.Finding, s Style) string {
	rank := []string{s.paint(severityColors[f.Severity], f.Severity.String()), f.Confidence.String()}
	if f.Cost > 0 {
		rank = append(rank, "cost "+view.Duration(int64(f.Cost)))
	}
	if f.Count > 1 {
		rank = append(rank, fmt.Sprintf("%d times", f.Count))
	}
	return strings.Join(append(rank, f.Rule.ID), ", ")
}

// details are the proof of a finding, what was ruled out, and what to do.
func details(p *printer, f *diag.Finding, names view.Names, s Style) {
	if len(f.Where) > 0 {
		item(p, s, "proof", view.Proof(f.Where, f.Count, view.MaxProof, names))
	}
	for i := range f.Elsewhere {
		item(p, s, map[bool]string{true: "also"}[i == 0], view.ElsewhereText(&f.Elsewhere[i], names))
	}
	for i := range f.Parts {
		item(p, s, map[bool]string{true: "with"}[i == 0], view.PartText(&f.Parts[i], names))
	}
	for i, fact := range f.Facts {
		item(p, s, map[bool]string{true: "numbers"}[i == 0], fact.Name+" "+view.Printable(fact.Value))
	}
	list(p, s, "ruled out", f.RuledOut)
	list(p, s, "do", f.Fix)
	list(p, s, "record next", f.NextCapture)
}

// remarks are the notes on how it was captured: what, by which rule, where, and the numbers.
func remarks(p *printer, c *engine.Case, names view.Names, s Style) {
	head := false
	for i := range c.Findings {
		f := &c.Findings[i]
		if !view.Remark(f) {
			continue
		}
		if !head {
			head = true
			p.line()
			p.line(s.paint(bold, "How it was captured"))
		}
		number := fmt.Sprintf("%3d. ", i+1)
		p.line(number, s.wrap(view.Printable(f.Summary), len(number)))
		parts := []string{f.Rule.ID}
		if len(f.Where) > 0 {
			parts = append(parts, view.Proof(f.Where, f.Count, view.MaxRemarkProof, names))
		}
		for _, fact := range f.Facts {
			parts = append(parts, fact.Name+" "+view.Printable(fact.Value))
		}
		p.line(strings.Repeat(" ", len(number)), s.paint(dim, s.wrap(strings.Join(parts, "; "), len(number))))
	}
}

const labelWidth = 12

func item(p *printer, s Style, label, text string) {
	p.line("   ", s.paint(dim, fmt.Sprintf("%-*s", labelWidth, label)), s.wrap(text, 3+labelWidth))
}

func list(p *printer, s Style, label string, texts []string) {
	for i, t := range texts {
		if i > 0 {
			label = ""
		}
		item(p, s, label, view.Printable(t))
	}
}

func withheld(p *printer, c *engine.Case, s Style) {
	if len(c.Withheld) == 0 {
		return
	}
	p.line()
	p.line(s.paint(bold, "Not judged"))
	for _, w := range c.Withheld {
		p.line("  ", s.wrap(view.Printable(view.WithheldText(&w)), 4))
	}
}

// losses says what could not be read, in records and bytes, with the first places.
func losses(p *printer, c *engine.Case, s Style) {
	head := false
	for _, src := range c.Sources {
		if !view.Lost(src) {
			continue
		}
		if !head {
			p.line()
			p.line(s.paint(bold, "Lost"))
			head = true
		}
		for _, text := range view.LossTexts(src) {
			p.line("  ", s.wrap(text, 4))
		}
	}
}

// span is the time from the first to the last record, "" when there is none.
func span(src *engine.Source) string {
	if src.First == trace.NoTime || src.Info.Untimed {
		return ""
	}
	return view.Duration(src.Last - src.First)
}
