package path

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed dup.md
var dupPage string

// Dup: packets that were sent once arrive twice (X7).
var Dup = &diag.Rule{ID: "path.dup", Title: "packets are sent once and arrive twice", Page: dupPage, Run: dup}

// minTwice is how many packets must arrive twice.
const minTwice = 3

func dup(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	hops := in.Hops()
	for i := range hops {
		h := &hops[i]
		w := h.Total()
		if !h.Known || w.Twice < minTwice {
			continue
		}
		a, b := in.Points.Points[h.From].Name, in.Points.Points[h.To].Name
		f := diag.Finding{Severity: diag.Warning, Confidence: diag.Proven, Source: -1, Count: int(w.Twice)}
		f.Summary = fmt.Sprintf("%d of %s from %s to %s %s twice: they were sent once", w.Twice, diag.Count(w.Matched, "packet"), a, b, arrive(w.Twice))
		f.RuledOut = []string{
			"packets that were sent again: the identification is the same, and the first point has it once",
			"a port that is mirrored twice: only a part of the packets came twice",
		}
		f.Fix = []string{fmt.Sprintf("look between %s and %s for a loop, a bridge that floods, or a link aggregation that sends on both links", a, b)}
		for k := range h.Passages {
			if x := h.Passages[k].Way(); x.Twice > 0 {
				f.Conversations = append(f.Conversations, in.Points.Conv(h.Passages[k].Meeting.A), in.Points.Conv(h.Passages[k].Meeting.B))
				f.Where = append(f.Where, x.Places().TwiceAt...)
			}
		}
		f.Where, f.Filter, f.Conversations = ordered(f.Where), between(f.Conversations), unique(f.Conversations)
		out = append(out, f)
	}
	return out
}

func arrive(n int64) string {
	if n == 1 {
		return "arrives"
	}
	return "arrive"
}
