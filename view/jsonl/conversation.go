package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
)

// A Conversation is one instance of a connection or of a pair of talking endpoints.
type Conversation struct {
	head
	ID              int      `json:"id" doc:"number of the conversation, as 'convs' and 'timeline --conv' have it"`
	Source          int      `json:"source" doc:"index of the source that saw it"`
	Proto           string   `json:"proto" doc:"'TCP', 'UDP', 'SCTP', or the network protocol"`
	Stream          *int     `json:"stream,omitempty" doc:"Wireshark's tcp.stream or udp.stream in this source"`
	A               End      `json:"a" doc:"the client when 'opened', else the sender of the first packet"`
	B               End      `json:"b" doc:"the other end"`
	Opened          bool     `json:"opened" doc:"true when the handshake was seen, so that 'a' is the client"`
	Process         *Process `json:"process,omitempty" doc:"owner on the recording host"`
	OwnerJoin       string   `json:"owner_join,omitempty" doc:"how sure the owner is: 'key', 'derived', 'nesting', 'file', 'order'"`
	First           *Place   `json:"first,omitempty" doc:"first record"`
	Last            *Place   `json:"last,omitempty" doc:"last record"`
	Time            string   `json:"time,omitempty" doc:"of the first record"`
	DurationNS      *int64   `json:"duration_ns,omitempty" doc:"from first to last"`
	RTTNS           *int64   `json:"rtt_ns,omitempty" doc:"from SYN to the last ACK of the handshake, when the SYN was sent once"`
	Packets         int64    `json:"packets" doc:"of both ends, each packet once however often it was seen"`
	Bytes           int64    `json:"bytes" doc:"frame bytes of both ends"`
	Retransmissions int64    `json:"retransmissions" doc:"of both ends"`
	TCP             *TCP     `json:"tcp,omitempty" doc:"life of a TCP connection"`
	End             string   `json:"end,omitempty" doc:"how it ended: 'client FIN', 'server RST', 'refused', 'no answer', 'dropped' (seen in reports of drops only), 'open'"`
}

// An End is one side of a conversation and what it sent.
type End struct {
	Address         string `json:"address" doc:"address and port"`
	Packets         int64  `json:"packets" doc:"packets sent"`
	Segments        int64  `json:"segments,omitempty" doc:"packets that the wire carried for them, where some were larger than a segment: segmentation or receive offload"`
	Bytes           int64  `json:"bytes" doc:"frame bytes sent"`
	Payload         int64  `json:"payload" doc:"bytes of transport payload sent"`
	Sightings       int64  `json:"sightings,omitempty" doc:"records that show one of the packets again, at another place of the stack or of the network"`
	Dropped         int64  `json:"dropped,omitempty" doc:"packets that the host says it dropped; among packets only when they were also seen otherwise"`
	Retransmissions int64  `json:"retransmissions" doc:"segments that carry only what was sent before"`
	OutOfOrder      int64  `json:"out_of_order" doc:"segments out of order"`
	Gaps            int64  `json:"gaps" doc:"times that the sequence numbers jumped ahead of what was captured"`
	DupAcks         int64  `json:"dup_acks" doc:"repeated acknowledgements"`
	ZeroWindows     int64  `json:"zero_windows" doc:"windows of zero advertised"`
	ISN             *int64 `json:"isn,omitempty" doc:"initial sequence number, when seen"`
	MSS             int    `json:"mss,omitempty" doc:"of the SYN"`
	WindowScale     *int   `json:"window_scale,omitempty" doc:"exponent of the SYN's option, when seen"`
	Window          *int64 `json:"window,omitempty" doc:"last window advertised, in bytes, after scaling"`
	LastData        *Place `json:"last_data,omitempty" doc:"last segment with payload"`
	FIN             *Place `json:"fin,omitempty" doc:"the FIN of this end"`
}

// TCP is the life of a TCP connection.
type TCP struct {
	SYN          *Place `json:"syn,omitempty" doc:"first SYN"`
	SYNACK       *Place `json:"syn_ack,omitempty" doc:"first SYN/ACK"`
	HandshakeACK *Place `json:"handshake_ack,omitempty" doc:"the ACK that ends the handshake"`
	SYNs         int    `json:"syns" doc:"SYN segments sent"`
	Established  bool   `json:"established" doc:"true when the handshake was complete or data flowed both ways"`
	Refused      bool   `json:"refused" doc:"true when the SYN was answered by RST"`
	RST          *Place `json:"rst,omitempty" doc:"first reset"`
	RSTs         int64  `json:"rsts" doc:"number of resets"`
	ClosedFirst  string `json:"closed_first,omitempty" doc:"end that sent the first FIN: 'a' or 'b'"`
}

// Conversations writes the conversations of a case.
func Conversations(w io.Writer, c *engine.Case) error {
	e := newEncoder(w, c)
	e.conversations()
	return e.err
}

func (e *encoder) conversations() {
	for conv := range e.c.Conversations.All() {
		e.put(e.conversation(conv))
	}
}

func (e *encoder) conversation(conv *flow.Conversation) Conversation {
	m := view.MeasureOf(e.c, conv)
	out := Conversation{
		head: kind("conversation"), ID: conv.ID, Source: conv.Source, Proto: view.ProtoName(conv.Proto), Opened: conv.Opened,
		A: e.end(conv, 0), B: e.end(conv, 1), Process: process(m.Process), First: placeOf(conv.First), Last: placeOf(conv.Last),
		Time: e.time(conv.First), DurationNS: e.between(conv.First, conv.Last), Packets: m.Packets, Bytes: m.Bytes,
		Retransmissions: m.Retransmissions, End: m.End,
	}
	if conv.Stream >= 0 {
		out.Stream = &conv.Stream
	}
	if m.Process != nil {
		out.OwnerJoin = string(m.Kind)
	}
	if m.HasRTT {
		out.RTTNS = &m.RTT
	}
	if t := conv.TCP; t != nil {
		out.TCP = &TCP{
			SYN: placeOf(t.SYN), SYNACK: placeOf(t.SYNACK), HandshakeACK: placeOf(t.HandshakeACK), SYNs: t.SYNs,
			Established: t.Established, Refused: t.Refused, RST: placeOf(t.RST), RSTs: t.RSTs,
		}
		if t.FirstFIN >= 0 {
			out.TCP.ClosedFirst = string(rune('a' + t.FirstFIN))
		}
	}
	return out
}

func (e *encoder) end(conv *flow.Conversation, i int) End {
	d := &conv.Dir[i]
	out := End{
		Address: view.Endpoint(conv.Ends[i], conv.Proto), Packets: d.Packets, Bytes: d.Bytes, Payload: d.Payload, Sightings: d.Sightings, Dropped: d.Dropped,
		Retransmissions: d.Retransmissions, OutOfOrder: d.OutOfOrder, Gaps: d.Gaps, DupAcks: d.DupAcks, ZeroWindows: d.ZeroWindows,
	}
	if n := d.Segments(); n != d.Packets {
		out.Segments = n
	}
	if conv.TCP == nil {
		return out
	}
	side := &conv.TCP.Sides[i]
	if side.ISNKnown {
		isn := int64(side.ISN)
		out.ISN = &isn
	}
	if side.ScaleKnown && side.Scale >= 0 {
		out.WindowScale = &side.Scale
	}
	if d.Packets > 0 {
		window := int64(side.Window)
		out.Window = &window
	}
	out.MSS, out.LastData, out.FIN = side.MSS, placeOf(side.LastData), placeOf(side.FIN)
	return out
}
