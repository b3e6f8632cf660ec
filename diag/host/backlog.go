package host

import (
	_ "embed"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed backlog.md
var backlogPage string

// Backlog: connections wait for the process to accept them (E6).
var Backlog = &diag.Rule{ID: "host.backlog", Title: "connections wait in the queue of a listening socket", Page: backlogPage, Run: backlog}

const (
	// lateAccept is how long a connection may be in the queue without a word, and noticed is a wait that a user notices by itself.
	lateAccept = 100 * time.Millisecond
	noticed    = time.Second
)

func backlog(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	for _, s := range in.Session.Sockets {
		if q := queueOf(in, s); len(q.late) >= minLate || longest(in, q.late) >= noticed {
			if f, ok := q.finding(in); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// A queue is what happened to the connections of a listening socket.
type queue struct {
	*session.Socket
	size  uint32 // argument of listen, 0 when the trace began later
	late  []diag.Interval
	deep  int // most that were in it at the same time
	left  int // that nobody accepted to the end
	convs []*flow.Conversation
}

// queueOf follows a queue: a connection is in it from its indication to the call that accepts it. A call that was posted before has it at once.
func queueOf(in *diag.Input, s *session.Socket) *queue {
	q := &queue{Socket: s, size: s.Backlog()}
	since := map[netip.AddrPort]flow.Moment{}
	waiting := waitingCalls(s)
	for _, c := range s.Calls {
		switch {
		case c.Role == session.RoleConnectIndication && c.Address.IsValid():
			if w := waiting[c.Address]; w != nil && after(c.Enter, w.Enter) && after(w.Exit, c.Enter) {
				continue // a call waited for it
			}
			since[c.Address] = c.Enter
			q.deep = max(q.deep, len(since))
		case c.Role == session.RoleAccept && c.Outer == nil && c.Address.IsValid():
			from, known := since[c.Address]
			delete(since, c.Address)
			if d, ok := in.Elapsed(from, c.Enter); known && after(c.Enter, from) && ok && d > lateAccept {
				q.take(diag.Interval{From: from, To: c.Enter}, c)
			}
		}
	}
	if q.full() { // nobody accepts what is in it
		end := in.End(s.Source)
		for _, from := range slices.SortedFunc(maps.Values(since), func(a, b flow.Moment) int { return inOrder(a.Pos, b.Pos) }) {
			if d, ok := in.Elapsed(from, end); ok && d > lateAccept {
				q.late = append(q.late, diag.Interval{From: from, To: end})
				q.left++
			}
		}
	}
	return q
}

// waitingCalls are the calls that accepted a connection, by its other end.
func waitingCalls(s *session.Socket) map[netip.AddrPort]*session.Call {
	out := map[netip.AddrPort]*session.Call{}
	for _, c := range s.Calls {
		if c.System == session.Linux && c.Role == session.RoleAccept && c.Address.IsValid() {
			out[c.Address] = c
		}
	}
	return out
}

// full reports whether the queue held, or nearly held, as many as it may.
func (q *queue) full() bool {
	if q.System == session.Linux { // it has one place more than was asked for
		return q.size > 0 && q.deep > int(q.size)
	}
	return q.size > 0 && 10*q.deep >= 9*int(q.size)
}

func (q *queue) take(i diag.Interval, c *session.Call) {
	if c.Accepted != nil {
		if i.Conv = convOf(c.Accepted); i.Conv != nil {
			q.convs = append(q.convs, i.Conv)
		}
	}
	q.late = append(q.late, i)
}

func (q *queue) finding(in *diag.Input) (f diag.Finding, ok bool) {
	total, ok := in.Waited(q.late)
	if !ok {
		return f, false
	}
	f = diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: q.Source, Process: q.Process, Count: len(q.late), Cost: total, Lost: q.late, Where: endsOf(q.late),
		Conversations: q.convs, Filter: diag.StreamFilter(q.convs[:min(len(q.convs), 40)]),
		Summary: fmt.Sprintf("%s accepted %s at %v late: each was ready and waited in the queue, %s at most", owner(q.Process), diag.Count(len(q.late), "connection"), local(q.Socket), diag.Duration(longest(in, q.late))),
		Facts:   []diag.Fact{{Name: "most connections in the queue at the same time", Value: fmt.Sprint(q.deep)}},
		RuledOut: []string{
			"the network: the stack had made the connections, and told the socket of each",
			"a call that was posted ahead: it would have had them at once",
		},
		Fix: []string{fmt.Sprintf("look at what %s does between two calls of accept: it should only accept there, and leave the rest to other threads", owner(q.Process))},
	}
	if q.left == len(q.late) {
		f.Summary = fmt.Sprintf("%s did not accept %s at %v: they are ready and wait in the queue, %s at most", owner(q.Process), diag.Count(q.left, "connection"), local(q.Socket), diag.Duration(longest(in, q.late)))
	}
	if q.size > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "size of the queue that listen asked for", Value: fmt.Sprint(q.size)})
		if q.full() {
			f.Severity = diag.Error
			f.Summary += fmt.Sprintf("; the queue was full (%d of %d): the host refuses what comes then", q.deep, q.size)
			f.Fix = append(f.Fix, "ask for a longer queue (the argument of listen)")
		}
	}
	return f, true
}
