package diag

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// Parts say who took the time of a spell, as far as the place of the capture can tell. They add up to Total.
type Parts struct {
	Total time.Duration
	// Server is the time that the server took to begin an answer while nothing else of the talk moved, and Client that in which nothing was asked, both
	// without the way to them. Network is the way of questions and first bytes, Transfer the time in which content was on its way. In Unknown
	// nothing was asked but questions that have no answer in the capture.
	Server, Client, Network, Transfer, Unknown time.Duration

	Rounds    int
	RoundTrip time.Duration   // of the whole network; 0 when it is not known
	Pauses    []request.Pause // of the client
}

// Parts splits the time of a spell. A round trip that nothing tells is taken for the least time that an answer took: then the server has at least what is said here.
func (s *Spell) Parts() (p Parts) {
	server, client, ok := s.Talk.Way()
	if ok {
		p.RoundTrip = server + client
	}
	b := &s.Budget
	p.Total, p.Transfer, p.Rounds = time.Duration(b.Total()), time.Duration(b.Transfer), s.Rounds()
	wait := time.Duration(b.Wait)
	p.Server = time.Duration(float64(wait) * s.thought(server))
	for _, pause := range b.Pauses {
		switch own := time.Duration(pause.Length()) - client; {
		case own <= 0:
		case s.asks(pause):
			p.Unknown += own
		default:
			p.Client += own
			p.Pauses = append(p.Pauses, pause)
		}
	}
	p.Network = wait - p.Server + time.Duration(b.Pause) - p.Client - p.Unknown
	return p
}

// thought is the part of the time to the first bytes that is not the way to the server and back.
func (s *Spell) thought(way time.Duration) float64 {
	var own, all int64
	for _, r := range s.Requests {
		if ns, ok := r.Service(); ok && ns > 0 {
			own, all = own+max(0, ns-int64(way)), all+ns
		}
	}
	return float64(own) / float64(max(all, 1))
}

// Marks are the records of marks of the talk, in order, each once.
func (t *Talk) Marks(ms ...request.Mark) []trace.Pos {
	var out []trace.Pos
	for _, m := range ms {
		if m.Seen() {
			out = append(out, t.Pos(m))
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

// Facts say where the time went. They add up to the first.
func (p *Parts) Facts() []Fact {
	facts := []Fact{{Name: "time", Value: Duration(p.Total)}}
	for _, part := range []struct {
		name string
		d    time.Duration
	}{{"server", p.Server}, {"client", p.Client}, {"network, waiting", p.Network}, {"network, transfer", p.Transfer}, {"not known", p.Unknown}} {
		if part.d > 0 {
			facts = append(facts, Fact{Name: part.name, Value: fmt.Sprintf("%s (%s)", Duration(part.d), Percent(part.d, p.Total))})
		}
	}
	if p.RoundTrip > 0 {
		facts = append(facts, Fact{Name: "round trip", Value: Duration(p.RoundTrip)})
	}
	return facts
}

// Percent is a part of a time in whole percent: "76 %".
func Percent(d, of time.Duration) string {
	return fmt.Sprintf("%.0f %%", 100*float64(d)/float64(max(of, 1)))
}

// Add adds the parts of another spell; the round trip is the shorter one.
func (p *Parts) Add(b Parts) {
	p.Total, p.Server, p.Client, p.Network, p.Transfer, p.Unknown = p.Total+b.Total, p.Server+b.Server, p.Client+b.Client, p.Network+b.Network, p.Transfer+b.Transfer, p.Unknown+b.Unknown
	p.Rounds += b.Rounds
	if p.RoundTrip == 0 || b.RoundTrip > 0 && b.RoundTrip < p.RoundTrip {
		p.RoundTrip = b.RoundTrip
	}
	p.Pauses = append(p.Pauses, b.Pauses...)
}

// intervals are the stretches of time from the first question to the last answer of spells.
func intervals(spells []Spell) (out []Interval) {
	for i := range spells {
		s := &spells[i]
		out = append(out, Interval{From: s.Talk.Moment(s.First), To: s.Talk.Moment(s.Last)})
	}
	return out
}

// Within is a cost that is not more than the time in which it was lost: what several clients lose at once counts once.
func (in *Input) Within(d time.Duration, spells []Spell) time.Duration {
	all, ok := in.Waited(intervals(spells))
	if !ok {
		return 0
	}
	return min(d, all)
}

// ConversationsOf are those of talks.
func ConversationsOf(ts ...*Talk) (out []*flow.Conversation) {
	for _, t := range ts {
		out = append(out, t.Conversations...)
	}
	return out
}
