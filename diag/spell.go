package diag

import (
	"cmp"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// A Spell is a stretch of a talk without a long pause: one operation of the user, as far as the network can tell.
type Spell struct {
	Talk       *Talk
	Requests   []*request.Request
	unanswered []int64 // times at which questions were asked that have no answer here
	request.Measure
}

// idle is a pause that ends a spell: nobody waits for a program that does nothing for so long.
const idle = int64(time.Second)

// Spells cuts a talk at its long pauses. Requests that wait for something to happen are left out, and so are those without an answer.
// They are measured once, for all rules: nobody changes them.
func (t *Talk) Spells() []Spell {
	if t.spells == nil {
		t.spells = t.SpellsOf(func(*request.Request) bool { return true })
	}
	return t.spells
}

// SpellsOf are the spells of the requests that are wanted.
func (t *Talk) SpellsOf(wanted func(*request.Request) bool) (out []Spell) {
	s, end := Spell{Talk: t}, int64(0)
	for _, r := range t.Requests {
		if r.Waits || r.Asked.Time == trace.NoTime || !wanted(r) {
			continue
		}
		if len(s.Requests) > 0 && r.Asked.Time-end > idle {
			out = append(out, s.measured())
			s = Spell{Talk: t}
		}
		if !r.Answered() {
			s.unanswered = append(s.unanswered, r.Asked.Time)
			continue
		}
		s.Requests, end = append(s.Requests, r), max(end, r.Last.Time)
	}
	if len(s.Requests) > 0 {
		out = append(out, s.measured())
	}
	return out
}

func (s Spell) measured() Spell {
	s.Measure = request.MeasureOf(s.Requests)
	return s
}

// Timed reports whether the times of the spell can be told from each other: it has some, and no step of a clock is in it.
func (s *Spell) Timed(in *Input) bool {
	d, ok := in.Elapsed(s.Talk.Moment(s.First), s.Talk.Moment(s.Last))
	return ok && in.measurable(s.Talk.Source, d)
}

// Measurable reports whether a time of the talk is long enough for the clock that recorded it.
func (t *Talk) Measurable(in *Input, d time.Duration) bool { return in.measurable(t.Source, d) }

// Rounds counts how often a question was asked while none was open: the client waited for an answer each time before it asked on.
func (s *Spell) Rounds() (n int) {
	end := int64(-1 << 63)
	for _, r := range s.Requests {
		if r.Asked.Time >= end {
			n++
		}
		end = max(end, r.Last.Time)
	}
	return n
}

// Slowest are the requests that took longest to their first byte, at most n of them, the slowest first.
func Slowest(list []*request.Request, n int) []*request.Request {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *request.Request) int {
		x, _ := a.Service()
		y, _ := b.Service()
		return cmp.Compare(y, x)
	})
	return list[:min(n, len(list))]
}

// asks reports whether a question without an answer may have been open in a pause.
func (s *Spell) asks(p request.Pause) bool {
	return slices.ContainsFunc(s.unanswered, func(t int64) bool { return t <= p.To.Time && t > p.From.Time-idle })
}

// least is the shortest time from a question to its answer, in nanoseconds.
func (t *Talk) least() int64 {
	if t.leastService == 0 {
		for _, r := range t.Requests {
			if ns, ok := r.Service(); ok && !r.Waits && ns >= 0 && (t.leastService == 0 || ns < t.leastService) {
				t.leastService = max(ns, 1)
			}
		}
	}
	return t.leastService
}
