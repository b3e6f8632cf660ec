package fileio

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
)

// An index finds the calls that ask for a place of their file.
type index struct {
	byOffset []*session.Operation // by offset, then time
	longest  int64                // of a call, bytes
}

func newIndex(list []*session.Operation) index {
	x := index{byOffset: slices.Clone(list)}
	slices.SortStableFunc(x.byOffset, func(a, b *session.Operation) int { return cmp.Compare(a.Offset, b.Offset) })
	for _, o := range list {
		x.longest = max(x.longest, o.Requested)
	}
	return x
}

// covering visits the calls whose range has the place, until visit returns false.
func (x *index) covering(place int64, visit func(*session.Operation) bool) {
	end, _ := slices.BinarySearchFunc(x.byOffset, place, func(o *session.Operation, at int64) int {
		if o.Offset <= at {
			return -1
		}
		return 1
	})
	for i := end - 1; i >= 0 && x.byOffset[i].Offset > place-x.longest; i-- {
		if o := x.byOffset[i]; covers(o, place) && !visit(o) {
			return
		}
	}
}

// A vote is an interval of differences of the clocks with which a request lies inside a call: from the one end to the other.
type vote struct {
	at   int64
	step int8
}

// votes are those of all requests.
type votes struct {
	list []vote
	of   int
}

const (
	maxVotes = 1 << 21
	// maxVoices bounds the calls that one request votes with: a place that is read again and again would outvote the others.
	maxVoices = 32
)

// add votes with the requests of a file. A request lies inside a call when it is asked after the call began, and, where that
// is known, answered before it ended: the difference is at most asked - begin, and at least answered - end.
func (v *votes) add(p *pair) {
	for _, r := range p.wire.list {
		n := 0
		p.calls.near.covering(r.Offset, func(o *session.Operation) bool {
			from, to := bounds(r, o)
			if to >= from && len(v.list) < maxVotes {
				v.list = append(v.list, vote{from, 1}, vote{to, -1})
				n++
			}
			return n < maxVoices
		})
		if n > 0 {
			v.of++
		}
	}
}

// bounds are the differences with which a request lies inside a call.
func bounds(r *request.Request, o *session.Operation) (from, to int64) {
	end := r.Asked.Time
	if r.Answered() {
		end = r.Last.Time
	}
	return end - o.At.Time - o.Duration, r.Asked.Time - o.At.Time
}

// elect finds the interval with the most votes; of several the one nearest to no difference. Not ok without any vote.
func (v *votes) elect() (c Clock, ok bool) {
	slices.SortFunc(v.list, func(a, b vote) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.step, a.step)) })
	open, most := 0, 0
	var from, to int64
	for i, x := range v.list {
		open += int(x.step)
		if x.step < 0 || open < most {
			continue
		}
		end := v.list[i+1].at // the last is an end
		if open > most || distance(x.at, end) < distance(from, to) {
			most, from, to = open, x.at, end
		}
	}
	if most == 0 {
		return c, false
	}
	return Clock{Ahead: from + (to-from)/2, Bound: (to - from + 1) / 2, Votes: min(most, v.of), Of: v.of}, true
}

// distance is how far an interval is from 0.
func distance(from, to int64) int64 {
	if from <= 0 && to >= 0 {
		return 0
	}
	return max(from, -to)
}
