// Package host holds the diagnoses that rest on what a host says of itself:
// socket calls, stack events, drops.
package host

import (
	"cmp"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{AbortReason, DropReason, FileIOMap, PortExhaustion, BindConflict, RecvLate, Backlog, NoEndpoint, RTOTimer, ConnectSplit, RecvSmall, SendWait, CWnd}
}

func owner(p *session.Process) string {
	if p == nil {
		return "an unknown process"
	}
	return fmt.Sprintf("%s (%d)", cmp.Or(p.Name, "process"), p.PID)
}

func inOrder(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) }

// byProcess are the control blocks that a rule takes, by the process that owns them.
func byProcess(list []*session.TCB, takes func(*session.TCB) bool) [][]*session.TCB {
	type key struct {
		source  int
		process *session.Process
	}
	return diag.GroupsOf(list, func(t *session.TCB) (key, bool) { return key{t.Source, t.Process}, takes(t) })
}
