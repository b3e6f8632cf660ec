package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A Process is a `process` line with what it did in the network.
type Process struct {
	jsonl.ProcessInfo
	Nth           int   `json:"nth,omitempty" doc:"how many processes of the source before it had the same id"`
	Conversations []int `json:"conversations" doc:"numbers of those that it owns, the first 1000"`
	Count         int   `json:"count" doc:"how many these are"`
	Packets       int64 `json:"packets" doc:"of all of them"`
	Bytes         int64 `json:"bytes" doc:"frame bytes of all of them"`

	of *session.Process
}

// A ProcessQuery says which processes, and in which order.
type ProcessQuery struct {
	Range
	Sort string // one of [ProcessColumns], the first when empty
	Desc bool
	Text string // a part of the name, of the command line or of the id
}

// ProcessColumns are those that processes can be sorted by; "order" is that of the files.
var ProcessColumns = []string{"order", "name", "pid", "conversations", "packets", "bytes"}

func processesQuery(q *query) answering {
	w := ProcessQuery{q.part(), q.one("sort", ProcessColumns...), q.flag("desc"), q.text("q", "")}
	return func(_ context.Context, a *Analysis) (*pass, error) { return told(a.Processes(w), nil) }
}

// Processes are those of the hosts that recorded events.
func (a *Analysis) Processes(w ProcessQuery) Page {
	list := a.processes()
	if text := strings.ToLower(w.Text); text != "" {
		list = slices.DeleteFunc(list, func(p *Process) bool {
			return !strings.Contains(strings.ToLower(view.ProcessName(p.of)+" "+p.CommandLine), text)
		})
	}
	compare := map[string]func(a, b *Process) int{
		"name":          func(a, b *Process) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) },
		"pid":           func(a, b *Process) int { return cmp.Compare(a.PID, b.PID) },
		"conversations": func(a, b *Process) int { return cmp.Compare(a.Count, b.Count) },
		"packets":       func(a, b *Process) int { return cmp.Compare(a.Packets, b.Packets) },
		"bytes":         func(a, b *Process) int { return cmp.Compare(a.Bytes, b.Bytes) },
	}[w.Sort]
	switch {
	case compare != nil:
		slices.SortStableFunc(list, func(a, b *Process) int {
			if w.Desc {
				a, b = b, a
			}
			return compare(a, b)
		})
	case w.Desc:
		slices.Reverse(list)
	}
	return page(w.Range, len(list), func(i int) any { return list[i] })
}

// processes are all of them in the order of the files.
func (a *Analysis) processes() []*Process {
	s := a.Case.Session
	if s == nil {
		return nil
	}
	list := make([]*Process, 0, len(s.Processes))
	byProcess := map[*session.Process]*Process{}
	seen := map[[2]int]int{}
	for _, p := range s.Processes {
		out := &Process{ProcessInfo: jsonl.ProcessOf(p), Conversations: []int{}, of: p}
		id := [2]int{p.Source, int(p.PID)}
		out.Nth = seen[id]
		seen[id]++
		list, byProcess[p] = append(list, out), out
	}
	for i := range a.Case.Conversations.Len() {
		end := s.Endpoints[i]
		if end == nil || byProcess[end.Process] == nil {
			continue
		}
		out, conv := byProcess[end.Process], a.Case.Conversations.At(i)
		if out.Count++; out.Count <= maxListed {
			out.Conversations = append(out.Conversations, i)
		}
		out.Packets += conv.Dir[0].Packets + conv.Dir[1].Packets
		out.Bytes += conv.Dir[0].Bytes + conv.Dir[1].Bytes
	}
	return list
}
