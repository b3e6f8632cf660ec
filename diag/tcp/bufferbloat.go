package tcp

import (
	_ "embed"
	"fmt"
	"math"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed bufferbloat.md
var bufferbloatPage string

// Bufferbloat: packets wait in a long queue (T13).
var Bufferbloat = &diag.Rule{ID: "tcp.bufferbloat", Title: "packets wait in a long queue on the way", Page: bufferbloatPage, Run: bufferbloat}

const (
	// minHigh is how many long round trips, and minHighTime how long they must last: a short burst queues anywhere.
	minHigh     = 8
	minHighTime = 300 * time.Millisecond
	// mostHigh is the part of the round trips that must be long, once they began to grow.
	mostHigh = 0.25
	// correlated is how far round trips and bytes in flight must grow together, steadyQueue how little both may change when they do not.
	correlated  = 0.7
	steadyQueue = 0.2
)

// bufferbloat makes one finding of each way from host to host.
func bufferbloat(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Queueing) {
		for dir := range c.Dir {
			if q := c.Dir[dir].Queue; q != nil && queues(q) && !slow(q, c.Dir[1-dir].Trouble) && in.Timed(c) {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		out = append(out, queueOn(in, g))
	}
	return out
}

// queues reports whether long round trips are those of a queue: they lasted, and what is in flight explains them.
func queues(q *flow.Queue) bool {
	if q.High < minHigh || time.Duration(q.Took) < minHighTime || float64(q.High) < mostHigh*float64(q.N) {
		return false
	}
	rtt, bytes := q.Spread()
	return q.Correlation() >= correlated || rtt <= steadyQueue && bytes <= steadyQueue
}

// slow reports whether the receiver had its window closed for longer than round trips were long: then what waits, waits for it.
func slow(q *flow.Queue, receiver *flow.Trouble) bool {
	return receiver != nil && receiver.Closures != nil && receiver.Closures.Total >= q.Took
}

func queueOn(in *diag.Input, g *diag.Way) diag.Finding {
	best, q := 0, g.Sender(0).Queue
	for i := range g.Conversations {
		if one := g.Sender(i).Queue; one.WorstRTT-one.Shortest > q.WorstRTT-q.Shortest {
			best, q = i, one
		}
	}
	var where []flow.Moment
	for i := range g.Conversations {
		where = append(where, g.Sender(i).Queue.First, g.Sender(i).Queue.Worst)
	}
	extra := time.Duration(q.WorstRTT - q.Shortest)
	rtt, bytes := q.Mean()
	rate := bytes / (rtt / 1e9) // bytes a second
	took, of := g.Lost(func(i int) int64 { return g.Sender(i).Queue.Took })
	from, to := g.From().Addr(), g.To().Addr()
	f := g.Finding(where...)
	f.Count, f.Cost, f.Host, f.Filter = len(g.Conversations), extra, from.String(), g.Filter()
	f.Lost = diag.Waits(g.Conversations[best], flow.Waits{{From: q.Worst.Time - int64(extra), To: q.Worst.Time}})
	f.Summary = fmt.Sprintf("what %v sends to %v waits in a queue on the way: with %s in flight a round trip takes %s instead of %s, for %s", from, to, diag.Size(int64(q.WorstSent)),
		diag.Duration(time.Duration(q.WorstRTT)), diag.Duration(time.Duration(q.Shortest)), diag.Share(took, of, g.Which()))
	f.Facts = []diag.Fact{
		{Name: "rate of the narrow link, about", Value: fmt.Sprintf("%.3g Mbit/s", rate*8/1e6)},
		{Name: "queue, about", Value: diag.Size(math.Round(rate * extra.Seconds()))},
		{Name: "round trips of four times the shortest or more", Value: fmt.Sprintf("%d of %d since they began to grow", q.High, q.N)},
		{Name: "correlation of round trip and bytes in flight", Value: fmt.Sprintf("%.2f", q.Correlation())},
	}
	lost := lossesOf(in, g.Conversations[best], g.Dirs[best])
	f.Facts = append(f.Facts, diag.Fact{Name: "segments lost", Value: fmt.Sprint(lost)})
	f.RuledOut = []string{
		"a long way: the shortest round trip of the same connection is " + diag.Duration(time.Duration(q.Shortest)),
		"a slow host: round trips grow with what is in flight, not by themselves",
		"delayed acknowledgements: more data were in flight, which are acknowledged at once",
	}
	if lost == 0 {
		f.RuledOut = append(f.RuledOut, "loss: none was repaired, the queue takes all that comes")
	}
	f.Fix = []string{
		"on the device before the narrow link: a short or managed queue (fq_codel, CAKE, SQM), or shape to a little less than the link",
		"bulk transfers in a class of their own, so that others do not wait behind them",
	}
	f.NextCapture = []string{fmt.Sprintf("during a transfer: ping %v from %v; without it again: the difference is the queue", to, from)}
	return f
}
