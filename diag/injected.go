package diag

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// An Injection is a connection that a reset ended at one capture point, in the name of a side that did not send it past the point near that side.
type Injection struct {
	Conv, Sent  *flow.Conversation // where the reset came, and the same connection where it was not sent
	At, Without int                // the two points
	By          int                // in whose name: Ends[By] of Conv
	Matched     int64              // packets of that side that are at both points
	// Both says that the side got a reset itself, which the other one did not send either.
	Both bool
}

// minMatched is how many packets of the side must be at both points: the reset would be too.
const minMatched = 3

// Injections are those connections, in the order of the meetings. They are found once a run.
func (in *Input) Injections() []*Injection {
	if in.Points == nil || in.injections != nil {
		return in.injections
	}
	in.injections, in.injected = []*Injection{}, map[*flow.Conversation]bool{}
	for i := range in.Points.Pairs {
		p := &in.Points.Pairs[i]
		for j := range p.Meetings {
			m := &p.Meetings[j]
			for d := range m.Ways {
				if x := injection(in.Points, p, m, d); x != nil && !in.injected[x.Conv] {
					in.injections, in.injected[x.Conv] = append(in.injections, x), true
				}
			}
		}
	}
	return in.injections
}

// ResetInjected reports whether the reset of a connection is one of those.
func (in *Input) ResetInjected(c *flow.Conversation) bool {
	in.Injections()
	return in.injected[c]
}

// injection is what the two points say of a direction of a connection, nil when its reset was sent, or there is none.
func injection(r *point.Result, p *point.Pair, m *point.Meeting, d int) *Injection {
	w := &m.Ways[d]
	if w.From == point.Unknown || w.Matched < minMatched || w.Lost > 0 {
		return nil
	}
	if w.Only == 0 {
		return nil
	}
	at, sent, by := r.Conv(m.B), r.Conv(m.A), d
	x := &Injection{At: p.B, Without: p.A}
	if m.Flipped {
		by = 1 - d
	}
	own := d
	if w.From == point.BtoA {
		at, sent, own, by = sent, at, by, d
		x.At, x.Without = p.A, p.B
	}
	x.Conv, x.Sent, x.By, x.Matched = at, sent, by, w.Matched
	t, s := at.TCP, sent.TCP
	if t == nil || s == nil || !t.RST.Seen() || t.RSTBy != by || t.Refused || !onlyThere(w, t.RST) {
		return nil
	}
	if s.RST.Seen() && s.RSTBy == own { // it sent one of its own
		return nil
	}
	x.Both = s.RST.Seen() && onlyThere(&m.Ways[1-d], s.RST)
	if w.Only > t.RSTs {
		return nil // more than resets is missing at the other point
	}
	return x
}

// onlyThere reports whether a record is one of those that only the second point of a way has.
func onlyThere(w *point.Way, at flow.Moment) bool {
	return slices.ContainsFunc(w.Places().OnlyAt, func(p trace.Pos) bool { return p.Source == at.Pos.Source && p.Number == at.Pos.Number })
}
