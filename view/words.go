package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// Faulty reports whether anything was found that is worth more than a note.
func Faulty(c *engine.Case) bool {
	return slices.ContainsFunc(c.Findings, func(f diag.Finding) bool { return f.Severity > diag.Note })
}

// NothingFound says of what nothing was found.
func NothingFound(c *engine.Case) string {
	packets, events, records := totals(c)
	if records == 0 {
		return "Nothing to judge: no packets and no events."
	}
	switch {
	case events == 0:
		return fmt.Sprintf("No fault found in %s.", diag.Count(packets, "packet"))
	case packets == 0:
		return fmt.Sprintf("No fault found in %s.", diag.Count(events, "event"))
	}
	return fmt.Sprintf("No fault found in %s and %s.", diag.Count(packets, "packet"), diag.Count(events, "event"))
}

func totals(c *engine.Case) (packets, events, records int64) {
	for _, src := range c.Sources {
		packets, events, records = packets+src.Packets, events+src.Events, records+src.Records
	}
	return packets, events, records
}

// MaxProof is how many records a finding keeps of those that prove it, and MaxRemarkProof how many of a remark are named.
const MaxProof, MaxRemarkProof = 20, 5

// Proof lists the records that prove what happened so many times, n at most; of several files each is named once.
func Proof(where []trace.Pos, times, n int, names Names) string {
	total := len(where)
	if total >= MaxProof {
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

// ElsewhereText is what another capture point has of a finding.
func ElsewhereText(e *diag.Elsewhere, names Names) string {
	text := Proof(e.Where, e.Count, MaxProof, names)
	if text == "" {
		text = names.Source(e.Source)
	}
	if e.Cost > 0 {
		text += " (cost " + Duration(int64(e.Cost)) + " there)"
	}
	return text
}

// PartText is what another rule has of the cause of a finding.
func PartText(f *diag.Finding, names Names) string {
	text := f.Rule.ID + ": " + Printable(f.Summary)
	if len(f.Where) > 0 {
		text += "; " + Proof(f.Where, f.Count, MaxRemarkProof, names)
	}
	return text
}

// Remark reports whether a finding is only a note on how it was captured.
func Remark(f *diag.Finding) bool { return f.Rule.Quality && f.Severity == diag.Note && f.Cost == 0 }

// WithheldText says which diagnosis was not applied to what, and the reason.
func WithheldText(w *diag.Withheld) string {
	of := ""
	switch {
	case w.Conversations == 1 && w.First != nil:
		of = fmt.Sprintf(" on %v - %v", w.First.Ends[0], w.First.Ends[1])
	case w.Conversations > 0 && w.First != nil:
		of = fmt.Sprintf(" on %s, the first %v - %v", diag.Count(w.Conversations, "conversation"), w.First.Ends[0], w.First.Ends[1])
	}
	why := ""
	if w.Why != "" {
		why = w.Why + ": "
	}
	return fmt.Sprintf("%s%s: %s%s (wiretale explain %s)", w.Rule, of, why, w.Because, w.Because)
}

// Lost reports whether something of the source could not be read.
func Lost(src *engine.Source) bool { return src.Err != nil || src.Info.Damage.Any() }

// LossTexts says what could not be read of a source, a line a thing.
func LossTexts(src *engine.Source) []string {
	d := &src.Info.Damage
	name := Printable(src.Info.Name)
	var parts []string
	if d.Records > 0 {
		parts = append(parts, diag.Count(d.Records, "record")+" skipped or cut")
	}
	if d.Bytes > 0 {
		parts = append(parts, diag.Count(d.Bytes, "byte")+" skipped")
	}
	switch {
	case d.Unread > 0:
		parts = append(parts, diag.Count(d.Unread, "byte")+" after the end of what can be read")
	case d.Unread < 0:
		parts = append(parts, "an unknown number of bytes after the end of what can be read")
	}
	var out []string
	if len(parts) > 0 {
		out = append(out, name+": "+strings.Join(parts, ", "))
	}
	if src.Err != nil {
		out = append(out, Printable(src.Err.Error()))
	}
	const examples = 3
	for i, e := range d.First {
		if i == examples {
			out = append(out, fmt.Sprintf("and %d more like these", d.Records-examples))
			break
		}
		if src.Err == nil || e.Error() != src.Err.Error() {
			out = append(out, Printable(e.Error()))
		}
	}
	return out
}
