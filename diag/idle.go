package diag

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// An IdleEnd is a connection that died when it was used again after nobody had for long: something on the way had forgotten it.
type IdleEnd struct {
	Conv *flow.Conversation
	// From is the last that was heard of the other side before, To the first packet after it that was answered by a reset, or not at all.
	From, To flow.Moment
	By       int         // who went on: Ends[By]
	End      flow.Moment // the reset, or the last that was sent in vain
	Reset    bool
	// Exact says that requests tell both ends of the pause. Else From is the last data of the other side: it may have acknowledged more since.
	Exact bool
}

// Idle is how long nobody used it.
func (e *IdleEnd) Idle() time.Duration { return time.Duration(e.To.Time - e.From.Time) }

const (
	// leastIdle is the shortest time after which devices forget connections that are established (RFC 5382 wants two hours; 60 s are known).
	leastIdle = 50 * time.Second
	// soonReset is how soon a device answers what it does not know.
	soonReset = 3 * time.Second
	// minResent is how many repetitions without an answer show that nothing comes through.
	minResent = 2
)

// IdleEnds are those connections, in order. They are found once a run. They are the finding of fw.idle_timeout, not of tcp.rst.app.
func (in *Input) IdleEnds() []*IdleEnd {
	if in.idleEnds != nil {
		return in.idleEnds
	}
	in.idleEnds, in.idle = []*IdleEnd{}, map[*flow.Conversation]bool{}
	for c := range in.Conversations.With(flow.Reset | flow.Troubled) {
		if c.TCP == nil || !c.TCP.Established || c.TCP.FirstFIN >= 0 {
			continue // who closes with FIN has a time limit of its own
		}
		if e := in.idleEnd(c); e != nil {
			in.idleEnds, in.idle[c] = append(in.idleEnds, e), true
		}
	}
	return in.idleEnds
}

// DiedIdle reports whether a connection is one of those.
func (in *Input) DiedIdle(c *flow.Conversation) bool {
	in.IdleEnds()
	return in.idle[c]
}

func (in *Input) idleEnd(c *flow.Conversation) *IdleEnd {
	t := c.TCP
	e := &IdleEnd{Conv: c, By: 1 - t.RSTBy, Reset: true, End: t.RST}
	if !t.RST.Seen() || c.Dir[t.RSTBy].Retransmissions > 0 { // nothing, or who gave up
		e.Reset, e.By = false, sender(c)
		if e.By < 0 {
			return nil
		}
		e.End = t.Sides[e.By].LastNew
	}
	own, other := &t.Sides[e.By], &t.Sides[1-e.By]
	e.To = own.LastNew
	if !e.Reset {
		e.To = in.firstRepeated(c, e.By)
	}
	if !e.To.Seen() || t.Undelivered(e.By) == 0 || other.LastData.Pos.Number > e.To.Pos.Number {
		return nil
	}
	e.From = other.LastData
	if !e.From.Seen() {
		e.From = t.SYNACK
	}
	in.byRequests(e)
	if d, ok := in.Elapsed(e.From, e.To); !e.From.Seen() || !ok || d < leastIdle {
		return nil
	}
	wait, ok := in.Elapsed(e.To, e.End)
	if !ok || e.Reset && wait > soonReset {
		return nil
	}
	if end, ok := in.Elapsed(e.To, in.End(c.Source)); !e.Reset && (!ok || end < minSilence) {
		return nil
	}
	return e
}

// sender is the side whose last data was repeated and never acknowledged, -1 for none.
func sender(c *flow.Conversation) int {
	for i := range c.Dir {
		if c.TCP.Undelivered(i) > 0 && c.Dir[i].Retransmissions >= minResent && c.TCP.Sides[i].LastNew.Pos.Number > c.TCP.Sides[1-i].LastData.Pos.Number {
			return i
		}
	}
	return -1
}

// firstRepeated is the first repetition of data of a side that has not been acknowledged since: what it repeats was sent a time-out earlier.
func (in *Input) firstRepeated(c *flow.Conversation, side int) flow.Moment {
	first := c.TCP.Sides[side].LastNew
	if c.Dir[side].Trouble == nil {
		return first
	}
	for _, v := range c.Dir[side].Trouble.Verdicts {
		if v.Kind&flow.Resent != 0 && v.First.Pos.Number > c.TCP.Sides[1-side].LastData.Pos.Number && v.First.Pos.Number < first.Pos.Number {
			first = v.First
		}
	}
	return first
}

// byRequests takes the pause from the requests of the connection, where there are: from the last answer to the question that got none.
func (in *Input) byRequests(e *IdleEnd) {
	list := in.requestsOf(e.Conv)
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		if r.Dir != e.By || r.First.Seen() || r.Asked.Number > e.End.Pos.Number || r.Asked.Number <= e.From.Pos.Number {
			continue
		}
		pos := func(m request.Mark) flow.Moment {
			return flow.Moment{Pos: trace.Pos{Source: e.Conv.Source, Number: m.Number}, Time: m.Time}
		}
		e.To, e.Exact = pos(r.Asked), true
		for _, before := range list[:i] {
			for _, m := range [...]request.Mark{before.Sent, before.Last} {
				if m.Number > e.From.Pos.Number && m.Number < r.Asked.Number {
					e.From = pos(m)
				}
			}
		}
		return
	}
}

// requestsOf are the requests of a conversation, in the order of their questions.
func (in *Input) requestsOf(c *flow.Conversation) []*request.Request {
	if in.byConv == nil {
		in.byConv = map[int][]*request.Request{}
		for i := range in.Requests {
			q := &in.Requests[i]
			in.byConv[q.Conv] = append(in.byConv[q.Conv], q)
		}
	}
	return in.byConv[c.ID]
}

// A Server is an endpoint of a source.
type Server struct {
	Source int
	Addr   netip.Addr
}

// Survived are the longest pauses between two requests of a connection to each server after which the second was answered.
func (in *Input) Survived() map[Server]time.Duration {
	out := map[Server]time.Duration{}
	for _, t := range in.Talks() {
		k := Server{t.Source, t.Server.Addr()}
		last := map[int]int64{} // by conversation, of the last answer
		for _, r := range t.Requests {
			if !r.First.Seen() {
				continue
			}
			if at, ok := last[r.Conv]; ok && r.Asked.Time > at {
				out[k] = max(out[k], time.Duration(r.Asked.Time-at))
			}
			last[r.Conv] = max(last[r.Conv], cmp.Or(r.Last.Time, r.First.Time))
		}
	}
	return out
}
