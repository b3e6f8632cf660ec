package plot

import (
	"fmt"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// A Filter is one line of an IO graph: its name, and which rows count. Match
// is asked for every row, in order, as relative times in a filter need it.
type Filter struct {
	Name  string
	Match func(*engine.Row) bool
}

// Filters are the two that Wireshark's graph begins with: they have a name of their own.
func Filters() []Filter {
	return []Filter{
		{"total", func(r *engine.Row) bool { return r.Packet != nil }},
		{errorsFilter, func(r *engine.Row) bool { return r.Packet != nil && r.Sighting != nil && analysed(r.Sighting) }},
	}
}

// errorsFilter is the one that is drawn as bars.
const errorsFilter = "errors"

// A Unit is what an IO graph counts.
type Unit string

const (
	UnitPackets Unit = "packets"
	UnitBytes   Unit = "bytes"
	UnitBits    Unit = "bits" // a second
)

// Units are all of them, the usual one first.
var Units = []Unit{UnitPackets, UnitBytes, UnitBits}

// ioGraph counts rows by intervals.
type ioGraph struct {
	opt      Options
	from, to int64     // the part that is shown
	counts   [][]int64 // by filter, by interval
	untimed  int64
	interval int64 // of the row in hand
	amount   int64
}

// MaxIntervals bounds the intervals of an IO graph.
const MaxIntervals = 1 << 20

// Part is the part of an IO graph's time that is shown, in nanoseconds since Start.
func (o *Options) Part() (from, to int64) {
	to = since(o.End, o.Start)
	if o.To > 0 {
		to = min(to, int64(o.To)-1) // no interval for the end alone
	}
	return min(int64(o.From), to), to
}

// Intervals is how many intervals an IO graph has. The first begins with the part that is shown.
func (o *Options) Intervals() int64 {
	from, to := o.Part()
	return (to-from)/max(int64(o.Interval), 1) + 1
}

// usualIntervals is about how many intervals a graph has when nobody says how long they are.
const usualIntervals = 250

// UsualInterval is an interval of 1, 2 or 5 of a power of ten that cuts the part that is shown into about 100 to 250.
func (o *Options) UsualInterval() time.Duration {
	from, to := o.Part()
	span := to - from
	for unit := int64(time.Microsecond); ; unit *= 10 {
		for _, n := range []int64{1, 2, 5} {
			if span/(n*unit) <= usualIntervals || unit >= 1e18 {
				return time.Duration(n * unit)
			}
		}
	}
}

func newIO(opt Options) Collector {
	g := &ioGraph{opt: opt}
	g.from, g.to = opt.Part()
	n := min(opt.Intervals(), MaxIntervals)
	for range opt.Filters {
		g.counts = append(g.counts, make([]int64, n))
	}
	return g
}

func (g *ioGraph) Add(row *engine.Row) {
	counts := g.count(row)
	for f := range g.opt.Filters {
		if g.opt.Filters[f].Match(row) && counts {
			g.counts[f][g.interval] += g.amount
		}
	}
}

// count finds the interval of a row and what it adds there; false when it is not in the graph.
func (g *ioGraph) count(row *engine.Row) bool {
	if g.opt.Want != nil && !g.opt.Want(row) {
		return false
	}
	t := row.Record.Time
	if t == trace.NoTime {
		g.untimed++
		return false
	}
	now := since(t, g.opt.Start)
	g.interval = (now - g.from) / int64(g.opt.Interval)
	if now < g.from || now > g.to || len(g.counts) == 0 || g.interval >= int64(len(g.counts[0])) {
		return false
	}
	g.amount = 1
	if g.opt.Unit != UnitPackets {
		g.amount = int64(row.Record.WireLen)
	}
	return true
}

func (g *ioGraph) Panels() ([]Panel, []string) {
	p := Panel{FromZero: true, Empty: "no record has a time"}
	switch every := g.opt.Interval.String(); g.opt.Unit {
	case UnitBits:
		p.Label, p.Unit = "average over "+every, Bits
	case UnitBytes:
		p.Label, p.Unit = "bytes in "+every, Bytes
	default:
		p.Label, p.Unit = "packets in "+every, Count
	}
	if g.opt.Smooth > 1 {
		p.Label += fmt.Sprintf(", smoothed over %d", g.opt.Smooth)
	}
	for f, filter := range g.opt.Filters {
		look := looksIO[f%len(looksIO)]
		if filter.Name == errorsFilter {
			look = lookErrors
		}
		p.Series = append(p.Series, g.series(filter.Name, g.counts[f], look))
	}
	var notes []string
	if g.untimed > 0 {
		notes = append(notes, fmt.Sprintf("%d records without a time are not shown", g.untimed))
	}
	return []Panel{p}, notes
}

// series are the counts as steps, or as bars in the middle of the intervals that have any.
func (g *ioGraph) series(name string, counts []int64, look Look) Series {
	asBars := look.shape == bars
	t := newThinned(&Options{Columns: g.opt.Columns}) // only what is shown was counted
	interval := int64(g.opt.Interval)
	factor := 1.0
	if g.opt.Unit == UnitBits {
		factor = 8 * 1e9 / float64(interval)
	}
	last := 0.0
	for i, v := range smoothed(counts, g.opt.Smooth) {
		last = v * factor
		if !asBars {
			t.add(at(g.from+int64(i)*interval, last))
		} else if v > 0 {
			t.add(Point{Time: g.from + int64(i)*interval + interval/2, High: last})
		}
	}
	if !asBars && len(counts) > 0 {
		t.add(at(g.from+int64(len(counts))*interval, last))
	}
	return t.series(name, look)
}

// smoothed are averages of n counts around each, of fewer at the ends.
func smoothed(counts []int64, n int) func(yield func(int, float64) bool) {
	n = max(n, 1)
	before := (n - 1) / 2
	return func(yield func(int, float64) bool) {
		sum, from, to := int64(0), 0, 0 // of counts[from:to]
		for i := range counts {
			for ; to < min(i-before+n, len(counts)); to++ {
				sum += counts[to]
			}
			for ; from < i-before; from++ {
				sum -= counts[from]
			}
			if !yield(i, float64(sum)/float64(to-from)) {
				return
			}
		}
	}
}
