package flow

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the values that follow from the packets before: what a single
// packet does not say. The names are Wireshark's.
func Fields() []field.Of[Sighting] { return fields[:] }

var fields = [...]field.Of[Sighting]{
	{Name: "tcp.stream", Title: "Stream index", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return s.streamField(proto.TCP) }},
	{Name: "tcp.seq", Title: "Sequence Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.RelSeq)), s.TCP }},
	{Name: "tcp.nxtseq", Title: "Next Sequence Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.NextSeq)), s.TCP }},
	{Name: "tcp.ack", Title: "Acknowledgment Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.RelAck)), s.TCP }},
	{Name: "tcp.window_size", Title: "Calculated window size", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.Window)), s.TCP }},
	{Name: "udp.stream", Title: "Stream index", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return s.streamField(proto.UDP) }},
}

func (s *Sighting) streamField(id proto.ID) (field.Value, bool) {
	n, ok := s.Stream(id)
	return field.U(uint64(n)), ok
}
