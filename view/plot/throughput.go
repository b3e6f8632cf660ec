package plot

import (
	"fmt"
	"math"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// throughput shows the payload that each direction sent, and how much of it
// arrived: what was acknowledged for the first time. Both are averages over
// the interval that ends at the point, as in Wireshark.
type throughput struct {
	segments
	last    int64 // the latest time of a packet
	sent    [2]rate
	arrived [2]rate
	sizes   [2]thinned
	high    [2]int64 // the number after the highest byte sent
	acked   [2]int64 // of what the side sent
}

func newThroughput(opt Options) Collector {
	t := &throughput{segments: newSegments(&opt), last: math.MinInt64}
	for i := range 2 {
		t.high[i], t.acked[i] = math.MinInt64, math.MinInt64
		t.sizes[i] = newThinned(&opt)
		t.sent[i] = newRate(opt)
		t.arrived[i] = newRate(opt)
	}
	return t
}

func (t *throughput) Add(row *engine.Row) {
	var g segment
	if !t.of(row, &g) {
		return
	}
	t.last = max(t.last, g.time)
	if g.len > 0 {
		t.sent[g.from].add(g.time, g.len)
		t.sizes[g.from].add(g.at(float64(g.len)))
	}
	if !g.tcp || g.flags&tcp.RST != 0 {
		return
	}
	if g.flags&tcp.FIN == 0 {
		t.high[g.from] = max(t.high[g.from], g.next())
	} else { // its number is no payload
		t.high[g.from] = max(t.high[g.from], g.next()-1)
	}
	if g.hasAck {
		t.acknowledge(1-g.from, &g)
	}
}

// acknowledge counts what is acknowledged and was captured: a number beyond
// that is a lie, or will count when the data turns up.
func (t *throughput) acknowledge(side int, g *segment) {
	ack := min(g.ack, t.high[side])
	if ack <= t.acked[side] {
		return
	}
	if t.acked[side] != math.MinInt64 {
		t.arrived[side].add(g.time, ack-t.acked[side])
	}
	t.acked[side] = ack
}

func (t *throughput) Panels() ([]Panel, []string) {
	rates := Panel{Label: "throughput", Unit: Bits, FromZero: true, Empty: "the conversation has no payload"}
	sizes := Panel{Label: "payload of a packet", Unit: Bytes, FromZero: true, Empty: "the conversation has no payload"}
	for i := range 2 {
		from := fmt.Sprintf("from %s", t.conv.Ends[i])
		if t.conv.Proto == proto.TCP {
			rates.Series = append(rates.Series, t.arrived[i].series("acknowledged "+from, looksArrived[i], t.last))
		}
		rates.Series = append(rates.Series, t.sent[i].series("sent "+from, looksSent[i], t.last))
		sizes.Series = append(sizes.Series, t.sizes[i].series(from, looksSize[i]))
	}
	return []Panel{rates, sizes}, t.notes()
}

// A rate is a moving average: bits a second over the interval before a point.
// It changes when bytes enter the interval and when they leave it.
type rate struct {
	interval int64
	now      int64   // the latest time; ones before it count as it
	inside   []entry // what is in the interval, oldest first, from head on
	head     int
	sum      int64
	points   thinned
}

type entry struct{ time, bytes int64 }

// maxEntries bounds what a rate remembers; beyond it two neighbours become one.
const maxEntries = 1 << 15

func newRate(opt Options) rate {
	return rate{interval: max(int64(opt.Interval), 1), now: math.MinInt64, points: newThinned(&opt)}
}

func (r *rate) add(t, bytes int64) {
	t = max(t, r.now)
	r.leave(t)
	if r.sum == 0 {
		r.points.add(at(t, 0))
	}
	r.now = t
	r.sum += bytes
	if len(r.inside) >= maxEntries {
		r.shrink()
	}
	r.inside = append(r.inside, entry{t, bytes})
	r.point(t)
}

// leave takes out what is an interval or more before t.
func (r *rate) leave(t int64) {
	for r.head < len(r.inside) {
		e := r.inside[r.head]
		end := e.time + r.interval
		if end < e.time || end > t {
			return
		}
		r.sum -= e.bytes
		r.head++
		if r.head == len(r.inside) || r.inside[r.head].time != e.time {
			r.point(end)
		}
	}
}

// shrink makes room: first of what has left, else each two neighbours become one at the earlier time.
func (r *rate) shrink() {
	in := r.inside[r.head:]
	if r.head < maxEntries/2 {
		half := in[:0]
		for i := 0; i < len(in); i += 2 {
			e := in[i]
			if i+1 < len(in) {
				e.bytes += in[i+1].bytes
			}
			half = append(half, e)
		}
		in = half
	}
	r.inside = r.inside[:copy(r.inside, in)]
	r.head = 0
}

func (r *rate) point(t int64) {
	r.points.add(at(t, float64(r.sum)*8*1e9/float64(r.interval)))
}

// series is the average up to the time end.
func (r *rate) series(name string, look Look, end int64) Series {
	if r.now != math.MinInt64 {
		r.leave(end)
		r.point(end)
	}
	return r.points.series(name, look)
}
