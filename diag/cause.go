package diag

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

// oneCause makes one finding of those that several rules have of one cause:
// what lies between the same two points in the same conversations, and what
// gives the place of it. The first in the order of ranks stays, as it has the
// cost; the others become its parts. Only points can tell: what one capture
// shows of two faults may have two causes.
func oneCause(findings []Finding, points *point.Result) []Finding {
	if points == nil {
		return findings
	}
	same := point.NewSame(points)
	into := make([]int, len(findings)) // the finding that each is a part of: itself when it is of none
	for i := range into {
		into[i] = i
	}
	for i := range findings {
		if len(findings[i].Rule.Places) > 0 {
			gather(findings, i, into, same)
		}
	}
	for i, first := range into {
		if i != first {
			findings[first].take(findings[i])
		}
	}
	kept := findings[:0]
	for i, first := range into {
		if i == first {
			kept = append(kept, findings[i])
		}
	}
	return kept
}

// gather finds what place number i is the place of. It is told there when that is about all its conversations, and stays when it says more.
func gather(findings []Finding, i int, into []int, same point.Same) {
	place := &findings[i]
	about := numbers(place.Conversations, same)
	open := numbers(place.Conversations, same)
	first := -1
	for j := range findings {
		f := &findings[j]
		of := numbers(f.Conversations, same)
		if into[j] != j || f.Between != place.Between || !slices.Contains(place.Rule.Places, f.Rule.ID) || len(of) == 0 || !within(of, about) {
			continue
		}
		for n := range of {
			delete(open, n)
		}
		switch {
		case first < 0:
			first = j
		case within(of, numbers(findings[first].Conversations, same)):
			into[j] = first
		}
	}
	if first >= 0 && len(open) == 0 && into[first] == first {
		into[i] = first
	}
}

// numbers are what all sightings of each conversation have in common.
func numbers(list []*flow.Conversation, same point.Same) map[int]bool {
	out := map[int]bool{}
	for _, c := range list {
		out[same.Of(c)] = true
	}
	return out
}

func within(some, all map[int]bool) bool {
	for n := range some {
		if !all[n] {
			return false
		}
	}
	return true
}

// take makes a finding a part of f, which is as grave as it. What is to be done at the place comes first.
func (f *Finding) take(part Finding) {
	if part.Confidence >= Likely {
		f.Severity = max(f.Severity, part.Severity)
	}
	if slices.Contains(part.Rule.Places, f.Rule.ID) && f.Between == "" {
		f.Fix = slices.Concat(part.Fix, f.Fix)
	}
	f.Parts = append(f.Parts, part)
}
