package diag

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// Twins are the same conversation at other capture points.
func (in *Input) Twins(c *flow.Conversation) []*flow.Conversation {
	if in.Points == nil {
		return nil
	}
	if in.twins == nil {
		in.twins = map[int][]int32{}
		for i := range in.Points.Pairs {
			for _, m := range in.Points.Pairs[i].Meetings {
				in.twins[int(m.A)] = append(in.twins[int(m.A)], m.B)
				in.twins[int(m.B)] = append(in.twins[int(m.B)], m.A)
			}
		}
	}
	out := make([]*flow.Conversation, 0, len(in.twins[c.ID]))
	for _, n := range in.twins[c.ID] {
		out = append(out, in.Points.Conv(n))
	}
	return out
}

// Unanswered are the questions of a talk that nobody answered although the capture goes on for so long: no other address did
// (see [Detour]), no part of an answer came (see [Input.Fragmented]), and no other point has an answer, which would have been lost on the way to this one (see path.loss.location).
func (in *Input) Unanswered(t *Talk, least time.Duration) (out []*request.Request) {
	end := in.End(t.Source)
	for _, r := range t.Requests {
		if _, pieces := in.Fragmented()[r]; r.First.Seen() || pieces || in.AnsweredElsewhere(r) {
			continue
		}
		if d, timed := in.Elapsed(t.Moment(r.Asked), end); timed && d < least {
			continue
		}
		if in.Points != nil && in.answeredAtTwin(in.Conversations.At(r.Conv), r) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// answeredAtTwin reports whether another point has an answer to the question, from the address that was asked or from another.
func (in *Input) answeredAtTwin(c *flow.Conversation, r *request.Request) bool {
	for _, t := range in.Twins(c) {
		for _, q := range in.requestsOf(t) {
			if q.Protocol == r.Protocol && q.Key() == r.Key() && q.Name == r.Name && (q.First.Seen() || in.AnsweredElsewhere(q)) {
				return true
			}
		}
	}
	return false
}

// Waits are the times in which a client waited for answers that did not come: from each question to the next of the list, or for as long as it waits at most.
func (t *Talk) Waits(list []*request.Request, most time.Duration) (out []Interval) {
	for i, r := range list {
		to := r.Asked
		if r.Again.Seen() {
			to = r.Again
		}
		if r.Asked.Time == trace.NoTime {
			continue
		}
		to.Time += int64(most)
		if i+1 < len(list) && list[i+1].Asked.Time < to.Time {
			to.Time = list[i+1].Asked.Time
		}
		out = append(out, Interval{From: t.Moment(r.Asked), To: flow.Moment{Pos: t.Pos(to), Time: to.Time}})
	}
	return out
}
