package request

import (
	"cmp"
	"iter"
	"slices"
)

// A Measure is what a group of requests of one conversation, one name or one command took.
type Measure struct {
	N, Answered, Failed, Waiting int // Waiting are those that wait for something to happen; their times count nowhere
	Repeats                      int
	First, Last                  Mark  // of the first question, and of the last answer or question
	Moved                        int64 // bytes of content that answers brought, and that questions brought and answers accepted
	Service, Whole               Spread
	Depth                        Depth
	Budget                       Budget
}

// A Spread is how times, in nanoseconds, are distributed. Zero without any.
type Spread struct {
	N                           int
	Min, Median, P95, Max, Mean int64
}

// Depth is how many questions were open at once, over the time from the first question to the last answer.
type Depth struct {
	Max  int
	Mean float64 // over the time in which any was open
}

// A Budget is where the time between the first question and the last answer went, in nanoseconds. The parts add up to it.
type Budget struct {
	Wait     int64 // something was asked, and no answer on its way: the server, and a round trip
	Transfer int64 // a question or an answer was on its way
	Pause    int64 // nothing was asked: the client
	Pauses   []Pause
}

// Total is the whole time.
func (b *Budget) Total() int64 { return b.Wait + b.Transfer + b.Pause }

// Longest is the longest pause; zero without one.
func (b *Budget) Longest() (longest Pause) {
	for _, p := range b.Pauses {
		if p.Length() > longest.Length() {
			longest = p
		}
	}
	return longest
}

// A Pause is a time in which nothing was open, from the last byte of an answer to the next question.
type Pause struct {
	From, To Mark
}

// Length is in nanoseconds.
func (p *Pause) Length() int64 { return p.To.Time - p.From.Time }

// Rate is the content that was moved, in bits a second over the whole time; 0 when that is not known.
func (m *Measure) Rate() float64 {
	if t := m.Budget.Total(); t > 0 {
		return float64(m.Moved) * 8 / (float64(t) / 1e9)
	}
	return 0
}

// MeasureOf measures requests that are in the order of their questions.
func MeasureOf(list []*Request) (m Measure) {
	var service, whole []int64
	for _, r := range list {
		m.N++
		m.Repeats += int(r.Repeats)
		if !m.First.Seen() {
			m.First = r.Asked
		}
		for _, at := range [...]Mark{r.Sent, r.Last} {
			if at.Time >= m.Last.Time {
				m.Last = at
			}
		}
		m.Moved += r.Content()
		if r.Answered() {
			m.Answered++
		}
		if r.Failed {
			m.Failed++
		}
		if r.Waits {
			m.Waiting++
			continue
		}
		if ns, ok := r.Service(); ok {
			service = append(service, ns)
		}
		if ns, ok := r.Whole(); ok {
			whole = append(whole, ns)
		}
	}
	m.Service, m.Whole = SpreadOf(service), SpreadOf(whole)
	m.Budget, m.Depth = budget(list)
	return m
}

// Content is how many bytes of content the request moved, in either direction.
func (r *Request) Content() int64 {
	switch {
	case !r.Answered() || r.Failed:
		return 0
	case r.Moved >= 0:
		return r.Moved
	}
	return 0
}

// SpreadOf sorts times and says how they are distributed. The median and the 95th percentile are times of the list.
func SpreadOf(ns []int64) Spread {
	if len(ns) == 0 {
		return Spread{}
	}
	slices.Sort(ns)
	n, sum := len(ns), int64(0)
	for _, t := range ns {
		sum += t
	}
	return Spread{N: n, Min: ns[0], Median: ns[(n-1)/2], P95: ns[(n*95+99)/100-1], Max: ns[n-1], Mean: sum / int64(n)}
}

// An edge is a moment at which a question or the way of an answer begins or ends.
type edge struct {
	at        Mark
	open, way int8 // what it adds to the number of open questions, and of answers on their way
}

// budget adds up what the stretches of time went to.
func budget(list []*Request) (b Budget, d Depth) {
	var weighted, busy int64
	for s := range Stretches(list) {
		ns := s.To.Time - s.From.Time
		weighted += int64(s.Open) * ns
		d.Max = max(d.Max, s.Open)
		switch {
		case s.Part == Paused && ns > 0:
			b.Pause += ns
			b.Pauses = append(b.Pauses, Pause{s.From, s.To})
		case s.Part == Transferring:
			b.Transfer += ns
			busy += ns
		case s.Part == Waiting:
			b.Wait += ns
			busy += ns
		}
	}
	if busy > 0 {
		d.Mean = float64(weighted) / float64(busy)
	}
	return b, d
}

// A Part is what time goes to.
type Part uint8

const (
	Paused       Part = iota // nothing is asked
	Waiting                  // something is asked, and nothing on its way
	Transferring             // a question or an answer is on its way
)

// A Stretch is the time between two moments at which something changed.
type Stretch struct {
	From, To Mark
	Part     Part
	Open     int // questions without a whole answer
}

// Stretches yields what the time between the first question and the last answer went to, in order; some are empty:
//
//  1. Questions open and close in order of time; what waits for something to happen, and what has no answer, is left out.
//  2. Between two edges time belongs to one part: nothing open is a pause, a
//     question or an answer on its way is transfer, else it is waiting.
//  3. Answers that follow each other at the pace of the link leave gaps between
//     them of what a card hands over at once: such a gap is transfer.
func Stretches(list []*Request) iter.Seq[Stretch] {
	return func(yield func(Stretch) bool) {
		edges, breath := edgesOf(list)
		open, way := 0, 0
		for i := range edges {
			e := &edges[i]
			if i > 0 {
				last := &edges[i-1]
				s := Stretch{From: last.at, To: e.at, Open: open}
				switch ns := e.at.Time - last.at.Time; {
				case open == 0:
				case way > 0 || ns <= breath && e.way > 0 && last.way < 0:
					s.Part = Transferring
				default:
					s.Part = Waiting
				}
				if !yield(s) {
					return
				}
			}
			open += int(e.open)
			way += int(e.way)
		}
	}
}

// segments is what fits in the four segments of Ethernet, in bytes, that cards with interrupt moderation hand over at once at the least.
const segments = 4 * 1500

// edgesOf are the edges of the requests in order of time, and how long a few segments take at the pace of the answers, in nanoseconds.
func edgesOf(list []*Request) (edges []edge, breath int64) {
	var transfer, length int64
	for _, r := range list {
		if r.Waits || !r.Answered() {
			continue
		}
		edges = append(edges, edge{r.Asked, 1, 0}, edge{r.First, 0, 1}, edge{r.Last, -1, -1})
		if r.Sent.Time > r.Asked.Time { // a question that brings content is on its way too
			edges = append(edges, edge{r.Asked, 0, 1}, edge{r.Sent, 0, -1})
		}
		if ns, _ := r.Transfer(); ns > 0 {
			transfer += ns
			length += r.Length
		}
	}
	if length > 0 {
		breath = int64(float64(transfer) / float64(length) * segments)
	}
	slices.SortStableFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.at.Time, b.at.Time), cmp.Compare(b.open, a.open), cmp.Compare(b.way, a.way))
	})
	return edges, breath
}
