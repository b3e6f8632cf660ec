// Package host holds the diagnoses that rest on what a host says of itself:
// socket calls, stack events, drops.
package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{AbortReason, DropReason} }

//go:embed abort_reason.md
var abortPage string

// AbortReason: who closed the connection and why (E9).
var AbortReason = &diag.Rule{ID: "host.abort_reason", Title: "who closed the connection, and why", Page: abortPage, Run: abortReason}

// statusConnectionAborted is logged when a control block is released, also after an orderly close ([MS-ERREF] 2.3.1).
const statusConnectionAborted = 0xC0000241

func abortReason(in *diag.Input) []diag.Finding {
	if in.Session == nil {
		return nil
	}
	var out []diag.Finding
	for _, t := range in.Session.TCBs {
		c := t.Conv
		if c == nil || c.TCP == nil || !t.ShutdownAt.Seen() && !t.AbortAt.Seen() {
			continue
		}
		f := diag.Finding{
			Source: t.Source, Process: t.Process, Conversations: []*flow.Conversation{c}, Count: 1, Confidence: diag.Proven,
			Filter: fmt.Sprintf("tcp.stream == %d", c.Stream),
		}
		orderly := c.TCP.Sides[0].FIN.Seen() && c.TCP.Sides[1].FIN.Seen() && !c.TCP.RST.Seen()
		switch {
		case orderly && !t.AbortAt.Seen():
			benign(&f, t, c)
		case t.AbortAt.Seen():
			f.Severity = diag.Warning
			f.Where = []trace.Pos{t.AbortAt.Pos}
			f.Summary = fmt.Sprintf("%s aborted connection %v - %v: %s", owner(t.Process), c.Ends[0], c.Ends[1], t.AbortReason)
			f.Fix = []string{"look at what the process did at that moment"}
		case c.TCP.RST.Seen() && t.Shutdown == statusConnectionAborted:
			f.Severity = diag.Warning
			f.Where = []trace.Pos{c.TCP.RST.Pos, t.ShutdownAt.Pos}
			f.Summary = fmt.Sprintf("connection %v - %v of %s was aborted: reset sent by %v, status STATUS_CONNECTION_ABORTED", c.Ends[0], c.Ends[1], owner(t.Process), c.Ends[c.TCP.RSTBy])
			f.Fix = []string{"look at the process on the host that sent the reset"}
		default:
			continue
		}
		out = append(out, f)
	}
	return out
}

// benign describes the clean-up after an orderly close: the status looks like an error and is none.
func benign(f *diag.Finding, t *session.TCB, c *flow.Conversation) {
	first := "client"
	if c.TCP.FirstFIN == 1 {
		first = "server"
	}
	f.Severity = diag.Note
	f.Where = []trace.Pos{c.TCP.Sides[0].FIN.Pos, c.TCP.Sides[1].FIN.Pos, t.ShutdownAt.Pos}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	f.Summary = fmt.Sprintf("the %s closed connection %v - %v first, and the close was orderly (FIN both ways, no reset)", first, c.Ends[0], c.Ends[1])
	if t.Shutdown == statusConnectionAborted {
		f.Summary += "; the status STATUS_CONNECTION_ABORTED that the stack logs afterwards is its clean-up and benign"
		f.RuledOut = []string{"an abort: no reset on the wire, and the control block had been closed before"}
	}
	f.Fix = []string{"nothing"}
}

func owner(p *session.Process) string {
	if p == nil {
		return "an unknown process"
	}
	return fmt.Sprintf("%s (%d)", p.Name, p.PID)
}
