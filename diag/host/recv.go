package host

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed recv_late.md
var recvPage string

// RecvLate: data was there, and the application did not read it (E1).
var RecvLate = &diag.Rule{ID: "host.recv_late", Title: "an application reads late what has arrived", Page: recvPage, Run: recvLate}

const (
	// lateRead is how long data may wait for a reader without a word.
	lateRead = 50 * time.Millisecond
	// minLate is how many late reads are a pattern: one alone may be of data that nobody waits for.
	minLate = 3
	// leastLate is how much time they cost in all before somebody notices.
	leastLate = 500 * time.Millisecond
)

func recvLate(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	type key struct {
		source  int
		process *session.Process
	}
	index := map[key][]*reader{}
	var keys []key
	for _, s := range in.Session.Sockets {
		r := &reader{s, lateReads(in, s)}
		if len(r.late) < minLate {
			continue
		}
		k := key{s.Source, s.Process}
		if index[k] == nil {
			keys = append(keys, k)
		}
		index[k] = append(index[k], r)
	}
	for _, k := range keys {
		if f, ok := readLate(in, index[k]); ok {
			out = append(out, f)
		}
	}
	return out
}

// A reader is a socket with the times in which its data waited.
type reader struct {
	*session.Socket
	late []diag.Interval
}

// lateReads are the times from the moment at which data was handed up while no
// call waited for it, to the call that read it. Data that nobody read is none: nobody may have wanted it.
func lateReads(in *diag.Input, s *session.Socket) (out []diag.Interval) {
	for _, u := range s.Unread { // of Linux
		if d, ok := in.Elapsed(u.From, u.To); ok && d > lateRead {
			out = append(out, diag.Interval{From: u.From, To: u.To, Conv: convOf(s)})
		}
	}
	var there *session.Call
	until := int64(0) // the record up to which a call to read was pending
	for _, c := range s.Calls {
		switch {
		case c.Role == session.RoleDataIndication && c.Requested > 0:
			if there == nil && until < c.Enter.Pos.Number {
				there = c
			}
		case c.Role != session.RoleReceive || c.Outer != nil || !c.Enter.Seen():
		default:
			if there != nil {
				if d, ok := in.Elapsed(there.Enter, c.Enter); ok && d > lateRead {
					out = append(out, diag.Interval{From: there.Enter, To: c.Enter, Conv: convOf(s)})
				}
			}
			there = nil
			if until = max(until, c.Exit.Pos.Number); !c.Exit.Seen() {
				return out // it is pending to the end
			}
		}
	}
	return out
}

func readLate(in *diag.Input, list []*reader) (f diag.Finding, ok bool) {
	var late []diag.Interval
	for _, r := range list {
		late = append(late, r.late...)
		if c := convOf(r.Socket); c != nil {
			f.Conversations = append(f.Conversations, c)
		}
	}
	total, ok := in.Waited(late)
	if !ok || total < leastLate {
		return f, false
	}
	first := list[0]
	f.Severity, f.Confidence, f.Source, f.Process, f.Count = diag.Warning, diag.Proven, first.Source, first.Process, len(late)
	f.Cost, f.Lost, f.Where = total, late, endsOf(late)
	where := fmt.Sprintf("on %v - %v", local(first.Socket), first.Remote)
	if len(list) > 1 {
		where = "on " + diag.Count(len(list), "socket")
	}
	f.Summary = fmt.Sprintf("%s left what had arrived %s unread %d times, for %s in all, %s at most", owner(first.Process), where, len(late), diag.Duration(total), diag.Duration(longest(in, late)))
	f.Facts = []diag.Fact{{Name: "late is a read that began later than", Value: diag.Duration(lateRead) + " after the data was there"}}
	f.RuledOut = []string{"the network and the other side: the data was in the host", "a call that waited for the data: none was pending"}
	f.Fix = []string{
		fmt.Sprintf("look at what %s does between its reads: a thread that computes, writes to a disk or waits for a lock while data comes", owner(first.Process)),
		"read in a thread of its own, or with calls that are posted ahead (overlapped)",
	}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f, true
}
