package diag

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Talk is what one address asked one endpoint in one protocol, over all of its conversations with it.
type Talk struct {
	Source        int
	Client        netip.Addr
	Server        netip.AddrPort
	Protocol      proto.ID
	Conversations []*flow.Conversation // in order of the first request
	Requests      []*request.Request   // in order of the first bytes of the questions
	dirs          []int                // who asks, of each conversation
}

type talkKey struct {
	source   int
	client   netip.Addr
	server   netip.AddrPort
	protocol proto.ID
}

// Talks are the requests by who asks whom, in order of the first request. They are put together once a run.
func (in *Input) Talks() []*Talk {
	if in.talks != nil || len(in.Requests) == 0 {
		return in.talks
	}
	type place struct {
		conv, dir int
		protocol  proto.ID
	}
	byPlace, byKey := map[place]*Talk{}, map[talkKey]*Talk{}
	for i := range in.Requests {
		r := &in.Requests[i]
		at := place{r.Conv, r.Dir, r.Protocol}
		t := byPlace[at]
		if t == nil {
			c := in.Conversations.At(r.Conv)
			k := talkKey{c.Source, c.Ends[r.Dir].Addr(), c.Ends[1-r.Dir], r.Protocol}
			if t = byKey[k]; t == nil {
				t = &Talk{Source: c.Source, Client: k.client, Server: k.server, Protocol: k.protocol}
				byKey[k] = t
				in.talks = append(in.talks, t)
			}
			byPlace[at] = t
			t.Conversations, t.dirs = append(t.Conversations, c), append(t.dirs, r.Dir)
		}
		t.Requests = append(t.Requests, r)
	}
	return in.talks
}

// RoundTrip is how long the network takes from the place of the capture to the
// server and back, and to the client and back, as the fastest of the talk's
// connections has it. It is not ok without a connection of TCP that tells.
func (t *Talk) RoundTrip() (server, client time.Duration, ok bool) {
	for i, c := range t.Conversations {
		s, cl, known := roundTrip(c, t.dirs[i])
		if !known {
			continue
		}
		if !ok || s+cl < int64(server+client) {
			server, client, ok = time.Duration(s), time.Duration(cl), true
		}
	}
	return server, client, ok
}

// roundTrip is that of one connection: of the handshake, else the least that an acknowledgement took.
func roundTrip(c *flow.Conversation, asks int) (server, client int64, ok bool) {
	if c.TCP == nil {
		return 0, 0, false
	}
	if server, client, ok = c.TCP.RTT(); ok {
		if asks == 1 { // the side that was connected to asks
			server, client = client, server
		}
		return server, client, true
	}
	toServer, toClient := &c.Dir[asks].AckRTT, &c.Dir[1-asks].AckRTT
	if toServer.N == 0 || toClient.N == 0 {
		return 0, 0, false
	}
	return toServer.Min, toClient.Min, true
}

// Pos is the place of a mark of the talk's requests.
func (t *Talk) Pos(m request.Mark) trace.Pos { return trace.Pos{Source: t.Source, Number: m.Number} }

// Moment is a mark of the talk's requests.
func (t *Talk) Moment(m request.Mark) flow.Moment {
	return flow.Moment{Pos: t.Pos(m), Time: m.Time}
}

// A Spell is a stretch of a talk without a long pause: one operation of the user, as far as the network can tell.
type Spell struct {
	Talk     *Talk
	Requests []*request.Request
	request.Measure
}

// idle is a pause that ends a spell: nobody waits for a program that does nothing for so long.
const idle = int64(time.Second)

// Spells cuts a talk at its long pauses. Requests that wait for something to happen, and those without an answer, are left out.
func (t *Talk) Spells() (out []Spell) {
	var list []*request.Request
	end := int64(0)
	flush := func() {
		if len(list) > 0 {
			out = append(out, Spell{t, list, request.MeasureOf(list)})
		}
		list = nil
	}
	for _, r := range t.Requests {
		if r.Waits || !r.Answered() || r.Asked.Time == trace.NoTime {
			continue
		}
		if len(list) > 0 && r.Asked.Time-end > idle {
			flush()
		}
		if len(list) == 0 {
			end = r.Last.Time
		}
		list, end = append(list, r), max(end, r.Last.Time)
	}
	flush()
	return out
}

// Rounds counts how often a question was asked while none was open: the client waited for an answer each time before it asked on.
func (s *Spell) Rounds() (n int) {
	end := int64(-1)
	for _, r := range s.Requests {
		if r.Asked.Time >= end {
			n++
		}
		end = max(end, r.Last.Time)
	}
	return n
}

// Repairs bounds the time that the transport lost on the conversations of the talk: repeated segments, closed
// windows, small segments that were held back. Where in the talk that was is not known.
func (t *Talk) Repairs() (ns time.Duration) {
	for _, c := range t.Conversations {
		if c.TCP == nil {
			continue
		}
		server, client, _ := c.TCP.RTT()
		for i := range c.Dir {
			d := &c.Dir[i]
			if h := d.Held; h != nil {
				ns += time.Duration(h.Total)
			}
			if d.Trouble == nil {
				continue
			}
			ns += time.Duration(d.Trouble.Stalled)
			for _, v := range d.Trouble.Verdicts {
				switch {
				case v.Kind == flow.Retransmission:
					ns += time.Duration(v.Count * v.Size)
				case v.Kind&flow.Resent != 0:
					ns += time.Duration(v.Count * (server + client))
				}
			}
		}
	}
	return ns
}

// Slowest are the requests that took longest to their first byte, at most n of them, the slowest first.
func (s *Spell) Slowest(n int) []*request.Request {
	list := slices.Clone(s.Requests)
	slices.SortStableFunc(list, func(a, b *request.Request) int {
		x, _ := a.Service()
		y, _ := b.Service()
		return cmp.Compare(y, x)
	})
	return list[:min(n, len(list))]
}
