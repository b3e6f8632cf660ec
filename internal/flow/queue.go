package flow

import (
	"math"

	"github.com/wiretale/wiretale/trace"
)

// A Queue is what round trips say of packets that wait in a queue on the way:
// they grow with what is in flight. It is kept from the first one on that is
// well above the shortest while much is in flight.
//
// The bytes in flight go with each round trip: those that had not been acknowledged when its segment was sent, and so were before it in the queue.
type Queue struct {
	N         int64      // round trips since then
	High      int64      // of them those of four times the shortest or more
	Took      int64      // nanoseconds for which they were that high
	First     Moment     // acknowledgement that ended the first of them
	Worst     Moment     // and the longest
	WorstRTT  int64      // nanoseconds
	WorstSent uint32     // bytes in flight of that one
	Shortest  int64      // round trip in nanoseconds, as it was known then
	sums      [5]float64 // of round trips, of bytes, of both squared, and of their product
	last      int64      // time of the last high one, 0 when the one before was not
	echoes    *echoes    // where round trips are those of echoed time stamps
}

const (
	// leastQueue is the round trip, in nanoseconds, below which nobody notices a queue.
	leastQueue = 20_000_000
	// leastQueued is how much must be in flight: less waits for no queue.
	leastQueued = 16 << 10
	// highQueue is how many times the shortest round trip is high.
	highQueue = 4
	// queueGap ends the time for which round trips were high, in nanoseconds.
	queueGap = 1_000_000_000
)

// queued is for an acknowledgement with a round trip. When the sender has nothing more to send, the receiver may wait for it before it acknowledges: then
// the round trip says nothing.
func (f *tcpFlow) queued(g *segment, to *side, rtt int64, flying uint32, d *Direction, now *Moment) {
	if g.time-to.nextTime <= rtt/highQueue {
		d.queued(rtt, d.AckRTT.Min, flying, now)
	}
}

// queued takes in a round trip of leastQueue or more, or any once there is a queue.
func (d *Direction) queued(rtt, shortest int64, flying uint32, now *Moment) {
	q := d.Queue
	if q == nil {
		if rtt < leastQueue || rtt < highQueue/2*shortest || flying < leastQueued {
			return
		}
		q = new(Queue)
		d.Queue = q
	}
	x, y := float64(rtt), float64(flying)
	q.N++
	q.sums[0] += x
	q.sums[1] += y
	q.sums[2] += x * x
	q.sums[3] += y * y
	q.sums[4] += x * y
	if rtt < highQueue*shortest || rtt < leastQueue {
		q.last = 0
		return
	}
	if q.High++; q.High == 1 {
		q.First = *now
	}
	if at := clock(now); q.last != 0 && at > q.last && at-q.last < queueGap {
		q.Took += at - q.last
	}
	q.last = clock(now)
	if rtt > q.WorstRTT {
		q.Worst, q.WorstRTT, q.WorstSent, q.Shortest = *now, rtt, flying, shortest
	}
}

// echoes are acknowledgements whose time stamp may be echoed, oldest first: several in each round trip, which a queue makes so long that one at a time
// would be too few.
type echoes struct {
	of   [echoesAtOnce]echo
	n    int
	trip int64 // the newest round trip
}

// echoesAtOnce is how many are waited for.
const echoesAtOnce = 16

// ask is for an acknowledgement without data.
func (e *echoes) ask(value uint32, g *segment) {
	if e.n == echoesAtOnce || e.n > 0 && (g.time-e.of[e.n-1].time < e.trip/echoesAtOnce || int32(value-e.of[e.n-1].value) <= 0) {
		return
	}
	e.of[e.n] = echo{value: value, ack: g.ack, time: g.time}
	e.n++
}

// take returns the one that a time stamp echoes, and forgets it and those before.
func (e *echoes) take(reply uint32) (found echo, ok bool) {
	k := 0
	for ; k < e.n && int32(reply-e.of[k].value) >= 0; k++ {
		found, ok = e.of[k], reply == e.of[k].value
	}
	e.n = copy(e.of[:], e.of[k:e.n])
	return found, ok
}

// echoed is for a segment with the time stamp of an acknowledgement, when round trips are those of echoed time stamps.
func (f *tcpFlow) echoed(q *Queue, reply uint32, g *segment, dir int) {
	e, ok := q.echoes.take(reply)
	if !ok || g.len == 0 || f.idle(g, g.time-e.time, dir) {
		return
	}
	shortest, ok := f.trip(1 - dir)
	if !ok {
		return
	}
	q.echoes.trip = g.time - e.time
	f.flow.Dir[dir].queued(g.time-e.time, shortest, g.seq-e.ack, &Moment{Pos: trace.Pos{Source: f.flow.Source, Number: g.frame}, Time: g.time})
}

// idle reports whether a side had nothing to say in a part of the round trip before the segment: then it answers late.
func (f *tcpFlow) idle(g *segment, rtt int64, dir int) bool {
	last := &f.info.Sides[dir].LastData
	return !last.Seen() || g.time-clock(last) > rtt/highQueue
}

// answeredAck is for data that echo the time stamp of an acknowledgement without data: near a receiver that is the
// round trip. The first one that tells of a queue lets more of them be waited for.
func (f *tcpFlow) answeredAck(g *segment, to *side, dir int) {
	rtt := g.time - to.echo.time
	d := &f.flow.Dir[dir]
	if g.len == 0 || rtt < leastQueue || d.Queue != nil || f.idle(g, rtt, dir) {
		return
	}
	shortest, ok := f.trip(1 - dir)
	if !ok || d.AckRTT.N > 0 && d.AckRTT.Min*highQueue >= shortest {
		return // the acknowledgements of these data tell
	}
	d.queued(rtt, shortest, g.seq-to.echo.ack, &Moment{Pos: trace.Pos{Source: f.flow.Source, Number: g.frame}, Time: g.time})
	if d.Queue != nil {
		d.Queue.echoes = &echoes{trip: rtt}
	}
}

// Mean is the average round trip in nanoseconds, and of the bytes in flight.
func (q *Queue) Mean() (rtt, bytes float64) {
	n := math.Max(float64(q.N), 1)
	return q.sums[0] / n, q.sums[1] / n
}

// Spread is the standard deviation of both as a part of their averages.
func (q *Queue) Spread() (rtt, bytes float64) {
	n := math.Max(float64(q.N), 1)
	x, y := q.Mean()
	part := func(sum, mean float64) float64 {
		if mean == 0 {
			return 0
		}
		return math.Sqrt(math.Max(0, sum/n-mean*mean)) / mean
	}
	return part(q.sums[2], x), part(q.sums[3], y)
}

// Correlation is Pearson's coefficient of both, 0 when one of them does not change.
func (q *Queue) Correlation() float64 {
	n := math.Max(float64(q.N), 1)
	x, y := q.Mean()
	xx, yy := q.sums[2]/n-x*x, q.sums[3]/n-y*y
	if xx <= 0 || yy <= 0 {
		return 0
	}
	return (q.sums[4]/n - x*y) / math.Sqrt(xx*yy)
}
