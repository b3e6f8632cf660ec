package report

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Markdown writes the report for a ticket:
//
//  1. what was read;
//  2. the findings: what it cost, what proves it, what was ruled out, what to do;
//  3. where the time went, and what happened in the conversations of the findings;
//  4. how it was captured, what was not judged, and what could not be read.
//
// It is GitHub's dialect. Text from the trace is escaped: it formats nothing, links nowhere and mentions nobody.
func (r *Report) Markdown(w io.Writer) error {
	m := &markdown{w: w, c: r.Case}
	paths := make([]string, len(r.Case.Sources))
	for i, src := range r.Case.Sources {
		paths[i] = src.Info.Name
	}
	m.names = view.NewNames(paths)
	m.head(r)
	m.findings()
	m.spendings()
	m.stories()
	m.remarks()
	m.withheld()
	m.losses()
	m.line("")
	m.line("---")
	m.line("%s", escape(r.Product))
	return m.err
}

type markdown struct {
	w     io.Writer
	c     *engine.Case
	names view.Names
	err   error
}

func (m *markdown) line(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format+"\n", args...)
	}
}

func (m *markdown) title(text string) {
	m.line("")
	m.line("## %s", text)
	m.line("")
}

// item is a line of a list, nothing when there is no text.
func (m *markdown) item(label, text string) {
	if text != "" {
		m.line("- **%s**: %s", label, text)
	}
}

// items is a list below a line of a list.
func (m *markdown) items(label string, texts []string) {
	switch len(texts) {
	case 0:
	case 1:
		m.item(label, escape(texts[0]))
	default:
		m.line("- **%s**:", label)
		for _, t := range texts {
			m.line("  - %s", escape(t))
		}
	}
}

func (m *markdown) head(r *Report) {
	title := view.NothingFound(m.c)
	if view.Faulty(m.c) {
		title = m.c.Findings[0].Summary
	}
	m.line("# %s", escape(title))
	m.line("")
	if r.Scrubbed {
		m.line("Addresses, names and credentials were replaced before the analysis; payload that is not understood became zeros.")
		m.line("")
	}
	m.line("| file | format | records | first | time |")
	m.line("|---|---|--:|---|--:|")
	for _, src := range m.c.Sources {
		first, span := "", ""
		if src.First != trace.NoTime && !src.Info.Untimed {
			first, span = view.ISO(src.First), view.Duration(src.Last-src.First)
		}
		m.line("| %s | %s | %d | %s | %s |", escape(filepath.Base(src.Info.Name)), escape(src.Info.Format), src.Records, first, span)
	}
}

func (m *markdown) findings() {
	first := true
	for i := range m.c.Findings {
		f := &m.c.Findings[i]
		if view.Remark(f) {
			continue
		}
		if first {
			m.title("Findings")
			first = false
		} else {
			m.line("")
		}
		m.finding(f, i+1)
	}
}

func (m *markdown) finding(f *diag.Finding, n int) {
	m.line("### %d. %s", n, escape(f.Summary))
	m.line("")
	rank := []string{f.Severity.String(), f.Confidence.String()}
	if f.Cost > 0 {
		rank = append(rank, "cost **"+view.Duration(int64(f.Cost))+"**")
	}
	if f.Count > 1 {
		rank = append(rank, fmt.Sprintf("%d times", f.Count))
	}
	m.line("%s, %s", strings.Join(rank, ", "), code(f.Rule.ID))
	m.line("")
	if len(f.Where) > 0 {
		m.item("proof", escape(view.Proof(f.Where, f.Count, view.MaxProof, m.names)))
	}
	var also, with, numbers []string
	for i := range f.Elsewhere {
		also = append(also, view.ElsewhereText(&f.Elsewhere[i], m.names))
	}
	for i := range f.Parts {
		with = append(with, view.PartText(&f.Parts[i], m.names))
	}
	for _, fact := range f.Facts {
		numbers = append(numbers, fact.Name+" "+fact.Value)
	}
	m.items("also", also)
	m.items("with", with)
	m.items("numbers", numbers)
	m.items("ruled out", f.RuledOut)
	m.items("do", f.Fix)
	m.items("record next", f.NextCapture)
	if f.Filter != "" {
		m.item("filter", code(f.Filter))
	}
}

// maxSpendings is how many conversations say where their time went.
const maxSpendings = 10

func (m *markdown) spendings() {
	var rows []*diag.Spending
	for i := range m.c.Spendings {
		if s := &m.c.Spendings[i]; view.Told(s) && len(rows) < maxSpendings {
			rows = append(rows, s)
		}
	}
	if len(rows) == 0 {
		return
	}
	m.title("Where the time went")
	head, rule := "| conversation | duration |", "|---|--:|"
	for _, cause := range view.Causes {
		head += " " + view.CauseNames[cause] + " |"
		rule += "--:|"
	}
	m.line("%s", head)
	m.line("%s", rule)
	for _, s := range rows {
		parts := s.Budget.Parts()
		row := fmt.Sprintf("| %d: %s | %s |", s.Conv.ID, escape(view.Line(s.Conv)), view.Duration(s.Budget.Total()))
		for _, cause := range view.Causes {
			text := ""
			if parts[cause] > 0 {
				text = view.Duration(parts[cause])
			}
			row += " " + text + " |"
		}
		m.line("%s", row)
	}
}

func (m *markdown) stories() {
	list := told(m.c, maxTold)
	if len(list) == 0 {
		return
	}
	m.title("What happened")
	for i, conv := range list {
		if i > 0 {
			m.line("")
		}
		m.line("**Conversation %d, %s**: %s", conv.ID, escape(view.Line(conv)), escape(strings.Join(view.Story(m.c, conv), " ")))
	}
}

func (m *markdown) remarks() {
	first := true
	for i := range m.c.Findings {
		f := &m.c.Findings[i]
		if !view.Remark(f) {
			continue
		}
		if first {
			m.title("How it was captured")
			first = false
		}
		text := escape(f.Summary) + " (" + code(f.Rule.ID)
		if len(f.Where) > 0 {
			text += ", " + escape(view.Proof(f.Where, f.Count, view.MaxRemarkProof, m.names))
		}
		m.line("- %s)", text)
	}
}

func (m *markdown) withheld() {
	if len(m.c.Withheld) == 0 {
		return
	}
	m.title("Not judged")
	for i := range m.c.Withheld {
		m.line("- %s", escape(view.WithheldText(&m.c.Withheld[i])))
	}
}

func (m *markdown) losses() {
	first := true
	for _, src := range m.c.Sources {
		if !view.Lost(src) {
			continue
		}
		if first {
			m.title("What could not be read")
			first = false
		}
		for _, text := range view.LossTexts(src) {
			m.line("- %s", escape(text))
		}
	}
}

var special = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`, `<`, `&lt;`, `>`, `&gt;`, `&`, `&amp;`, `|`, `\|`, `~`, `\~`, `$`, `\$`, "\u2028", " ", "\u2029", " ",
)

// active is what GitHub makes a link or a mention of.
var active = regexp.MustCompile(`(?i)(@)([\w-])|(#)(\d)|(GH-)(\d)|(\w:)(//)|(www)(\.)|(mailto:|xmpp:)(\S)`)

// escape is text from a trace that means nothing in Markdown.
func escape(text string) string {
	text = special.Replace(view.Printable(text))
	text = active.ReplaceAllString(text, "$1$3$5$7$9$11<!-- -->$2$4$6$8$10$12")
	if text != "" && strings.ContainsAny(text[:1], "#+-=") { // the first character of a line may begin a heading or a list
		text = `\` + text
	}
	return text
}

// code is text that is copied as it is.
func code(text string) string {
	text = view.Printable(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}
