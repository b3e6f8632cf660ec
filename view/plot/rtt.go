package plot

import (
	"math"
	"slices"
	"sort"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/tcp"
)

// rtt takes one sample for each ACK that acknowledges something: the time
// since the byte before the acknowledgement number was sent. A byte that was
// sent twice gives none (Karn; RFC 6298, 3). What a SACK block names is
// measured when it is named: its acknowledgement waits for others.
//
// What was sent and not acknowledged lies in flights[head:], in order of sequence numbers.
type rtt struct {
	segments
	sender  int
	samples thinned
	flights []flight
	head    int
	high    int64 // the number after the highest byte sent
	acked   int64 // the highest acknowledgement
}

// A flight is a segment on its way.
type flight struct {
	seq, next int64 // its first number, and the one after its last
	time      int64
	spent     bool // sent twice: gives no sample
	sacked    bool // measured when a SACK block named it
}

const (
	// maxFlights bounds what is not acknowledged; the oldest is forgotten first.
	maxFlights = 1 << 16
	// maxRepeated bounds how many segments one can repeat: one of 512 KiB those of 536 bytes, the smallest usual size.
	maxRepeated = 1 << 10
)

func newRTT(opt Options) Collector {
	return &rtt{segments: newSegments(&opt), sender: opt.Sender, samples: newThinned(&opt), high: math.MinInt64, acked: math.MinInt64}
}

func (r *rtt) Add(row *engine.Row) {
	var g segment
	if !r.of(row, &g) || !g.tcp || g.flags&tcp.RST != 0 {
		return
	}
	if g.from == r.sender {
		r.sent(&g)
		return
	}
	if !g.hasAck {
		return
	}
	if sent, ok := r.measure(&g); ok && g.time >= sent {
		r.samples.add(g.at(float64(g.time - sent)))
	}
}

func (r *rtt) sent(g *segment) {
	if !g.occupies() || g.keepAlive {
		return
	}
	from := g.seq
	if from < r.high {
		first := r.after(from)
		for i := first; i < min(first+maxRepeated, len(r.flights)) && r.flights[i].seq < g.next(); i++ {
			r.flights[i].spent = true
		}
		from = r.high // what it has beyond is sent for the first time
	}
	if from < g.next() {
		r.high = g.next()
		r.push(flight{seq: from, next: r.high, time: g.time})
	}
}

func (r *rtt) push(f flight) {
	if len(r.flights)-r.head >= maxFlights {
		r.head++
	}
	if len(r.flights) == cap(r.flights) && r.head > len(r.flights)/2 {
		r.flights = slices.Delete(r.flights, 0, r.head)
		r.head = 0
	}
	r.flights = append(r.flights, f)
}

// after is the index of the first flight that ends after seq.
func (r *rtt) after(seq int64) int {
	open := r.flights[r.head:]
	return r.head + sort.Search(len(open), func(i int) bool { return open[i].next > seq })
}

// measure is when the newest byte was sent that the segment is the first to acknowledge.
func (r *rtt) measure(g *segment) (sent int64, ok bool) {
	sent, ok = r.acknowledge(g.ack)
	for _, b := range g.sacks[:g.nsacks] {
		if b.to <= g.ack {
			continue // a D-SACK (RFC 2883): it says what came twice
		}
		if t, found := r.selectively(b); found && (!ok || t > sent) {
			sent, ok = t, true
		}
	}
	return sent, ok
}

// acknowledge forgets what ack covers. A flight that is acknowledged in part,
// as ones of segmentation offload are, gives a sample each time.
func (r *rtt) acknowledge(ack int64) (sent int64, ok bool) {
	if ack <= r.acked {
		return 0, false
	}
	r.acked = ack
	i := r.after(ack - 1)
	r.head = i
	if i == len(r.flights) {
		return 0, false
	}
	f := &r.flights[i]
	if f.next == ack {
		r.head++
	}
	return f.time, f.seq < ack && !f.spent && !f.sacked
}

// selectively marks the flights inside a block. Blocks grow at an end: the
// marks of earlier ones are met there, so that a flight is looked at once.
func (r *rtt) selectively(b block) (sent int64, ok bool) {
	first, last := r.after(b.from), r.after(b.to)-1
	if first < len(r.flights) && r.flights[first].seq < b.from {
		first++
	}
	newest := -1
	for i := last; i >= first && !r.flights[i].sacked; i-- {
		r.flights[i].sacked = true
		newest = max(newest, i)
	}
	for i := first; i <= last && !r.flights[i].sacked; i++ {
		r.flights[i].sacked = true
		newest = max(newest, i)
	}
	if newest < 0 {
		return 0, false
	}
	return r.flights[newest].time, !r.flights[newest].spent
}

func (r *rtt) Panels() ([]Panel, []string) {
	return []Panel{{
		Label: "round-trip time", Unit: Seconds, FromZero: true, Empty: "no acknowledgement of this direction's data was captured",
		Series: []Series{r.samples.series("sample of an ACK", lookSample)},
	}}, r.notes()
}
