package point

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// An End is one side of a conversation as one point has it.
type End struct {
	Conv *flow.Conversation
	Side int
}

// Gone is what was lost of one side of a conversation between two points with no other in between.
type Gone struct {
	*Pair
	Conv *flow.Conversation // as the point has it where they were seen last
	Lost int64
	// LeastLost and MostPassed are sizes of payloads, as in Way.
	LeastLost, MostPassed uint32
	At                    []trace.Pos // the first 20, at that point
}

// Gone is what was lost of each side of each conversation, as each of its points has it: a point tells so where something is lost that it has seen,
// or that it never saw.
func (r *Result) Gone() map[End][]Gone {
	out := map[End][]Gone{}
	for _, s := range r.sighted() {
		for d := range 2 {
			list := r.gone(s, d)
			if len(list) == 0 {
				continue
			}
			for i, c := range s.convs {
				if c >= 0 {
					out[End{r.Conv(c), s.side(i, d)}] = list
				}
			}
		}
	}
	return out
}

// gone is what was lost of end d.
func (r *Result) gone(s *sighted, d int) (out []Gone) {
	for _, h := range s.hops(nil, d) {
		if !h.Known {
			continue
		}
		for i := range h.Passages {
			if w := h.Passages[i].Way(); w.Lost > 0 {
				out = append(out, Gone{Pair: h.Pair(), Conv: r.Conv(s.convs[h.From]), Lost: w.Lost, LeastLost: w.LeastLost, MostPassed: w.MostPassed, At: w.Places().LostAt})
			}
		}
	}
	return out
}

// Has reports whether a record is one of those that are named.
func (g *Gone) Has(m flow.Moment) bool {
	return m.Seen() && slices.ContainsFunc(g.At, func(p trace.Pos) bool { return p.Source == m.Pos.Source && p.Number == m.Pos.Number })
}
