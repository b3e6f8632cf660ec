package tcp

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed loss_fast.md
var lossFastPage string

//go:embed loss_rto.md
var lossTimerPage string

// LossFast: segments are lost, and repaired without a time-out (T7).
var LossFast = &diag.Rule{ID: "tcp.loss.fast", Title: "segments are lost on the way", Page: lossFastPage, WithheldBy: []string{"cap.gaps", "cap.drops.reported"}}

// LossTimer: segments are lost, and the sender waits for its timer (T8).
var LossTimer = &diag.Rule{ID: "tcp.loss.rto", Title: "the sender waits for its timer after a loss", Page: lossTimerPage, WithheldBy: []string{"cap.gaps", "cap.drops.reported"}}

func init() { // Run names the rule: a literal would be a cycle
	LossFast.Run = func(in *diag.Input) []diag.Finding { return losses(in, LossFast) }
	LossTimer.Run = func(in *diag.Input) []diag.Finding { return losses(in, LossTimer) }
}

const (
	// minRepairs is how many losses are a pattern.
	minRepairs = 3
	// minLossTime is the time below which nobody notices a repair, and minLossShare the part of the time below which nobody does: both are worth a note only.
	minLossTime  = 100 * time.Millisecond
	minLossShare = 0.01
	// longLoss is a wait that a user notices, whatever its part of the time.
	longLoss = time.Second
	// manyWays is how many pairs of hosts with losses have one cause near the capture, not one each.
	manyWays = 5
)

// losses makes one finding of each way from host to host: whether it is a matter of timers or not says which took longer.
func losses(in *diag.Input, rule *diag.Rule) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Repaired) {
		if !in.Timed(c) {
			continue
		}
		for dir := range c.Dir {
			if lossesOf(in, c, dir) > 0 {
				all.Add(diag.HostWay(c, dir), c, dir)
			}
		}
	}
	matter := slices.DeleteFunc(all.List, func(g *diag.Way) bool { return !lossesOn(g).matters() })
	for _, g := range diag.Joined(matter, manyWays) {
		l := lossesOn(g)
		if l.rule() != rule {
			continue
		}
		if f, ok := l.finding(in, rule); ok {
			out = append(out, f)
		}
	}
	return out
}

// lossesOf is how many segments of a side were lost: repairs that the other side did not report as received twice.
func lossesOf(in *diag.Input, c *flow.Conversation, dir int) int64 {
	if c.ICMP != nil && c.ICMP.TooBig != nil && c.ICMP.TooBig.Dir == dir {
		return 0 // too large for a link: package mtu says so
	}
	if dir == 0 && (in.IsUnaccepted(c) || c.TCP != nil && c.TCP.SYNACK.Seen() && !c.TCP.SYN.Seen()) {
		return 0 // it arrived: tcp.accept_overflow; a SYN/ACK without its SYN may be one of those that come again
	}
	t, peer := c.Dir[dir].Trouble, c.Dir[1-dir].Trouble
	if t == nil || t.Repairs == nil {
		return 0
	}
	n := t.Repairs.Count()
	if peer != nil && 2*int64(peer.DuplicateSACKs) >= n {
		return 0 // mostly needless
	}
	if _, vanish := in.Vanishing(c, dir); vanish {
		return 0 // as large ones never arrive: mtu.blackhole
	}
	return n
}

// A losing is what the connections of a way say of what is lost on it.
type losing struct {
	*diag.Way
	count, before, after, segments int64
	fast, timer, lost, of          time.Duration
	timers                         int64
	worst                          flow.Repair
	sender, receiver               string
	where                          []flow.Moment
	waits                          []diag.Interval
	points                         string // the capture points that it was lost between, "" when they do not tell
}

func lossesOn(g *diag.Way) *losing {
	l := &losing{Way: g}
	l.sender, l.receiver = g.Names()
	repairs := func(i int) *flow.Repairs { return g.Sender(i).Trouble.Repairs }
	l.fast, l.of = g.Lost(func(i int) int64 { return repairs(i).Fast.Took })
	l.timer, _ = g.Lost(func(i int) int64 { return repairs(i).Timer.Took })
	l.lost, _ = g.Lost(func(i int) int64 { return repairs(i).Took() })
	for i := range g.Conversations {
		r := repairs(i)
		l.count, l.before, l.after, l.timers = l.count+r.Count(), l.before+r.Before, l.after+r.After, l.timers+r.Timer.Count
		l.segments += g.Sender(i).Segments()
		l.waits = append(l.waits, diag.Waits(g.Conversations[i], r.Waits)...)
		for _, k := range []*flow.RepairsOf{&r.Timer, &r.Fast} {
			if k.Count == 0 {
				continue
			}
			l.where = append(l.where, k.First.Again, k.Worst.Again)
			if !l.worst.Again.Seen() || k.Worst.Lasted() > l.worst.Lasted() {
				l.worst = k.Worst
			}
		}
	}
	return l
}

func (l *losing) rule() *diag.Rule {
	if l.timer > l.fast {
		return LossTimer
	}
	return LossFast
}

// matters reports whether it is worth a word.
func (l *losing) matters() bool { return l.count >= minRepairs || l.timers > 0 }

func (l *losing) finding(in *diag.Input, rule *diag.Rule) (f diag.Finding, ok bool) {
	f = l.Way.Finding(l.where...)
	kept := false
	for _, c := range l.Conversations {
		kept = !in.Withhold(rule, c) || kept
	}
	if !kept {
		return f, false
	}
	l.locate(in)
	f.Count, f.Cost, f.Lost, f.Between = int(l.count), l.lost, l.waits, l.points
	showsSender := ""
	if from := l.From().Addr(); l.sender == from.String() {
		f.Host, showsSender = l.sender, diag.FromHost(from)
	}
	if l.count >= minRepairs {
		f.Confidence = diag.Proven
	}
	if l.lost < minLossTime || l.lost < longLoss && (float64(l.lost) < minLossShare*float64(l.of) || l.count < minRepairs) {
		f.Severity = diag.Note
	}
	rate := float64(l.count) / math.Max(float64(l.segments), 1)
	f.Summary = fmt.Sprintf("%d of %s from %v to %v were lost (%.1f %%), %s: something lost was missing for %s", l.count, diag.Count(l.segments, "segment"), l.sender, l.receiver, 100*rate, l.place(),
		diag.Share(l.lost, l.of, l.Which()))
	if l.count == 1 {
		f.Summary = fmt.Sprintf("a segment from %v to %v was lost, %s: it was missing for %s", l.sender, l.receiver, l.place(), diag.Share(l.lost, l.of, l.Which()))
	}
	f.Filter = diag.AllOf(l.Filter(), showsSender, diag.AnyOf("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.out_of_order", "tcp.analysis.lost_segment"))
	f.Facts = []diag.Fact{
		{Name: "lost before it passed here", Value: fmt.Sprint(l.before)},
		{Name: "lost after it passed here", Value: fmt.Sprint(l.after)},
		{Name: "repaired at once", Value: fmt.Sprintf("%d, %s", l.count-l.timers, diag.Duration(l.fast))},
		{Name: "repaired after a time-out", Value: fmt.Sprintf("%d, %s", l.timers, diag.Duration(l.timer))},
		{Name: "longest", Value: diag.Duration(time.Duration(l.worst.Lasted()))},
	}
	f.RuledOut = []string{
		"a capture that drops packets: what was missing came again, and was acknowledged only then",
		"reordering: what came late came later than half a round trip",
	}
	f.Fix = []string{
		fmt.Sprintf("look at the links and queues %s: errors, duplex, radio, a policer, a queue that overflows", l.between()),
	}
	if rule == LossTimer {
		f.Fix = append(f.Fix, "few segments in flight, or the last of a message, leave nothing that could ask for a repair: a time-out is all that helps. Less loss is the cure, not a setting")
	}
	f.Record = []diag.RecordAt{{}}
	if l.points != "" {
		f.Record, f.NextCapture = nil, []string{fmt.Sprintf("the same at one more point between %s: the place becomes smaller", l.points)}
	}
	return f, true
}

// locate finds the two capture points that it was lost between: the same for all connections, and for most of what was lost.
func (l *losing) locate(in *diag.Input) {
	lost := int64(0)
	for i, c := range l.Conversations {
		between, n := in.LostBetween(c, l.Dirs[i])
		if between == "" || i > 0 && between != l.points {
			l.points = ""
			return
		}
		l.points, lost = between, lost+n
	}
	if 2*lost < l.count {
		l.points = ""
	}
}

// place says on which side of the capture.
func (l *losing) place() string {
	they := "they"
	if l.count == 1 {
		they = "it"
	}
	switch {
	case l.points != "":
		return "between " + l.points
	case l.after == 0:
		return fmt.Sprintf("before %s came to this capture (between %v and here)", they, l.sender)
	case l.before == 0:
		return fmt.Sprintf("after %s had passed this capture (between here and %v)", they, l.receiver)
	}
	return fmt.Sprintf("%d before this capture and %d behind it", l.before, l.after)
}

func (l *losing) between() string {
	switch {
	case l.points != "":
		return "between " + l.points
	case l.after == 0:
		return fmt.Sprintf("from %v to the place of this capture", l.sender)
	case l.before == 0:
		return fmt.Sprintf("from the place of this capture to %v", l.receiver)
	}
	return fmt.Sprintf("from %v to %v", l.sender, l.receiver)
}
