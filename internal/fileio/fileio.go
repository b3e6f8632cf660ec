// Package fileio joins what processes read and write with what their machine
// asks a file server: the calls of a Process Monitor log with the READs and
// WRITEs of a capture. One call may make many requests or none (the cache has
// it), and requests may come without a call (read-ahead, pages that the system writes back).
//
// Nothing but the file and the place in it is in both, and the two clocks may
// differ: the difference is estimated first.
package fileio

import (
	"cmp"
	"math"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
)

// A Map is the join of one log with the requests of the captures beside it.
type Map struct {
	Source int // of the log
	Clock  Clock
	Files  []*File // those with the most bytes asked for first
}

// A Clock is how far the clock of the capture is ahead of that of the log.
type Clock struct {
	Ahead     int64 // nanoseconds
	Bound     int64 // it may be wrong by so much
	Votes, Of int   // requests that lie inside a call of their range with it, of those that have a call of their range
}

// A File is what calls and requests say of one file in one direction.
type File struct {
	Name, Path string // as the capture and as the log have it
	Writes     bool
	Process    *session.Process // with the most calls
	Calls      []Call           // of applications, in order
	Requests   []Request        // in order
	Paging     int              // calls of the system that moved pages
	Pauses     []Pause          // of the requests, in order
	CallSize   int64            // the most common length of a call, bytes
	Size       int64            // the most common length of a request
	Depth      int              // calls of applications that were open at once, at most
}

// A Call is what an application asked for.
type Call struct {
	*session.Operation
	Requests int  // that it made
	Fetched  bool // it made none, and a request before had asked for where it begins: read-ahead, or the cache
}

// A Request is one of the capture, with why it was made.
type Request struct {
	*request.Request
	Call int // index of the call that made it, -1 when none did
	Why  Why
}

// Why a request was made.
type Why uint8

const (
	ByCall    Why = iota // a call of an application is open, and asks for its range
	ReadAhead            // a later call asks for its range
	Pages                // the system moves pages of the file
	Unknown
)

// A Pause is a time in which no request for the file was open, and what its process did in it.
type Pause struct {
	request.Pause
	Activities []Activity // those that took longest first
	Rest       int64      // nanoseconds in which no operation of the process was open
}

// An Activity is operations of one name, on one path where it is the same for all.
type Activity struct {
	Name, Path string
	Count      int
	Time       int64 // nanoseconds inside the pause; operations at the same time count each
}

// Counts are how many requests were made why, and how many calls made none: those that found what had been fetched before, and others.
func (f *File) Counts() (why [Unknown + 1]int, fetched, cached int) {
	for i := range f.Requests {
		why[f.Requests[i].Why]++
	}
	for i := range f.Calls {
		switch c := &f.Calls[i]; {
		case c.Requests > 0:
		case c.Fetched:
			fetched++
		default:
			cached++
		}
	}
	return why, fetched, cached
}

// PerCall is the usual number of requests of a call that made any, 0 without such calls.
func (f *File) PerCall() int {
	var n []int64
	for i := range f.Calls {
		if k := f.Calls[i].Requests; k > 0 {
			n = append(n, int64(k))
		}
	}
	return int(common(n))
}

// Passes is how often the calls asked for each byte that they asked for: 1 when a file is read once, from one end to the other. 0 without calls.
func (f *File) Passes() float64 {
	calls := make([]*session.Operation, len(f.Calls))
	var asked int64
	for i := range f.Calls {
		calls[i] = f.Calls[i].Operation
		asked += calls[i].Requested
	}
	slices.SortFunc(calls, func(a, b *session.Operation) int { return cmp.Compare(a.Offset, b.Offset) })
	var distinct, end int64
	for _, o := range calls {
		to := o.Offset + min(o.Requested, math.MaxInt64-o.Offset)
		distinct += max(to-max(o.Offset, end), 0)
		end = max(end, to)
	}
	if distinct == 0 {
		return 0
	}
	return float64(asked) / float64(distinct)
}

// Idle adds up the pauses: what the process did in them, and how much of them no operation explains.
func (f *File) Idle() (sum Pause, total int64) {
	index := map[[2]string]int{}
	for i := range f.Pauses {
		p := &f.Pauses[i]
		total += p.Length()
		sum.Rest += p.Rest
		for _, a := range p.Activities {
			sum.add(index, a)
		}
	}
	sum.sort()
	return sum, total
}
