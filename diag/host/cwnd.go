package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed cwnd.md
var cwndPage string

// CWnd: the stack says that the congestion window held what it sent (E8).
var CWnd = &diag.Rule{ID: "host.cwnd", Title: "the congestion window holds what is sent", Page: cwndPage, Run: cwnd}

const (
	// minHeld is how many sends tell what the windows are like.
	minHeld = 20
	// leastHeld is how long the window has to hold a connection for somebody to notice.
	leastHeld = 500 * time.Millisecond
)

func cwnd(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	for _, list := range byProcess(in.Session.TCBs, func(t *session.TCB) bool { return isHeld(t.Congestion) }) {
		out = append(out, heldBack(list))
	}
	return out
}

// isHeld reports whether the congestion window was full for more than half of the time in which the connection sent.
func isHeld(g *session.Congestion) bool {
	return g != nil && g.Held >= minHeld && g.Full >= leastHeld && 2*g.Full > g.Timed
}

func heldBack(list []*session.TCB) diag.Finding {
	worst := slices.MaxFunc(list, func(a, b *session.TCB) int { return cmp.Compare(a.Congestion.Full, b.Congestion.Full) })
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: worst.Source, Process: worst.Process}
	for _, t := range list {
		f.Count += t.Congestion.Held
		if len(f.Where) < maxWhere {
			f.Where = append(f.Where, t.Congestion.First.Pos, t.Congestion.Last.Pos)
		}
		if t.Conv != nil {
			f.Conversations = append(f.Conversations, t.Conv)
		}
	}
	slices.SortFunc(f.Where, inOrder)
	f.Where = slices.Compact(f.Where)
	g := worst.Congestion
	on := fmt.Sprintf("%v - %v", worst.Local, worst.Remote)
	if len(list) > 1 {
		on = fmt.Sprintf("%s, longest of %s", diag.Count(len(list), "connection"), on)
	}
	f.Summary = fmt.Sprintf("the congestion window held what %s sent on %s: it was full for %s, %s of the time, and the receiver had room", owner(worst.Process), on, diag.Duration(g.Full), diag.Percent(g.Full, g.Timed))
	f.Facts = []diag.Fact{
		{Name: "congestion window", Value: fmt.Sprintf("%d to %d bytes", g.Least, g.Most)},
		{Name: "window of the receiver, at least", Value: fmt.Sprintf("%d bytes", g.Room)},
		{Name: "sends with a full window", Value: fmt.Sprintf("%d of %d", g.Held, g.Sends)},
	}
	f.RuledOut = []string{"the window of the receiver: it had room for another segment each time", "an application that sends too little: what it gave filled the congestion window"}
	f.Fix = []string{
		"look for loss on the way: tcp.loss.rto, tcp.loss.fast; each one makes the window smaller",
		"without loss it is the speed of the path, or the beginning of a connection (slow start): use connections again",
	}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}
