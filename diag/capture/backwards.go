package capture

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed time_backwards.md
var backwardsPage string

// TimeBackwards: times go back in the order of the file (Q10).
var TimeBackwards = &diag.Rule{ID: "cap.time.backwards", Title: "times go back in the order of the packets", Page: backwardsPage, Quality: true, Run: timeBackwards}

// timeRules judge by how long something took, over the whole life of a connection.
var timeRules = []string{"tcp.syn.silent", "tcp.rst.app"}

func timeBackwards(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i, s := range in.Sources {
		if s.Ordered {
			continue // the reader has put the records in order
		}
		var steps []diag.Step
		var late diag.Recording
		for _, r := range in.Recordings {
			if r.Source != i {
				continue
			}
			steps = append(steps, r.Steps...)
			late.Late, late.LateBy, late.Packets = late.Late+r.Late, max(late.LateBy, r.LateBy), late.Packets+r.Packets
			late.LateFirst = append(late.LateFirst, r.LateFirst...)
		}
		ahead := slices.DeleteFunc(slices.Clone(steps), func(s diag.Step) bool { return !s.Ahead.Seen() })
		if len(ahead) > 0 {
			out = append(out, wrongTimes(in, i, ahead))
		}
		steps = slices.DeleteFunc(steps, func(s diag.Step) bool { return s.Ahead.Seen() })
		if len(steps) > 0 {
			out = append(out, setBack(in, i, steps))
		}
		if late.Late > 0 {
			out = append(out, lateWritten(i, &late))
		}
	}
	return out
}

// setBack is the finding on a clock that went back and ran on from there.
func setBack(in *diag.Input, source int, steps []diag.Step) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: source, Count: len(steps), Silences: timeRules,
		Fix: []string{"cut the capture at the step and look at each part alone", "look for a time service or a virtual machine that was moved or paused at that moment"},
	}
	worst := steps[0]
	for _, s := range steps {
		f.Where = append(f.Where, s.At.Pos)
		if s.Back > worst.Back {
			worst = s
		}
	}
	sortByNumber(f.Where)
	f.Filter = frames(f.Where, 1)
	for c := range in.Conversations.All() {
		if c.Source == source && crosses(c, steps) {
			f.Conversations = append(f.Conversations, c)
		}
	}
	f.Why = fmt.Sprintf("the clock was set back by %s at frame %d", diag.Duration(worst.Back), worst.At.Pos.Number)
	f.Summary = fmt.Sprintf("the time goes back by %s at frame %d and runs on from there", diag.Duration(worst.Back), worst.At.Pos.Number)
	if f.Count > 1 {
		f.Summary += fmt.Sprintf(" (the most of %d such places)", f.Count)
	}
	if len(f.Conversations) > 0 {
		goOn := "go on"
		if len(f.Conversations) == 1 {
			goOn = "goes on"
		}
		f.Summary += fmt.Sprintf(": the clock was set, because %s %s over it; what they seem to wait there is not judged", connections(f.Conversations), goOn)
		return f
	}
	f.Confidence = diag.Likely
	f.Summary += ": captures put one behind another, or a clock that was set; no connection goes on over it"
	f.Fix = []string{"merge captures by time (mergecap without -a), or look at each part alone"}
	return f
}

// wrongTimes is the finding on packets whose times are far ahead of those around them.
func wrongTimes(in *diag.Input, source int, steps []diag.Step) diag.Finding {
	first := steps[0]
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: source, Count: len(steps), Silences: timeRules,
		Fix: []string{"leave these packets out, or do not read their times"},
		Why: fmt.Sprintf("times are wrong from frame %d to %d", first.Ahead.Pos.Number, first.At.Pos.Number-1),
	}
	for _, s := range steps {
		f.Where = append(f.Where, s.Ahead.Pos)
	}
	sortByNumber(f.Where)
	f.Filter = frames(f.Where, 1)
	for c := range in.Conversations.All() {
		if c.Source == source && crosses(c, steps) {
			f.Conversations = append(f.Conversations, c)
		}
	}
	f.Summary = fmt.Sprintf("from frame %d to %d the times are %s ahead of those before and behind: they are wrong, and what is measured by them is not judged",
		first.Ahead.Pos.Number, first.At.Pos.Number-1, diag.Duration(first.Back))
	if n := first.Ahead.Pos.Number; n == first.At.Pos.Number-1 {
		f.Summary = fmt.Sprintf("the time of frame %d is %s ahead of those before and behind: it is wrong, and what is measured by it is not judged", n, diag.Duration(first.Back))
	}
	if f.Count > 1 {
		f.Summary += fmt.Sprintf(" (the first of %d such places)", f.Count)
	}
	return f
}

// crosses reports whether a conversation has packets on both sides of a step.
func crosses(c *flow.Conversation, steps []diag.Step) bool {
	for _, s := range steps {
		first := s.At.Pos.Number - 1 // last packet before the change
		if s.Ahead.Seen() {
			first = s.Ahead.Pos.Number
		}
		if c.First.Pos.Number <= first && first < c.Last.Pos.Number {
			return true
		}
	}
	return false
}

// lateWritten is the finding on packets that stand behind later ones.
func lateWritten(source int, r *diag.Recording) diag.Finding {
	f := diag.Finding{
		Severity: diag.Note, Confidence: diag.Proven, Source: source, Count: int(r.Late), Where: positions(r.LateFirst),
		Summary: fmt.Sprintf("in the file, %d of %s %s after later ones, by up to %s: retransmissions and disorder near them may be the recorder's",
			r.Late, diag.Count(r.Packets, "packet"), map[bool]string{true: "comes", false: "come"}[r.Late == 1], diag.Duration(r.LateBy)),
		Fix: []string{"sort the file (reordercap IN OUT) and analyse the result"},
	}
	sortByNumber(f.Where)
	f.Filter = frames(f.Where, 0)
	return f
}

// frames is the filter for packets by number, with some before each.
func frames(list []trace.Pos, before int64) string {
	var parts []string
	for _, p := range list {
		if from := max(p.Number-before, 1); from < p.Number {
			parts = append(parts, fmt.Sprintf("%d..%d", from, p.Number))
		} else {
			parts = append(parts, fmt.Sprint(p.Number))
		}
	}
	return diag.InSet("frame.number", parts)
}
