package text

import (
	"fmt"
	"io"
	"slices"
	"strconv"
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
	if !faulty(c) {
		p.line(nothingFound(c))
	}
	for i := range c.Findings {
		if f := &c.Findings[i]; all || !remark(f) {
			if i > 0 || !faulty(c) {
				p.line()
			}
			finding(p, c, f, i+1, names, s)
			if all && f.NetMonFilter != "" {
				item(p, s, "netmon", f.NetMonFilter)
			}
		}
	}
	spendings(p, c, s, all)
	if conv := view.ToldOf(c); all && conv != nil && faulty(c) {
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

// faulty reports whether anything was found that is worth more than a note.
func faulty(c *engine.Case) bool {
	return slices.ContainsFunc(c.Findings, func(f diag.Finding) bool { return f.Severity > diag.Note })
}

func nothingFound(c *engine.Case) string {
	packets, events, records := totals(c)
	if records == 0 {
		return "Nothing to judge: no packets and no events."
	}
	switch {
	case events == 0:
		return fmt.Sprintf("No fault found in %s.", count(packets, "packet"))
	case packets == 0:
		return fmt.Sprintf("No fault found in %s.", count(events, "event"))
	}
	return fmt.Sprintf("No fault found in %s and %s.", count(packets, "packet"), count(events, "event"))
}

func totals(c *engine.Case) (packets, events, records int64) {
	for _, src := range c.Sources {
		packets, events, records = packets+src.Packets, events+src.Events, records+src.Records
	}
	return packets, events, records
}

func count(n int64, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

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
		item(p, s, "proof", proof(f.Where, f.Count, maxProof, names))
	}
	for i := range f.Elsewhere {
		item(p, s, map[bool]string{true: "also"}[i == 0], elsewhere(&f.Elsewhere[i], names))
	}
	for i := range f.Parts {
		item(p, s, map[bool]string{true: "with"}[i == 0], part(&f.Parts[i], names))
	}
	for i, fact := range f.Facts {
		item(p, s, map[bool]string{true: "numbers"}[i == 0], fact.Name+" "+view.Printable(fact.Value))
	}
	list(p, s, "ruled out", f.RuledOut)
	list(p, s, "do", f.Fix)
	list(p, s, "record next", f.NextCapture)
}

// maxProof is how many records a finding keeps of those that prove it, and maxRemarkProof how many of a remark are named.
const maxProof, maxRemarkProof = 20, 5

// proof lists the records that prove what happened so many times, n at most; of several files each is named once.
func proof(where []trace.Pos, times, n int, names view.Names) string {
	total := len(where)
	if total >= maxProof {
		total = max(total, times)
	}
	where = where[:min(n, len(where))]
	var b strings.Builder
	for i, pos := range where {
		switch {
		case names.Several() && (i == 0 || pos.Source != where[i-1].Source):
			if i > 0 {
				b.WriteString("; ")
			}
			b.WriteString(names.Source(pos.Source) + ": ")
		case i > 0:
			b.WriteString(", ")
		case len(where) > 1:
			b.WriteString("frames ")
		default:
			b.WriteString("frame ")
		}
		b.WriteString(strconv.FormatInt(pos.Number, 10))
	}
	if more := total - len(where); more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// elsewhere is what another capture point has of a finding.
func elsewhere(e *diag.Elsewhere, names view.Names) string {
	text := proof(e.Where, e.Count, maxProof, names)
	if text == "" {
		text = names.Source(e.Source)
	}
	if e.Cost > 0 {
		text += " (cost " + view.Duration(int64(e.Cost)) + " there)"
	}
	return text
}

// part is what another rule has of the cause of a finding.
func part(f *diag.Finding, names view.Names) string {
	text := f.Rule.ID + ": " + view.Printable(f.Summary)
	if len(f.Where) > 0 {
		text += "; " + proof(f.Where, f.Count, maxRemarkProof, names)
	}
	return text
}

// remark reports whether a finding is only a note on how it was captured.
func remark(f *diag.Finding) bool { return f.Rule.Quality && f.Severity == diag.Note && f.Cost == 0 }

// remarks are the notes on how it was captured: what, by which rule, where, and the numbers.
func remarks(p *printer, c *engine.Case, names view.Names, s Style) {
	head := false
	for i := range c.Findings {
		f := &c.Findings[i]
		if !remark(f) {
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
			parts = append(parts, proof(f.Where, f.Count, maxRemarkProof, names))
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
		p.line("  ", s.wrap(view.Printable(withheldText(&w)), 4))
	}
}

// withheldText says which diagnosis was not applied to what, and the reason.
func withheldText(w *diag.Withheld) string {
	of := ""
	switch {
	case w.Conversations == 1 && w.First != nil:
		of = fmt.Sprintf(" on %v - %v", w.First.Ends[0], w.First.Ends[1])
	case w.Conversations > 0 && w.First != nil:
		of = fmt.Sprintf(" on %s, the first %v - %v", count(int64(w.Conversations), "conversation"), w.First.Ends[0], w.First.Ends[1])
	}
	why := ""
	if w.Why != "" {
		why = w.Why + ": "
	}
	return fmt.Sprintf("%s%s: %s%s (wiretale explain %s)", w.Rule, of, why, w.Because, w.Because)
}

// losses says what could not be read, in records and bytes, with the first places.
func losses(p *printer, c *engine.Case, s Style) {
	head := false
	for _, src := range c.Sources {
		if !Lost(src) {
			continue
		}
		if !head {
			p.line()
			p.line(s.paint(bold, "Lost"))
			head = true
		}
		for _, text := range LossTexts(src) {
			p.line("  ", s.wrap(text, 4))
		}
	}
}

// Lost reports whether something of the source could not be read.
func Lost(src *engine.Source) bool { return src.Err != nil || src.Info.Damage.Any() }

// LossTexts says what could not be read of a source, a line a thing.
func LossTexts(src *engine.Source) []string {
	d := &src.Info.Damage
	name := view.Printable(src.Info.Name)
	var parts []string
	if d.Records > 0 {
		parts = append(parts, count(d.Records, "record")+" skipped or cut")
	}
	if d.Bytes > 0 {
		parts = append(parts, count(d.Bytes, "byte")+" skipped")
	}
	switch {
	case d.Unread > 0:
		parts = append(parts, count(d.Unread, "byte")+" after the end of what can be read")
	case d.Unread < 0:
		parts = append(parts, "an unknown number of bytes after the end of what can be read")
	}
	var out []string
	if len(parts) > 0 {
		out = append(out, name+": "+strings.Join(parts, ", "))
	}
	if src.Err != nil {
		out = append(out, view.Printable(src.Err.Error()))
	}
	const examples = 3
	for i, e := range d.First {
		if i == examples {
			out = append(out, fmt.Sprintf("and %d more like these", d.Records-examples))
			break
		}
		if src.Err == nil || e.Error() != src.Err.Error() {
			out = append(out, view.Printable(e.Error()))
		}
	}
	return out
}

// span is the time from the first to the last record, "" when there is none.
func span(src *engine.Source) string {
	if src.First == trace.NoTime || src.Info.Untimed {
		return ""
	}
	return view.Duration(src.Last - src.First)
}
