package diag

import (
	"cmp"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// Charge makes the time in which a user waited the cost of a finding. Without times there is no cost, and it is not ok.
func (in *Input) Charge(f *Finding, waits []Interval) (ok bool) {
	f.Cost, ok = in.Waited(waits)
	f.Lost = waits
	return ok
}

// Waits are what the transport noted of a connection, as intervals of it.
func Waits(c *flow.Conversation, list flow.Waits) (out []Interval) {
	at := func(t int64) flow.Moment { return flow.Moment{Pos: c.First.Pos, Time: t} }
	for _, w := range list {
		out = append(out, Interval{From: at(w.From), To: at(w.To), Conv: c})
	}
	return out
}

// reconcile takes from the cost of each finding what those before it have
// counted already, and ranks them anew. Time is counted by conversation:
//
//  1. A finding has the times that it lost (Finding.Lost), in the conversations that it is about.
//  2. What an earlier finding claimed of them in the same conversation is not free. Of what is free it claims as much as its cost.
//  3. A cost above the sum of those times, because a list of them is bounded or none is kept, has its rest anywhere in the conversations.
func reconcile(findings []Finding, in *Input) {
	l := newLedger(in.Points)
	for i := range findings {
		f := &findings[i]
		if f.Cost > 0 && len(f.Conversations) > 0 {
			l.claim(f)
		}
	}
	rank(findings)
}

// A ledger is which time of which conversation has been claimed. What several points saw of a conversation is one, on one clock.
type ledger struct {
	points  *point.Result
	same    point.Same
	shifts  map[int]int64 // by conversation
	claimed map[int]budget.Times
}

func newLedger(points *point.Result) *ledger {
	l := &ledger{points: points, shifts: map[int]int64{}, claimed: map[int]budget.Times{}}
	if points != nil {
		l.same = point.NewSame(points)
	}
	return l
}

// key is what all sightings of a conversation have in common.
func (l *ledger) key(c *flow.Conversation) int {
	if l.points == nil {
		return c.ID
	}
	return l.same.Of(c)
}

// shift is what to add to times of a conversation for those of the one clock.
func (l *ledger) shift(c *flow.Conversation) int64 {
	if l.points == nil || c.First.Time == trace.NoTime {
		return 0
	}
	s, ok := l.shifts[c.ID]
	if !ok {
		at, _ := l.points.Clock(c.Source).At(c.First.Pos.Number, c.First.Time)
		s = at - c.First.Time
		l.shifts[c.ID] = s
	}
	return s
}

// life is the time from the first to the last packet of a conversation.
func life(c *flow.Conversation) budget.Times {
	return budget.Union(budget.Stretch{From: c.First.Time, To: c.Last.Time})
}

func shifted(t budget.Times, by int64) budget.Times {
	if by == 0 {
		return t
	}
	t = slices.Clone(t)
	for i := range t {
		t[i].From, t[i].To = t[i].From+by, t[i].To+by
	}
	return t
}

func (l *ledger) claim(f *Finding) {
	placed := f.placed()
	var all, free, rest budget.Times
	for _, c := range f.Conversations {
		claimed, by := l.claimed[l.key(c)], l.shift(c)
		own := shifted(placed[c.ID], by)
		all = append(all, own...)
		free = append(free, own.Without(claimed)...)
		rest = append(rest, shifted(life(c), by).Without(claimed).Without(own)...)
	}
	if all, free = budget.Union(all...), budget.Union(free...); len(all) == 0 && !f.lives() {
		return // nothing to place it in
	}
	got := free.First(int64(f.Cost))
	if more := int64(f.Cost) - all.Length(); more > 0 {
		got = got.With(budget.Union(rest...).Without(free).First(more))
	}
	before := f.Cost
	f.Cost = time.Duration(got.Length())
	if Duration(before) != Duration(f.Cost) {
		f.Facts = append(f.Facts, Fact{Name: "counted in findings above", Value: Duration(before-f.Cost) + " of " + Duration(before)})
	}
	f.claimed = map[int]budget.Times{}
	for _, c := range f.Conversations {
		key, by := l.key(c), l.shift(c)
		own := shifted(placed[c.ID].With(life(c)), by).Without(l.claimed[key]).And(got)
		if len(own) > 0 {
			f.claimed[c.ID] = shifted(own, -by)
			l.claimed[key] = l.claimed[key].With(own)
		}
	}
}

// lives reports whether one of the finding's conversations lasted.
func (f *Finding) lives() bool {
	return slices.ContainsFunc(f.Conversations, func(c *flow.Conversation) bool { return len(life(c)) > 0 })
}

// Claimed is the time of a conversation that the finding's cost is made of, of which no other finding has any.
func (f *Finding) Claimed(c *flow.Conversation) budget.Times { return f.claimed[c.ID] }

// manyConversations is how many of a finding are looked at for each of its times; beyond it only those count that say which conversation they are of.
const manyConversations = 256

// placed are the times that a finding lost, by conversation. One that does not say of which it is of all that were there then;
// what lies in the life of none is of the one that it begins in.
func (f *Finding) placed() map[int]budget.Times {
	lists := map[int][]budget.Stretch{}
	for i := range f.Lost {
		w := &f.Lost[i]
		s := budget.Stretch{From: w.From.Time, To: w.To.Time}
		switch {
		case s.From == trace.NoTime || s.To == trace.NoTime:
		case w.Conv != nil:
			lists[w.Conv.ID] = append(lists[w.Conv.ID], s)
		default:
			for _, c := range f.Conversations[:min(len(f.Conversations), manyConversations)] {
				for _, one := range budget.Union(s).And(life(c)) {
					lists[c.ID] = append(lists[c.ID], one)
				}
			}
			if c := f.owner(w); c != nil {
				lists[c.ID] = append(lists[c.ID], s)
			}
		}
	}
	out := make(map[int]budget.Times, len(lists))
	for id, list := range lists {
		out[id] = budget.Union(list...)
	}
	return out
}

// owner is the shortest of the finding's conversations in which a time begins, when no one of them has all of it.
func (f *Finding) owner(w *Interval) (owner *flow.Conversation) {
	for _, c := range f.Conversations[:min(len(f.Conversations), manyConversations)] {
		if c.Source != w.From.Pos.Source || w.From.Pos.Number < c.First.Pos.Number || w.From.Pos.Number > c.Last.Pos.Number {
			continue
		}
		if w.To.Time <= c.Last.Time {
			return nil
		}
		if owner == nil || c.Last.Pos.Number-c.First.Pos.Number < owner.Last.Pos.Number-owner.First.Pos.Number {
			owner = c
		}
	}
	return owner
}

// rank puts findings in order: by cost, then severity, what happened before how well it was recorded, confidence and id.
func rank(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Severity, a.Severity), aboutCapture(a)-aboutCapture(b),
			cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
}
