// Package budget splits the duration of something into what took it, so that the
// parts add up to the whole: several causes may be at work at a time, and the surest one has it.
package budget

import (
	"cmp"
	"slices"
)

// A Cause is what time goes to. Where several are at work, the higher one has the time: what is seen of TCP is surer
// than what is concluded from requests, and a pause is a pause only where nothing else went on.
type Cause uint8

const (
	Unknown   Cause = iota // the capture does not show
	Idle                   // nothing was asked for long, or any more
	Network                // questions, answers and content on their way
	Client                 // the application that asks
	Server                 // the application that answers
	TLS                    // opening an encrypted connection
	Names                  // asking for addresses and ports
	Held                   // small segments that waited for a delayed acknowledgement
	Recovery               // what was lost, until it had come again
	Handshake              // opening a connection of TCP
	Causes                 // how many there are
)

var names = [Causes]string{"not known", "idle", "network path", "application client", "application server", "TLS", "name resolution", "TCP, held back", "TCP recovery", "TCP handshake"}

func (c Cause) String() string { return names[c] }

// A Span is a stretch of time, in nanoseconds since 1970, and what took it.
type Span struct {
	From, To int64
	Cause    Cause
}

// A Budget is a time without gaps: each span begins where the one before ends, and has another cause.
type Budget []Span

// Of splits the time between two moments. What no span covers is not known; spans may overlap and reach beyond it.
func Of(from, to int64, spans []Span) Budget {
	type edge struct {
		at    int64
		cause Cause
		n     int
	}
	edges := make([]edge, 0, 2*len(spans))
	for _, s := range spans {
		if begin, end := max(s.From, from), min(s.To, to); begin < end {
			edges = append(edges, edge{begin, s.Cause, 1}, edge{end, s.Cause, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	var out Budget
	var open [Causes]int
	at := from
	upTo := func(end int64) {
		if end <= at {
			return
		}
		cause := Causes - 1
		for cause > Unknown && open[cause] == 0 {
			cause--
		}
		if n := len(out); n > 0 && out[n-1].Cause == cause {
			out[n-1].To = end
		} else {
			out = append(out, Span{at, end, cause})
		}
		at = end
	}
	for _, e := range edges {
		upTo(e.at)
		open[e.cause] += e.n
	}
	upTo(to)
	return out
}

// Total is the whole time in nanoseconds.
func (b Budget) Total() int64 {
	if len(b) == 0 {
		return 0
	}
	return b[len(b)-1].To - b[0].From
}

// Parts are the times of the causes in nanoseconds. They add up to Total.
func (b Budget) Parts() (parts [Causes]int64) {
	for _, s := range b {
		parts[s.Cause] += s.To - s.From
	}
	return parts
}

// Between is the part of the budget between two moments.
func (b Budget) Between(from, to int64) (out Budget) {
	for _, s := range b {
		s.From, s.To = max(s.From, from), min(s.To, to)
		if s.From < s.To {
			out = append(out, s)
		}
	}
	return out
}
