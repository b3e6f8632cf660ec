package ssrp

import (
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto"
)

// Datagram pairs queries with their responses, which come in order. Who broadcasts a query does not know who answers: that is no question to one server.
var Datagram = proto.Datagram{ID: proto.SSRP, Turn: turn}

var queries = map[uint8]string{UnicastQuery: "CLNT_UCAST_EX", InstanceQuery: "CLNT_UCAST_INST", AdminQuery: "CLNT_UCAST_DAC"}

// PortTerm and AdminPortTerm are the terms of a response: the ports that it sends the client to.
const (
	PortTerm      = "ssrp.tcp.port"
	AdminPortTerm = "ssrp.dac.port"
)

func turn(b []byte, t *proto.Turn) bool {
	var m Message
	if !m.Decode(b) || m.Type == BroadcastQuery {
		return false
	}
	*t = proto.Turn{Kind: proto.Ask, Command: queries[m.Type], Name: strings.ToValidUTF8(string(m.Instance), "\uFFFD"), Offset: -1, Size: -1}
	if m.Type == Response {
		*t = proto.Turn{Kind: proto.Answer, Offset: -1, Size: int64(m.Size), Status: "SVR_RESP"}
		m.tell(t)
	}
	return true
}

// maxTold bounds the instances of a response that a turn tells of.
const maxTold = 64

// tell says which instances a response names, and at which ports they listen.
func (m *Message) tell(t *proto.Turn) {
	if m.Admin {
		t.Terms = []proto.Term{{Name: AdminPortTerm, Value: uint64(m.Port)}}
		return
	}
	var names []string
	p := Pairs{Data: m.Data}
	for len(names) < maxTold && len(t.Terms) < maxTold {
		key, value, _, _, ok := p.Next()
		if !ok {
			break
		}
		switch string(key) {
		case "InstanceName":
			names = append(names, strings.ToValidUTF8(string(value), "\uFFFD"))
		case "tcp":
			if n, err := strconv.ParseUint(string(value), 10, 16); err == nil && n > 0 {
				t.Terms = append(t.Terms, proto.Term{Name: PortTerm, Value: n})
			}
		}
	}
	t.Name = strings.Join(names, ", ")
}
