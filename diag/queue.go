package diag

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// lateAccept is how long a connection may be in the queue of a listening socket without a word.
const lateAccept = 100 * time.Millisecond

// A Queue is what happened to the connections of a listening socket, as its host tells.
type Queue struct {
	*session.Socket
	Size  uint32               // argument of listen, 0 when the trace began later
	Late  []Interval           // connections that waited for accept
	Deep  int                  // most that were in it at the same time
	Left  int                  // of Late, that nobody accepted to the end
	Convs []*flow.Conversation // of those that were accepted late

	full []span // records between which it had no room
}

// A span is the records from one to another; to is 0 at the end of the trace.
type span struct{ from, to int64 }

// Queues are those of the listening sockets, in order of appearance.
func (in *Input) Queues() []*Queue {
	if in.queues == nil && in.Session != nil {
		in.queues = []*Queue{}
		for _, s := range in.Session.Sockets {
			if slices.ContainsFunc(s.Calls, func(c *session.Call) bool { return c.Role == session.RoleConnectIndication }) {
				in.queues = append(in.queues, in.queueOf(s))
			}
		}
	}
	return in.queues
}

// FullQueue is the queue that had no room for a connection when its client asked for it, or completed it; nil when the host
// of the server does not say so.
func (in *Input) FullQueue(c *flow.Conversation) *Queue {
	if c.TCP == nil {
		return nil
	}
	for _, q := range in.Queues() {
		if q.Source == c.Source && q.takes(c.Ends[1]) && (q.fullAt(c.TCP.LastSYN.Pos) || q.fullAt(c.TCP.HandshakeACK.Pos)) {
			return q
		}
	}
	return nil
}

// takes reports whether connections to an endpoint come into the queue.
func (q *Queue) takes(to netip.AddrPort) bool {
	return q.Local.Port() == to.Port() && (q.Local.Addr() == to.Addr() || q.Local.Addr().IsUnspecified())
}

func (q *Queue) fullAt(p trace.Pos) bool {
	return p.Number > 0 && slices.ContainsFunc(q.full, func(s span) bool { return s.from < p.Number && (s.to == 0 || p.Number < s.to) })
}

// queueOf follows a queue: a connection is in it from its indication to the call that accepts it. A call that was posted before has it at once.
func (in *Input) queueOf(s *session.Socket) *Queue {
	q := &Queue{Socket: s, Size: s.Backlog()}
	since := map[netip.AddrPort]flow.Moment{}
	waiting := waitingCalls(s)
	for _, c := range s.Calls {
		switch {
		case c.Role == session.RoleConnectIndication && c.Address.IsValid():
			if w := waiting[c.Address]; w != nil && behind(c.Enter, w.Enter) && behind(w.Exit, c.Enter) {
				continue // a call waited for it
			}
			since[c.Address] = c.Enter
			q.Deep = max(q.Deep, len(since))
			if n := len(q.full); q.isFull(len(since)) && (n == 0 || q.full[n-1].to > 0) {
				q.full = append(q.full, span{from: c.Enter.Pos.Number})
			}
		case c.Role == session.RoleAccept && c.Outer == nil && c.Address.IsValid():
			from, known := since[c.Address]
			delete(since, c.Address)
			if n := len(q.full); n > 0 && q.full[n-1].to == 0 && !q.isFull(len(since)) {
				q.full[n-1].to = c.Enter.Pos.Number
			}
			if d, ok := in.Elapsed(from, c.Enter); known && behind(c.Enter, from) && ok && d > lateAccept {
				q.take(Interval{From: from, To: c.Enter}, c)
			}
		}
	}
	if q.Full() { // nobody accepts what is in it
		end := in.End(s.Source)
		for _, from := range slices.SortedFunc(maps.Values(since), func(a, b flow.Moment) int { return int(a.Pos.Number - b.Pos.Number) }) {
			if d, ok := in.Elapsed(from, end); ok && d > lateAccept {
				q.Late = append(q.Late, Interval{From: from, To: end})
				q.Left++
			}
		}
	}
	return q
}

// behind reports whether a moment is a record behind another one of the same source.
func behind(m, than flow.Moment) bool { return m.Seen() && m.Pos.Number > than.Pos.Number }

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

// Full reports whether the queue held, at its deepest, nearly as many as it may.
func (q *Queue) Full() bool { return q.isFull(q.Deep) }

func (q *Queue) isFull(deep int) bool {
	if q.System == session.Linux { // it has one place more than was asked for
		return q.Size > 0 && deep > int(q.Size)
	}
	return q.Size > 0 && 10*deep >= 9*int(q.Size)
}

func (q *Queue) take(i Interval, c *session.Call) {
	if a := c.Accepted; a != nil {
		if i.Conv = a.Conv; i.Conv == nil && a.TCB != nil {
			i.Conv = a.TCB.Conv
		}
		if i.Conv != nil {
			q.Convs = append(q.Convs, i.Conv)
		}
	}
	q.Late = append(q.Late, i)
}
