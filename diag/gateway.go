package diag

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// A Fault is what happened on a connection behind a gateway.
type Fault uint8

const (
	Refuses  Fault = iota + 1 // the connection was refused
	Rejected                  // an ICMP error came
	Silent                    // no answer to the SYN
	Resets                    // the connection was reset
	Closes                    // the connection was closed, the request without an answer
	Thinks                    // the request had no answer yet
)

// A Behind is an answer of a gateway of HTTP that says that it got none itself (502, 503, 504), with what went wrong at the server that it asked.
type Behind struct {
	Ask
	Conv  *flow.Conversation // of the gateway with the server behind it
	Fault Fault
	At    flow.Moment
	Same  bool // the gateway asked for the same
}

// BehindGateways are those answers, in order. Those whose connection behind the gateway is not in the capture are none. They are found once a run:
// they are the findings of http.gw, not of http.errors and app.server_time.
func (in *Input) BehindGateways() []Behind {
	if in.behind == nil {
		in.behind, in.isBehind = in.behindGateways(in.Asks(proto.HTTP)), map[*request.Request]bool{}
		for _, b := range in.behind {
			in.isBehind[b.Request] = true
		}
		if in.behind == nil {
			in.behind = []Behind{}
		}
	}
	return in.behind
}

// IsBehind reports whether the answer to a request is one of those.
func (in *Input) IsBehind(r *request.Request) bool {
	in.BehindGateways()
	return in.isBehind[r]
}

func (in *Input) behindGateways(all []Ask) (out []Behind) {
	type host struct {
		source int
		addr   netip.Addr
	}
	gateways := map[host][]*flow.Conversation{}
	for _, a := range all {
		if gatewayError(a) {
			gateways[host{a.Talk.Source, a.Talk.Server.Addr()}] = nil
		}
	}
	if len(gateways) == 0 {
		return nil
	}
	for c := range in.Conversations.Between(func(source int, client, _ netip.Addr) bool { _, is := gateways[host{source, client}]; return is }) {
		if c.TCP != nil && c.Opened {
			k := host{c.Source, c.Ends[0].Addr()}
			gateways[k] = append(gateways[k], c)
		}
	}
	asked := map[int][]Ask{} // by conversation
	for _, a := range all {
		asked[a.Conv] = append(asked[a.Conv], a)
	}
	for _, a := range all {
		if !gatewayError(a) {
			continue
		}
		if b, found := lookBehind(a, gateways[host{a.Talk.Source, a.Talk.Server.Addr()}], asked); found {
			out = append(out, b)
		}
	}
	return out
}

func gatewayError(a Ask) bool {
	return a.Answered() && (a.Code == http.StatusBadGateway || a.Code == http.StatusServiceUnavailable || a.Code == http.StatusGatewayTimeout)
}

// lookBehind finds the connection of the gateway that failed while the request was open: one that asked for the same first, then the last one.
func lookBehind(a Ask, list []*flow.Conversation, asked map[int][]Ask) (best Behind, found bool) {
	for _, c := range list {
		b := Behind{Ask: a, Conv: c}
		for _, up := range asked[c.ID] {
			if up.Asked.Number < a.Asked.Number || up.Asked.Number > a.First.Number || up.First.Seen() && up.First.Number < a.First.Number {
				continue
			}
			b.Fault, b.At, b.Same = Thinks, a.Talk.Moment(up.Asked), asksFor(up) == asksFor(a)
		}
		b.ended()
		if b.Fault == 0 || found && best.Same && !b.Same {
			continue
		}
		if !found || b.Same != best.Same || b.At.Pos.Number > best.At.Pos.Number {
			best, found = b, true
		}
	}
	return best, found
}

// ended looks at how the connection itself failed while the request was open.
func (b *Behind) ended() {
	t, open := b.Conv.TCP, func(m flow.Moment) bool {
		return m.Seen() && m.Pos.Number > b.Asked.Number && m.Pos.Number < b.First.Number
	}
	switch {
	case b.Conv.ICMP != nil && open(b.Conv.ICMP.At) && !t.Established:
		b.Fault, b.At = Rejected, b.Conv.ICMP.At
	case t.Refused && open(t.RST):
		b.Fault, b.At = Refuses, t.RST
	case open(t.SYN) && !t.SYNACK.Seen() && b.Conv.Dir[1].Packets == 0:
		b.Fault, b.At = Silent, t.SYN
	case b.Fault == Thinks && open(t.RST) && t.RSTBy == 1:
		b.Fault, b.At = Resets, t.RST
	case b.Fault == Thinks && open(t.Sides[1].FIN):
		b.Fault, b.At = Closes, t.Sides[1].FIN
	}
}

// asksFor is what is asked for, without the host: a gateway may give another one.
func asksFor(a Ask) string {
	if i := strings.IndexByte(a.Name, '/'); i >= 0 {
		return a.Command + a.Name[i:]
	}
	return a.Command + a.Name
}
