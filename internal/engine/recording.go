package engine

import (
	"math"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// watches look at the packets of each interface of a source, in the order of
// the file: at times that go back, at the tick of the clock, and at what was cut.
type watches []watch // by interface, plus 1: the first stands for packets of none

// A watch looks at one interface. Nearly all packets pass with one look at its first line.
type watch struct {
	last    int64 // time of the packet before, trace.NoTime before the first
	passed  bool  // the clock is fine and not behind: only a time that goes back, a long pause and a cut packet are news
	packets int64
	ticks   ticks
	behind  fall
	ahead   leap
	told    diag.Recording
}

// maxSpots bounds the records that are kept as examples of one oddity.
const maxSpots = 20

func (ws *watches) of(i int) *watch {
	i = min(max(i, -1)+1, maxLossInterfaces)
	for len(*ws) <= i {
		*ws = append(*ws, watch{last: trace.NoTime})
	}
	return &(*ws)[i]
}

// frame looks at a frame of a batch that is no odd one.
func (ws *watches) frame(b *batch, f *trace.Frame) {
	i := int(f.Interface) + 1
	if i >= len(*ws) {
		ws.of(int(f.Interface))
		i = min(i, maxLossInterfaces)
	}
	w := &(*ws)[i]
	if w.passes(f) {
		return
	}
	w.packets++
	pos := trace.Pos{Source: b.Source, Number: b.First + int64(f.Number), Offset: b.Offset + int64(f.At)}
	w.look(flow.Moment{Pos: pos, Time: f.Time}, int(f.Len), int(f.Wire))
}

// passes counts a frame that is no news, as nearly all are.
func (w *watch) passes(f *trace.Frame) bool {
	if !w.passed || uint64(f.Time-w.last) >= uint64(quiet) || f.Len < f.Wire {
		return false
	}
	w.packets++
	w.last = f.Time
	return true
}

// packet looks at a decoded packet.
func (ws *watches) packet(rec *trace.Record, p *packet.Packet) {
	w := ws.of(rec.Interface)
	w.packets++
	if !p.Src.IsValid() || !p.Dst.IsValid() {
		w.told.NoNetwork++
	}
	if !w.passed || uint64(rec.Time-w.last) >= uint64(quiet) || len(rec.Data) < rec.WireLen {
		w.look(flow.Moment{Pos: rec.Pos, Time: rec.Time}, len(rec.Data), rec.WireLen)
	} else {
		w.last = rec.Time
	}
}

func (w *watch) look(now flow.Moment, got, wire int) {
	if got < wire {
		w.cut(now, got, wire)
	}
	if now.Time == trace.NoTime {
		return
	}
	before := w.last
	w.last = now.Time
	if before == trace.NoTime {
		return
	}
	d := distance(before, now.Time)
	switch {
	case d < -maxDisorder && w.ahead.ended(now.Time, -d):
		w.settle()
		w.step(diag.Step{At: now, Back: time.Duration(-d), Ahead: w.ahead.at})
		w.ahead = leap{}
	case d < -maxDisorder:
		w.settle()
		w.behind = fall{from: before, by: -d, at: now, records: 1}
	case w.behind.records > 0:
		w.recover(now.Time, d)
		fallthrough
	default:
		if d >= quiet {
			w.ahead = leap{from: before, by: d, at: now}
		}
		if d < 0 {
			d = -d
		}
		w.ticks.add(d, now)
	}
	w.passed = w.ticks.ruledOut && w.behind.records == 0
}

// distance is b-a, held to what a duration can say.
func distance(a, b int64) int64 {
	d := b - a
	switch {
	case b > a && d < 0:
		return math.MaxInt64
	case b < a && d > 0:
		return -math.MaxInt64
	}
	return d
}

func (w *watch) cut(now flow.Moment, got, wire int) {
	r := &w.told
	if r.Cut == 0 || got < r.CutMin {
		r.CutMin = got
	}
	r.CutMax = max(r.CutMax, got)
	r.Cut++
	r.CutBytes += int64(wire - got)
	r.CutFirst = spot(r.CutFirst, now)
}

func spot(list []flow.Moment, now flow.Moment) []flow.Moment {
	if len(list) < maxSpots {
		list = append(list, now)
	}
	return list
}

// A fall is a time that went back and has not caught up.
type fall struct {
	from, by int64 // nanoseconds
	at       flow.Moment
	records  int64 // since then
}

// A leap is a long way ahead: a pause of the traffic, or times that are wrong and come back.
type leap struct {
	from, by int64
	at       flow.Moment
}

// ended reports whether a time that went back by this much is where times had been before the leap.
func (l *leap) ended(t, by int64) bool {
	return l.by > 0 && t >= l.from && distance(l.from, t) < l.by/2 && by >= l.by/2
}

const (
	// quiet is a pause that is worth a look.
	quiet = int64(10 * time.Second)
	// maxDisorder is how far back times may go without a word: queues of one card are written like this.
	maxDisorder = int64(time.Millisecond)
	// minStep is the least that a clock is set back by: time services slew smaller errors (ntpd: 128 ms).
	minStep = int64(100 * time.Millisecond)
	// maxLate is more than any buffer of a recorder waits: what is further back is no packet that was written late.
	maxLate = int64(10 * time.Second)
	// minAfter is how many packets show that the clock runs on from where it was set.
	minAfter = 3
)

// recover follows a packet at t, d after the one before it, while times are
// behind. Packets that were only written late are followed by a jump back to
// where the times had been; a clock that was set gets there step by step.
func (w *watch) recover(t, d int64) {
	switch {
	case t < w.behind.from:
		w.behind.records++
	case d >= w.behind.by/2 && w.behind.by < maxLate:
		w.late()
	default:
		w.settle()
	}
}

// settle judges a fall that ended without a jump, or that did not end.
func (w *watch) settle() {
	switch b := &w.behind; {
	case b.records == 0:
	case b.by < minStep || b.records < minAfter:
		w.late()
	default:
		w.step(diag.Step{At: b.at, Back: time.Duration(b.by)})
		*b = fall{}
	}
}

func (w *watch) step(s diag.Step) {
	if len(w.told.Steps) < maxSpots {
		w.told.Steps = append(w.told.Steps, s)
	}
}

func (w *watch) late() {
	b := &w.behind
	w.told.Late += b.records
	w.told.LateBy = max(w.told.LateBy, time.Duration(b.by))
	w.told.LateFirst = spot(w.told.LateFirst, b.at)
	*b = fall{}
}

// all is what was seen on each interface of the source that has packets. The watches may go on.
func (ws watches) all(info *trace.Info, source int) (out []diag.Recording) {
	for i, w := range ws {
		if w.packets == 0 {
			continue
		}
		w.settle()
		r := w.told
		r.Source, r.Interface, r.Packets = source, i-1, w.packets
		r.Stamps = w.ticks.stamps
		if !info.Untimed {
			r.Tick = w.ticks.tick()
		}
		if r.Tick > 0 {
			r.Ticks = w.ticks.first
		}
		out = append(out, r)
	}
	return out
}
