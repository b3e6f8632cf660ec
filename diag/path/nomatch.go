package path

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

//go:embed nomatch.md
var nomatchPage string

// NoMatch: two captures do not belong together, or only after a shift by whole hours (X10).
var NoMatch = &diag.Rule{ID: "path.nomatch", Title: "two captures do not belong together", Page: nomatchPage, Run: nomatch}

const (
	// minOverlap is how long two captures of the same hosts must have run at the same time to be compared.
	minOverlap = int64(time.Second)
	// aboutHours is how near to whole hours the offset of two clocks is that differ in their time zone.
	aboutHours = 5 * int64(time.Minute)
	hour       = int64(time.Hour)
)

func nomatch(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	for i := range in.Points.Pairs {
		p := &in.Points.Pairs[i]
		a, b := &in.Points.Points[p.A], &in.Points.Points[p.B]
		switch {
		case len(p.Meetings) > 0:
			if f := hours(in.Points, p); f != nil {
				out = append(out, *f)
			}
		case len(p.Relays) > 0: // something between them ends connections, and carries on their bytes
		case a.Packets == 0 || b.Packets == 0 || p.Halves > 0 || p.Candidates == 0 || overlap(a, b) < minOverlap:
			// Files of one place in a row, two ways of one tap, or other hosts: nothing says that they belong together.
		default:
			out = append(out, strangers(a, b, p))
		}
	}
	return out
}

// overlap is how long both captures ran at the same time, by their own clocks.
func overlap(a, b *point.Point) int64 {
	if a.First == trace.NoTime || b.First == trace.NoTime || a.Untimed || b.Untimed {
		return 0
	}
	return min(a.Last, b.Last) - max(a.First, b.First)
}

// strangers is the finding that hosts are the same and packets are not.
func strangers(a, b *point.Point, p *point.Pair) diag.Finding {
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Likely, Source: -1}
	f.Summary = fmt.Sprintf("no packet of %s is in %s, although both cover the same time and %s of %s between hosts that %s shows",
		a.Name, b.Name, are(p.Candidates, "conversation"), a.Name, b.Name)
	if p.Contradicted > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "conversations with the same endpoints, but other numbers or content", Value: fmt.Sprint(p.Contradicted)})
	}
	f.RuledOut = []string{"rewritten addresses and ports: no sequence number and no content is the same either"}
	f.Fix = []string{"are both captures of the same attempt, from the same day?", "is something between the points that ends connections or encrypts them (a proxy, a tunnel)? Then compare each leg by itself"}
	return f
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return diag.Count(n, noun)
}

// hours is the finding that two clocks are whole hours apart, nil when they are not.
func hours(r *point.Result, p *point.Pair) *diag.Finding {
	if len(p.Clock.Segments) == 0 {
		return nil
	}
	a, b := names(r, p)
	off := p.Clock.Segments[0].At(p.Clock.Segments[0].From)
	n := (abs(off) + hour/2) / hour
	if far := abs(abs(off) - n*hour); n == 0 || far > aboutHours {
		return nil
	}
	how := "ahead of"
	if off < 0 {
		how = "behind"
	}
	m := &p.Meetings[0]
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: -1}
	f.Summary = fmt.Sprintf("%s and %s have the same traffic, and the clock of %s is %s %s that of %s: a time zone, or a clock that was never set",
		a, b, b, diag.Count(n, "hour"), how, a)
	atA, atB := r.Conv(m.A), r.Conv(m.B)
	f.Where = ordered([]trace.Pos{atA.First.Pos, atB.First.Pos})
	f.Conversations = append(f.Conversations, atA, atB)
	f.Fix = []string{"nothing for the comparison: times are moved to one clock", "set the clock of the recording machine, and let its recorder write UTC"}
	f.Filter = between(f.Conversations)
	return &f
}

func abs(x int64) int64 { return max(x, -x) }
