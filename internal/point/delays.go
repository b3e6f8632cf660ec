package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A Profile is how long packets of one course took, over time.
type Profile struct {
	Width   int64 // of a period in nanoseconds
	Periods []Period
	// Level says that both ways tell the level of the delay, to the error of the clock. Without it only changes are known: the least is 0.
	Level bool
}

// A Period is a part of it in which packets were matched.
type Period struct {
	From  int64 // by the clock of A
	Bytes int64 // of payload
	Delay
	Slowest trace.Pos          // the packet that took longest, at A
	Conv    *flow.Conversation // that it is of, at A
}

// A passed packet is one at both points.
type passed struct {
	t, delay int64
	size     uint32
	number   uint32 // of the record at A
	found    int32
}

// maxPeriods bounds what is kept of each course.
const maxPeriods = 600

// widths of periods, the smallest that fits: a second and more, and a tenth where all took less than shortSpan.
var widths = []int64{second / 10, second, 10 * second, 60 * second, 600 * second, 3600 * second, 86400 * second}

const shortSpan = 20 * second

// profile sorts the list.
func (c *couple) profile(list []passed) (p Profile) {
	if len(list) == 0 {
		return p
	}
	slices.SortFunc(list, func(a, b passed) int { return cmp.Compare(a.t, b.t) })
	span := difference(list[len(list)-1].t, list[0].t)
	for _, w := range widths {
		if p.Width = w; w*maxPeriods >= span && (w >= second || span <= shortSpan) {
			break
		}
	}
	p.Width, p.Level = max(p.Width, span/maxPeriods+1), c.level()
	base := int64(0)
	if !p.Level {
		base = slices.MinFunc(list, func(a, b passed) int { return cmp.Compare(a.delay, b.delay) }).delay
	}
	for len(list) > 0 {
		from := list[0].t - difference(list[0].t, 0)%p.Width
		n, slowest, bytes := 0, 0, int64(0)
		delays := make([]int64, 0, 64)
		for n < len(list) && difference(list[n].t, from) < p.Width {
			delays = append(delays, difference(list[n].delay, base))
			bytes += int64(list[n].size)
			if list[n].delay > list[slowest].delay {
				slowest = n
			}
			n++
		}
		n = max(n, 1)
		conv := c.a.whole(c.found[list[slowest].found].a)
		p.Periods = append(p.Periods, Period{from, bytes, delayOf(delays), c.a.Pos(list[slowest].number), conv})
		list = list[n:]
	}
	return p
}

// A Queue is a time in which packets of one course waited and those of the other did not.
type Queue struct {
	Course   Course
	From, To int64 // by the clock of A: from the first period to the end of the last
	// Least is what all packets waited more than at the least in some period, Most what 95 % of those of the worst one did, Other what the other way did at most.
	Least, Most, Other int64
	Error              int64 // how far changes may be off: by what the drift of the clocks is not known
	Base               int64 // the least delay before
	Rate, Before       int64 // payload, bits per second: in that time, and in the rest
	Periods            []Period
	Steady             bool // the delay changed once and stayed: another way, not a queue
}

const (
	// leastQueue is what all packets of a period must wait for a queue to be worth a word.
	leastQueue = 20 * second / 1000
	// leastPeriods and leastPassed are how many periods it must last, and how many packets must be in each.
	leastPeriods = 2
	leastPassed  = 5
)

// Queue finds the queue of a course, nil when there is none. All packets of its periods waited: one that alone is late proves nothing.
func (p *Pair) Queue(c Course) *Queue {
	if c == Unknown {
		return nil
	}
	list := p.Over[c-AtoB].Periods
	if len(list) < leastPeriods+1 {
		return nil
	}
	base := slices.MinFunc(list, func(a, b Period) int { return cmp.Compare(a.Min, b.Min) }).Min
	q := &Queue{Course: c, Base: base}
	var busy, all, bytes, total int64
	run, longest := 0, 0
	low, high := int64(0), int64(0)
	for i := range list {
		x := &list[i]
		total, all = total+x.Bytes, all+p.Over[c-AtoB].Width
		rise := difference(x.Min, base)
		if rise < leastQueue || x.N < leastPassed {
			run = 0
			continue
		}
		if run++; run > longest {
			longest = run
		}
		if q.Least == 0 {
			q.From, low, high = x.From, rise, rise
		}
		low, high = min(low, rise), max(high, rise)
		q.To = x.From + p.Over[c-AtoB].Width
		q.Least, q.Most = max(q.Least, rise), max(q.Most, difference(x.P95, base))
		q.Periods = append(q.Periods, *x)
		busy, bytes = busy+p.Over[c-AtoB].Width, bytes+x.Bytes
	}
	if longest < leastPeriods {
		return nil
	}
	q.Steady = high-low < high/10 && q.To >= list[len(list)-1].From
	q.Rate, q.Before = rate(bytes, busy), rate(total-bytes, all-busy)
	if other := p.Over[BtoA-c].Periods; len(other) > 0 {
		least := slices.MinFunc(other, func(a, b Period) int { return cmp.Compare(a.Min, b.Min) }).Min
		for i := range other {
			if x := &other[i]; x.N >= leastPassed {
				q.Other = max(q.Other, difference(x.Min, least))
			}
		}
	}
	q.Error = p.Clock.wander(difference(list[len(list)-1].From, list[0].From))
	if q.Least <= 2*q.Error {
		return nil
	}
	return q
}

func rate(bytes, ns int64) int64 {
	if ns <= 0 {
		return 0
	}
	return int64(float64(bytes) * 8e9 / float64(ns))
}

// wander is how far a change in so long may come from clocks whose drift is not known better.
func (c *Clock) wander(d int64) (e int64) {
	for i := range c.Segments {
		s := &c.Segments[i]
		e = max(e, s.growth(min(d, difference(s.To, s.From))))
	}
	return e
}
