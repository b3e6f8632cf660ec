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
	leastService  int64                // see least; 0 until it is asked for
	spells        []Spell              // see Spells; nil until they are asked for
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

// Way is RoundTrip, with a way to the server that is not longer than the fastest answer took: an answer cannot come sooner. Where nothing else tells, that is the way.
func (t *Talk) Way() (server, client time.Duration, ok bool) {
	server, client, ok = t.RoundTrip()
	if least := time.Duration(t.least()); !ok || server > least {
		server = least
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

// AtServer reports whether the capture was taken on the server itself: its time is seen directly.
func (t *Talk) AtServer(in *Input) bool {
	v := in.Vantage(t.Source)
	return v.Place == PlaceHost && v.At(t.Server.Addr())
}

// Pos is the place of a mark of the talk's requests.
func (t *Talk) Pos(m request.Mark) trace.Pos { return trace.Pos{Source: t.Source, Number: m.Number} }

// Moment is a mark of the talk's requests.
func (t *Talk) Moment(m request.Mark) flow.Moment {
	return flow.Moment{Pos: t.Pos(m), Time: m.Time}
}

// Filter is Wireshark's filter for the conversations of the talk.
func (t *Talk) Filter() string {
	return Streams(t.Conversations, AllOf(anyAddress(t.Client), EndpointFilter(t.Server, t.Conversations[0])))
}

// Alone reports whether the client did little else in the capture: a pause of the talk is then one of the client.
func (in *Input) Alone(t *Talk) bool {
	var all, own int64
	for _, h := range in.Hosts {
		if h.Source == t.Source && h.Addr == t.Client {
			all += h.Sent.Packets + h.Received.Packets
		}
	}
	for _, c := range t.Conversations {
		own += c.Dir[0].Packets + c.Dir[1].Packets
	}
	return own*10 >= all*8
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

// Idle is how much of the pauses the client had nothing open anywhere in the source, as far as its requests tell.
func (in *Input) Idle(t *Talk, pauses []request.Pause) (idle time.Duration) {
	var open [][2]int64
	for _, other := range in.Talks() {
		if other.Source != t.Source || other.Client != t.Client {
			continue
		}
		for _, r := range other.Requests {
			if !r.Waits && r.Answered() {
				open = append(open, [2]int64{r.Asked.Time, r.Last.Time})
			}
		}
	}
	slices.SortFunc(open, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	i, reached := 0, int64(-1<<63)
	for _, p := range pauses {
		at := p.From.Time
		for ; i < len(open) && open[i][0] < p.To.Time; i++ {
			if from := max(at, reached); open[i][0] > from {
				idle += time.Duration(open[i][0] - from)
			}
			reached = max(reached, open[i][1])
		}
		if from := max(at, reached); p.To.Time > from {
			idle += time.Duration(p.To.Time - from)
		}
	}
	return idle
}
