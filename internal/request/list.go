package request

import (
	"cmp"
	"slices"
)

// A List keeps requests of an analysis: the first ones of each lane, as many as memory allows. The rest is counted.
type List struct {
	Requests []Request // in the order of the first byte of the question
	Beyond   int64     // finished later than those, and not kept
	Unasked  []Request // answers to no question that was captured, as many as of the others, in order
}

// maxKept bounds the requests that a List keeps while they come: 40 MB of them.
const maxKept = 1 << 17

// Add keeps a copy of r.
func (l *List) Add(r *Request) {
	list := &l.Requests
	if !r.Asked.Seen() {
		list = &l.Unasked
	}
	if len(*list) >= maxKept {
		if r.Asked.Seen() {
			l.Beyond++
		}
		return
	}
	*list = append(*list, *r)
}

// Clone is a list of the same requests.
func (l *List) Clone() List {
	return List{Requests: slices.Clone(l.Requests), Beyond: l.Beyond, Unasked: slices.Clone(l.Unasked)}
}

// Join takes over what another list has. conv gives the conversations of its requests the numbers that they have here.
func (l *List) Join(other *List, conv func(int) int) {
	for _, list := range [][]Request{other.Requests, other.Unasked} {
		for i := range list {
			list[i].Conv = conv(list[i].Conv)
		}
	}
	if l.Requests == nil {
		l.Requests = other.Requests
	} else {
		l.Requests = append(l.Requests, other.Requests...)
	}
	l.Unasked = append(l.Unasked, other.Unasked...)
	l.Beyond += other.Beyond
	*other = List{}
}

// Sort puts the requests in order of the first byte of their questions, and the answers to none in that of their own.
func (l *List) Sort() {
	slices.SortStableFunc(l.Requests, func(a, b Request) int { return a.compare(&b, a.Asked, b.Asked) })
	slices.SortStableFunc(l.Unasked, func(a, b Request) int { return a.compare(&b, a.First, b.First) })
}

func (r *Request) compare(o *Request, a, b Mark) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(r.Source, o.Source), cmp.Compare(a.Number, b.Number), cmp.Compare(r.key, o.key))
}
