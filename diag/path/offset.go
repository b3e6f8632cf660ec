package path

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

//go:embed offset.md
var offsetPage string

// Offset: clocks of capture points are apart, or were set while they captured (X9).
var Offset = &diag.Rule{ID: "clock.offset", Title: "the clocks of two capture points disagree", Page: offsetPage, Run: offset}

// minApart is from which offset on times of two recordings are misread side by side.
const minApart = second

const second = int64(1e9)

func offset(in *diag.Input) (out []diag.Finding) {
	r := in.Points
	if r == nil {
		return nil
	}
	ref := r.Reference()
	for i := range r.Timebases {
		if f := ahead(r, ref, i); f != nil {
			out = append(out, *f)
		}
	}
	for _, p := range pairs(r.Hops()) {
		if f := set(r, p); f != nil {
			out = append(out, *f)
		}
	}
	for _, c := range r.Contradictions {
		out = append(out, contradiction(r, &c))
	}
	return out
}

// ahead is the finding that a point is ahead of the reference or behind it, nil when it is by little, or by whole hours: that is path.nomatch.
func ahead(r *point.Result, ref, i int) *diag.Finding {
	b := &r.Timebases[i]
	if i == ref || ref < 0 || b.Bound != point.Both || len(b.Stretches) == 0 {
		return nil
	}
	p := r.Between(ref, i)
	if p == nil || len(p.Meetings) == 0 || hours(r, p) != nil {
		return nil
	}
	s := &b.Stretches[0]
	off, how := s.Offset[0], "ahead of"
	if off < 0 {
		off, how = -off, "behind"
	}
	if off-s.Error < minApart {
		return nil
	}
	unit := max(r.Points[ref].Unit, r.Points[i].Unit)
	f := note(r, p)
	f.Summary = fmt.Sprintf("the clock of %s is %s %s that of %s", r.Points[i].Name, diag.Uncertain(off, s.Error, unit), how, r.Points[ref].Name)
	if ppb, err := s.Rate(); diag.Drift(ppb, ppb-err, ppb+err) != "" {
		f.Summary += ", drift " + diag.Drift(ppb, ppb-err, ppb+err)
	}
	f.Fix = []string{"nothing for the comparison: times are moved to one clock", "synchronise the clocks of the recording machines before times in logs are compared"}
	return &f
}

// set is the finding that one of two clocks was set, nil when none was.
func set(r *point.Result, p *point.Pair) *diag.Finding {
	steps := p.Clock.Steps()
	if len(steps) == 0 {
		return nil
	}
	a, b := names(r, p)
	x := steps[0]
	by, how := x.By, "forward"
	if by < 0 {
		by, how = -by, "back"
	}
	f := note(r, p)
	f.Severity, f.Count = diag.Warning, len(steps)
	f.Summary = fmt.Sprintf("the clock of %s was set %s by %s against that of %s, or that one the other way", b, how, diag.Uncertain(by, x.Error, p.Clock.Unit), a)
	if n := len(steps) - 1; n > 0 {
		f.Summary += fmt.Sprintf(", and %s more", diag.Count(n, "time"))
	}
	f.Where = f.Where[:0]
	for i := 1; i < len(p.Clock.Segments) && len(f.Where) < 20; i++ {
		f.Where = append(f.Where, r.Points[p.A].Pos(p.Clock.Segments[i].First[0]), r.Points[p.B].Pos(p.Clock.Segments[i].First[1]))
	}
	f.Where, f.Filter = ordered(f.Where), ""
	f.Fix = []string{"nothing for the comparison: it follows the step", "distrust durations in that capture that reach over the step", "let the time service slew the clock, not step it, while a capture runs"}
	return &f
}

// contradiction is the finding that three points do not agree.
func contradiction(r *point.Result, c *point.Contradiction) diag.Finding {
	p := &r.Pairs[c.Pair]
	a, b := names(r, p)
	f := note(r, p)
	f.Severity, f.Confidence = diag.Warning, diag.Likely
	f.Summary = fmt.Sprintf("packets that %s and %s have in common contradict what other points tell of their clocks, by %s", a, b, diag.Within(c.By, max(c.By/10, 1), 1))
	f.Fix = []string{"was one of the recordings merged from several recorders, with clocks of their own? Give each by itself", "times on the one clock do without this pair"}
	return f
}

// note is a finding about the clocks of two points, with the conversation that shows it.
func note(r *point.Result, p *point.Pair) diag.Finding {
	m := &p.Meetings[0]
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: -1, Count: 1}
	atA, atB := r.Conv(m.A), r.Conv(m.B)
	f.Where = ordered([]trace.Pos{atA.First.Pos, atB.First.Pos})
	f.Conversations = append(f.Conversations, atA, atB)
	f.Filter = between(f.Conversations)
	return f
}
