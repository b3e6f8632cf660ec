package ssrp

import "github.com/wiretale/wiretale/proto"

// Datagram pairs queries with their responses, which come in order. Who broadcasts a query does not know who answers: that is no question to one server.
var Datagram = proto.Datagram{ID: proto.SSRP, Turn: turn}

var queries = map[uint8]string{UnicastQuery: "CLNT_UCAST_EX", InstanceQuery: "CLNT_UCAST_INST", AdminQuery: "CLNT_UCAST_DAC"}

func turn(b []byte, t *proto.Turn) bool {
	var m Message
	if !m.Decode(b) || m.Type == BroadcastQuery {
		return false
	}
	*t = proto.Turn{Kind: proto.Ask, Command: queries[m.Type], Name: string(m.Instance), Offset: -1, Size: -1}
	if m.Type == Response {
		*t = proto.Turn{Kind: proto.Answer, Offset: -1, Size: int64(m.Size), Status: "SVR_RESP"}
	}
	return true
}
