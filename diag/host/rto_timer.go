package host

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed rto_timer.md
var rtoTimerPage string

// RTOTimer: the stack says that its timer of retransmissions expired (E7).
var RTOTimer = &diag.Rule{ID: "host.rto_timer", Title: "the timer of retransmissions expired in the stack", Page: rtoTimerPage, Run: rtoTimer}

func rtoTimer(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	for _, list := range byProcess(in.Session.TCBs, func(t *session.TCB) bool { return len(t.Timeouts) > 0 }) {
		out = append(out, expired(in, list))
	}
	return out
}

func expired(in *diag.Input, list []*session.TCB) diag.Finding {
	worst := slices.MaxFunc(list, func(a, b *session.TCB) int { return len(a.Timeouts) - len(b.Timeouts) })
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: list[0].Source, Process: list[0].Process}
	for _, t := range list {
		f.Count += len(t.Timeouts)
		for _, x := range t.Timeouts {
			f.Where = append(f.Where, x.At.Pos)
		}
		if t.Conv != nil {
			f.Conversations = append(f.Conversations, t.Conv)
		}
	}
	slices.SortFunc(f.Where, inOrder)
	f.Where = slices.Compact(f.Where)
	if f.Count >= minTimeouts {
		f.Severity = diag.Warning
	}
	on := fmt.Sprintf("%v - %v", worst.Local, worst.Remote)
	if len(list) > 1 {
		on = fmt.Sprintf("%s, most often (%d times) of %s", diag.Count(len(list), "connection"), len(worst.Timeouts), on)
	}
	f.Summary = fmt.Sprintf("the stack of %s waited in vain for acknowledgments %s, until its timer expired: %s", owner(list[0].Process), diag.Count(f.Count, "time"), on)
	first, last := worst.Timeouts[0], worst.Timeouts[len(worst.Timeouts)-1]
	if d, ok := in.Elapsed(first.At, last.At); ok && len(worst.Timeouts) > 1 && d > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "from the first to the last", Value: diag.Duration(d)})
	}
	if last.RTO > time.Duration(0) {
		f.Facts = append(f.Facts, diag.Fact{Name: "timer at the last", Value: diag.Duration(last.RTO)})
	}
	if last.CWnd > 0 {
		unit := "bytes"
		if worst.System == session.Linux {
			unit = "segments"
		}
		f.Facts = append(f.Facts, diag.Fact{Name: "congestion window behind it", Value: fmt.Sprintf("%d %s", last.CWnd, unit)})
	}
	f.RuledOut = []string{"a retransmission that duplicate acknowledgments asked for: the stack says that it was its timer", "a process that sent late: what was sent waited for an acknowledgment"}
	f.Fix = []string{"look for loss on the way to the other side, or for a path that is dead: tcp.loss.rto has the packets", "record at the other side too: it shows which segments, or which acknowledgments, did not arrive"}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}

// minTimeouts is how often a timer has to expire to be more than a note: single losses happen.
const minTimeouts = 3
