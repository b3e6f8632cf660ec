package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed abort_retx.md
var abortPage string

// Abandoned: a connection is given up after repetitions in vain (T12).
var Abandoned = &diag.Rule{ID: "tcp.abort.retx", Title: "a connection is given up: its data get no answer", Page: abortPage, WithheldBy: []string{"cap.oneway", "cap.drops.reported"}}

func init() { Abandoned.Run = abandonments } // Run names the rule: a literal would be a cycle

const (
	// minVainTimes is how many time-outs are no loss any more: Windows gives up after five, and three with a reset behind them are given up as well.
	minVainTimes = 5
	minVainReset = 3
	// quiet is how many of the last pauses must have gone by without another repetition.
	quiet = 2
)

// abandoned is the row of copies after which the side gave the connection up, nil when it did not.
func abandoned(in *diag.Input, c *flow.Conversation, dir int) *flow.Retry {
	t := c.Dir[dir].Trouble
	if t == nil || t.Retry == nil || t.Retry.Acked.Seen() || c.TCP.Sides[1-dir].Window == 0 {
		return nil
	}
	r := t.Retry
	reset := c.TCP.RST.Seen() && c.TCP.RST.Pos.Number > r.Last.Pos.Number
	if r.Times < minVainReset || r.Times < minVainTimes && !reset {
		return nil
	}
	if left, ok := in.Elapsed(r.Last, in.End(c.Source)); !reset && (!ok || left < quiet*lastPause(r)) {
		return nil // it may go on after the end of the capture
	}
	if _, vanish := in.Vanishing(c, dir); vanish || dir == 0 && in.IsUnaccepted(c) {
		return nil
	}
	if _, told := diag.UnreachableOf(c); told && c.ICMP.Dir == dir {
		return nil // icmp.unreach says why
	}
	return r
}

// lastPause is about how long the last pause of a row was: each is twice the one before.
func lastPause(r *flow.Retry) time.Duration {
	return time.Duration(r.Last.Time-r.First.Time) / 2
}

func abandonments(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Repaired) {
		for dir := range c.Dir {
			if c.TCP != nil && abandoned(in, c, dir) != nil && !in.DiedIdle(c) && !in.Withhold(Abandoned, c) {
				all.Add(diag.ReceiverWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		out = append(out, abandonedOn(in, g))
	}
	return out
}

func abandonedOn(in *diag.Input, g *diag.Way) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	heard := 0
	for i, c := range g.Conversations {
		r := g.Sender(i).Trouble.Retry
		end := r.Last
		if t := c.TCP; t.RST.Seen() && t.RST.Pos.Number > end.Pos.Number {
			end = t.RST
			where = append(where, t.RST)
		}
		where = append(where, r.First, r.Last)
		waits = append(waits, diag.Interval{From: r.First, To: end})
		if r.Heard.Seen() {
			heard++
		}
	}
	f := g.Finding(where...)
	f.Severity, f.Count, f.Host = diag.Error, len(g.Conversations), g.From().Addr().String()
	in.Charge(&f, waits)
	f.Filter = g.Filter()
	r := g.Sender(0).Trouble.Retry
	from, to := g.From(), g.To()
	f.Summary = fmt.Sprintf("%v sent the same %s to %v %d times in %s without an acknowledgement", from, diag.Count(int64(r.Bytes), "byte"), to, r.Times+1, diag.Duration(time.Duration(r.Last.Time-r.First.Time)))
	if f.Count > 1 {
		who, _ := g.Names()
		f.Host = to.Addr().String()
		f.Summary = fmt.Sprintf("%s gave up %d connections to %v: their data were sent again and again without an acknowledgement", who, f.Count, to.Addr())
	}
	f.RuledOut = []string{"chance: the same data are lost each time", "the size of the packets: they are not of full size, or as large ones had arrived, or nothing smaller arrives either"}
	if heard > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "connections in which the other side was heard meanwhile", Value: fmt.Sprint(heard)})
		f.Fix = []string{fmt.Sprintf("the way from %v to %v is broken and the way back is not: look for a filter, or a route, in that direction", from.Addr(), to.Addr())}
	} else {
		f.Facts = append(f.Facts, diag.Fact{Name: "from the other side meanwhile", Value: "nothing"})
		f.Fix = []string{
			fmt.Sprintf("is %v up? Did it, or the path to it, go away at that time?", to.Addr()),
			"a firewall or address translator that forgot the connection drops its packets in silence: was it idle before?",
		}
	}
	idle := idleBefore(in, g.Conversations[0], g.Dirs[0], r)
	if idle >= idleTime {
		f.Facts = append(f.Facts, diag.Fact{Name: "idle before", Value: diag.Duration(idle)})
		f.Fix = append(f.Fix, "keep-alives more often than the device's time-out keep its memory of the connection")
	}
	f.Record = []diag.RecordAt{{Addr: to.Addr(), Question: "do the packets arrive, and does it answer?"}}
	return f
}

// idleBefore is how long before the row the other side had last sent data, as far as it is known.
func idleBefore(in *diag.Input, c *flow.Conversation, dir int, r *flow.Retry) time.Duration {
	last := c.TCP.Sides[1-dir].LastData
	if !last.Seen() || last.Pos.Number > r.First.Pos.Number {
		return 0
	}
	d, _ := in.Elapsed(last, r.First)
	return d
}
