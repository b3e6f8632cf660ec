package diag

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// An Ask is a request with the talk that it is of.
type Ask struct {
	Talk *Talk
	*request.Request
}

// Asks are the requests of some protocols, by talk and in order in each.
func (in *Input) Asks(of ...proto.ID) (out []Ask) {
	for _, t := range in.Talks() {
		if slices.Contains(of, t.Protocol) {
			for _, r := range t.Requests {
				out = append(out, Ask{t, r})
			}
		}
	}
	return out
}

// Latest are the times of the last requests that something holds for, by what they have in common.
func Latest[K comparable](list []Ask, key func(Ask) (K, bool)) map[K]int64 {
	out := map[K]int64{}
	for _, a := range list {
		if k, ok := key(a); ok && a.Asked.Time >= out[k] {
			out[k] = a.Asked.Time
		}
	}
	return out
}

// FindingOn is what a finding on requests of one server has but words: how many, whose, where. The filter shows what the conversations have of a layer.
func (in *Input) FindingOn(list []Ask, layer string) Finding {
	t := list[0].Talk
	f := Finding{Confidence: Proven, Count: len(list), Source: t.Source, Host: t.Server.Addr().String()}
	seen := map[int]bool{}
	for _, a := range list {
		if !seen[a.Conv] {
			seen[a.Conv] = true
			f.Conversations = append(f.Conversations, in.Conversations.At(a.Conv))
		}
		for _, m := range [...]request.Mark{a.Sent, a.Again, a.Last} {
			if m.Seen() && len(f.Where) < maxProof {
				f.Where = append(f.Where, a.Talk.Pos(m))
			}
		}
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	f.Where = slices.Compact(f.Where)
	f.Filter = AllOf(Streams(f.Conversations, EndpointFilter(t.Server, f.Conversations[0])), layer)
	return f
}

// Took are the times from question to answer; a question without one ends when it was asked for the last time.
func Took(list []Ask) (out []Interval) {
	for _, a := range list {
		from, to := a.Talk.Moment(a.Asked), a.Talk.Moment(a.Asked)
		for _, m := range [...]request.Mark{a.Again, a.Last} {
			if m.Seen() {
				to = a.Talk.Moment(m)
			}
		}
		out = append(out, Interval{From: from, To: to})
	}
	return out
}

// ClientsOf are those that asked, in words.
func ClientsOf(list []Ask) string {
	return List(Distinct(list, func(a Ask) string { return a.Talk.Client.String() }), 3)
}

// NamesOf are what was asked for, in words; "" when nothing says.
func NamesOf(list []Ask, name func(Ask) string) string {
	return List(Distinct(list, func(a Ask) string {
		const most = 80
		r := []rune(name(a))
		if len(r) > most {
			return string(r[:most]) + "..."
		}
		return string(r)
	}), 3)
}
