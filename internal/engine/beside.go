package engine

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// A pair is two endpoints in the order given.
type pair struct{ local, remote netip.AddrPort }

// A use is a conversation of a pair, as the events of another source need it.
type use struct {
	id          int
	first, last int64
}

// maxBeside bounds the uses of one pair of endpoints that are told apart: a port is used again after minutes.
const maxBeside = 256

// joinBeside gives conversations that nobody owns the process that a source
// beside the capture names: a Process Monitor log has no packets, and the
// endpoints of its network events are those of the packets. The calls of such
// a log are joined with the requests that they made.
func (c *Case) joinBeside() {
	c.FileIO = fileio.Join(c.Session.Operations, c.Requests.Requests)
	if len(c.Session.Claims) == 0 {
		return
	}
	claims := map[pair][]*session.Claim{}
	for _, cl := range c.Session.Claims {
		if k := (pair{cl.Local, cl.Remote}); len(claims[k]) < maxBeside {
			claims[k] = append(claims[k], cl)
		}
	}
	c.claimed = map[pair][]use{}
	for conv := range c.Conversations.All() {
		for _, k := range [...]pair{{conv.Ends[0], conv.Ends[1]}, {conv.Ends[1], conv.Ends[0]}} {
			c.joinPair(conv, k, claims[k])
		}
	}
}

// joinPair looks for the claims of a conversation among those of its endpoints.
func (c *Case) joinPair(conv *flow.Conversation, k pair, claims []*session.Claim) {
	told := false
	for _, cl := range claims {
		side, ok := cl.Covers(conv)
		if ok && c.own(conv, cl, side) && !told && len(c.claimed[k]) < maxBeside {
			c.claimed[k] = append(c.claimed[k], use{conv.ID, conv.First.Time, conv.Last.Time})
			told = true
		}
	}
}

// own gives the conversation the process of the claim, unless it has an owner that its own source knows.
func (c *Case) own(conv *flow.Conversation, cl *session.Claim, side int) bool {
	if conv.Source == cl.Source {
		return false
	}
	e := c.Session.Endpoints[conv.ID]
	switch {
	case e == nil:
		c.Session.Endpoints[conv.ID] = &session.Endpoint{Conv: conv, Side: side, Process: cl.Process, Kind: session.ByTuple}
	case e.Process == nil:
		e.Process, e.Side, e.Kind = cl.Process, side, session.ByTuple
	default:
		return e.Process == cl.Process
	}
	c.Session.Joins = append(c.Session.Joins, session.Join{
		What: "4-tuple -> process", From: cl.Local.String() + " - " + cl.Remote.String(), To: fmt.Sprintf("pid %d %s", cl.Process.PID, cl.Process.Name),
		Kind: session.ByTuple, Where: []flow.Moment{cl.First}, Evidence: "equal endpoints at the same time, in another file",
	})
	return true
}

// beside is the conversation that an event of another source is about, nil when none is known.
func (c *Case) beside(row *Row) *flow.Conversation {
	if len(c.claimed) == 0 || row.Event == nil || row.Record.Event == nil || row.Record.Event.Header != trace.HeaderProcmon {
		return nil
	}
	for _, u := range c.claimed[pair{row.Event.Addr("LocalAddress"), row.Event.Addr("RemoteAddress")}] {
		if session.Near(u.first, u.last, row.Record.Time, row.Record.Time) {
			return c.Conversations.At(u.id)
		}
	}
	return nil
}
