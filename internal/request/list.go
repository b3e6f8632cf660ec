package request

import (
	"cmp"
	"slices"
)

// A List keeps requests of an analysis: the first ones of each lane, as many as memory allows. The rest is counted.
type List struct {
	Requests []Request // in the order of the first byte of the question
	Beyond   int64     // finished later than those, and not kept
}

// maxKept bounds the requests that a List keeps while they come: 30 MB of them.
const maxKept = 1 << 17

// Add keeps a copy of r.
func (l *List) Add(r *Request) {
	if len(l.Requests) >= maxKept {
		l.Beyond++
		return
	}
	l.Requests = append(l.Requests, *r)
}

// Join takes over what another list has. conv gives the conversations of its requests the numbers that they have here.
func (l *List) Join(other *List, conv func(int) int) {
	for i := range other.Requests {
		other.Requests[i].Conv = conv(other.Requests[i].Conv)
	}
	l.Requests = append(l.Requests, other.Requests...)
	l.Beyond += other.Beyond
	*other = List{}
}

// Sort puts the requests in order of the first byte of their questions.
func (l *List) Sort() {
	slices.SortStableFunc(l.Requests, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Asked.Time, b.Asked.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Asked.Number, b.Asked.Number), cmp.Compare(a.key, b.key))
	})
}
