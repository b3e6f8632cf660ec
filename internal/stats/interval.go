package stats

import (
	"errors"
	"time"

	"github.com/wiretale/wiretale/trace"
)

// MaxIntervals bounds the intervals of one statistic.
const MaxIntervals = 1 << 20

// ErrIntervals says that the input is too long for the interval.
var ErrIntervals = errors.New("too many intervals")

// A Part is one column of the statistics by intervals: what counts for it.
type Part struct {
	Name string // the filter, "" for all packets
	// Match is nil for all packets. Records other than packets count where it takes them.
	Match func(*Row) bool
	Total Counts
	// By has the counts of each interval as far as there are any.
	By []Counts
}

// Intervals counts rows by intervals of time: tshark's -z io,stat.
type Intervals struct {
	start
	Interval time.Duration // 0 takes all of the time as one interval
	Parts    []*Part
	// Length is the time from the first row to the last one, in nanoseconds.
	Length int64
	// Outside are rows without a time, or with one before the first row's.
	Outside int64
	Err     error // ErrIntervals when rows were left out
}

// NewIntervals counts by intervals; 0 takes all of the time as one.
func NewIntervals(interval time.Duration, parts ...*Part) *Intervals {
	return &Intervals{Interval: interval, Parts: parts}
}

// Count is how many intervals there are.
func (s *Intervals) Count() int {
	if s.Interval <= 0 || !s.known {
		return 1
	}
	return int(min(s.Length/int64(s.Interval), MaxIntervals-1)) + 1
}

// At are the counts of a part in an interval.
func (p *Part) At(interval int) Counts {
	if interval < len(p.By) {
		return p.By[interval]
	}
	return Counts{}
}

// Add counts a row for each of the parts. Every part is asked for every row: a filter may count time from the row before.
func (s *Intervals) Add(row *Row, timed bool) {
	counts := row.Record.Numbered && (row.Packet == nil || traffic(row) != nil)
	i, ok := 0, false
	if counts {
		i, ok = s.place(s.of(row, timed))
	}
	for _, p := range s.Parts {
		match := row.Packet != nil
		if p.Match != nil {
			match = p.Match(row)
		}
		if match && counts {
			p.add(size(row), i, ok)
		}
	}
}

// add counts a record, in its interval when it has one.
func (p *Part) add(bytes, interval int, placed bool) {
	p.Total.add(bytes)
	if !placed {
		return
	}
	if interval >= len(p.By) {
		p.By = append(p.By, make([]Counts, interval+1-len(p.By))...)
	}
	p.By[interval].add(bytes)
}

// size is the length on the wire, of the payload for events.
func size(row *Row) int {
	if row.Packet != nil {
		return row.Record.WireLen
	}
	return len(row.Record.Data)
}

// place is the interval of a time.
func (s *Intervals) place(now int64) (int, bool) {
	since := now - s.at
	if now == trace.NoTime || since < 0 {
		s.Outside++
		return 0, false
	}
	s.Length = max(s.Length, since)
	if s.Interval <= 0 {
		return 0, true
	}
	i := since / int64(s.Interval)
	if i >= MaxIntervals {
		s.Err = ErrIntervals
		return 0, false
	}
	return int(i), true
}
