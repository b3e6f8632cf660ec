// Package flow puts packets into conversations: which connection instance a
// packet belongs to, in which direction it went, and what the TCP headers of
// both directions say together.
package flow

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Moment is a record that something happened in. Pos.Number is 0 when it did not happen.
type Moment struct {
	Pos  trace.Pos
	Time int64 // nanoseconds since 1970
}

// Seen reports whether the moment happened.
func (m Moment) Seen() bool { return m.Pos.Number != 0 }

// A Conversation is one instance of a connection or of a pair of talking
// endpoints. Port reuse (a new SYN with a new initial sequence number) starts
// a new instance.
type Conversation struct {
	// What every packet changes or reads comes first.
	Last   Moment
	Stream int  // Wireshark's tcp.stream or udp.stream number in this source, -1 for others
	TCP    *TCP // nil unless Proto == TCP
	// Interfaces has bit i set when a packet came from interface i of the source; bit 63 stands for all from 63 on.
	Interfaces uint64
	Opened     bool     // a SYN or SYN/ACK of this instance was captured: Ends[0] is the client
	Proto      proto.ID // TCP, UDP, SCTP, ICMP, ICMPv6, or the network protocol for anything else (IPv4, IPv6)
	// Dir[i] is what Ends[i] sent. The endpoints have ports of 0 without a transport. Ends[0] is
	// the side that opened the connection when Opened, else the sender of the first packet.
	Dir    [2]Direction
	Ends   [2]netip.AddrPort
	First  Moment
	ICMP   *ICMPError // nil when no ICMP error quoted the conversation
	Copies *Copies    // nil when no packet was recorded twice
	ID     int        // 0-based, in order of the first packet
	Source int        // index of the source that saw it

	order int64 // place in the source at which its pair was first named: numbers follow it
}

// Clone copies the conversation as it is at this moment.
func (c *Conversation) Clone() *Conversation {
	if c == nil {
		return nil
	}
	u := &unpacked{conv: *c}
	if c.TCP != nil {
		u.tcp = *c.TCP
		u.conv.TCP = &u.tcp
	}
	for i := range u.conv.Dir {
		d := &u.conv.Dir[i]
		d.EchoRTT, d.Queue, d.Trouble, d.Held = clone(d.EchoRTT), clone(d.Queue), clone(d.Trouble), clone(d.Held)
		if d.Held != nil {
			d.Held.Waits = slices.Clone(d.Held.Waits)
			if d.Held.Pauses = clone(d.Held.Pauses); d.Held.Pauses != nil {
				d.Held.Pauses.Waits = slices.Clone(d.Held.Pauses.Waits)
			}
		}
		if t := d.Trouble; t != nil {
			t.Verdicts = slices.Clone(t.Verdicts)
			t.Repairs, t.Closures, t.Retry, t.LongestRetry = clone(t.Repairs), clone(t.Closures), clone(t.Retry), clone(t.LongestRetry)
			t.Answers, t.Reanswers = clone(t.Answers), clone(t.Reanswers)
			if t.Repairs != nil {
				t.Repairs.Waits = slices.Clone(t.Repairs.Waits)
			}
			if t.Closures != nil {
				t.Closures.Waits = slices.Clone(t.Closures.Waits)
			}
			if m := clone(d.Trouble.Missing); m != nil {
				m.Examples = slices.Clone(m.Examples)
				d.Trouble.Missing = m
			}
		}
	}
	u.conv.ICMP, u.conv.Copies = clone(c.ICMP), clone(c.Copies)
	if u.conv.ICMP != nil {
		u.conv.ICMP.TooBig = clone(c.ICMP.TooBig)
	}
	if copies := u.conv.Copies; copies != nil {
		for i := range copies.Kinds {
			copies.Kinds[i].Examples = slices.Clone(copies.Kinds[i].Examples)
		}
	}
	return &u.conv
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// ICMPError is the first ICMP error that quotes a packet of a conversation.
type ICMPError struct {
	At         Moment
	Type, Code uint8
	From       netip.Addr // the router or host that sent it
	Dir        int        // whose packet it quotes
	Count      int64      // all ICMP errors that quote the conversation
	TooBig     *TooBig    // nil when none says that a packet was too big
}

// TooBig is the first ICMP error that names the size of packets that a link on the way takes (RFC 1191; RFC 8201).
type TooBig struct {
	At    Moment
	From  netip.Addr
	MTU   uint32 // bytes of an IP packet; 0 when the router does not say
	Dir   int    // whose packet it was
	Count int64
}

// A Direction is what one endpoint sent. All byte counts are of the wire, not of the capture.
type Direction struct {
	Packets int64 // records counted once; further sightings of the same packet are in Sightings
	Bytes   int64 // frame lengths
	Payload int64 // transport payload

	MaxInFlight uint32 // most bytes sent and not acknowledged, as seen here
	MaxPayload  uint32 // largest transport payload of one packet

	// Round trips of segments that this side sent: from the segment here to
	// its acknowledgement, and from a time stamp to its echo (nil without
	// one). Delay of the acknowledgement is in them, and repeated segments are not.
	AckRTT  Samples
	EchoRTT *Samples
	Queue   *Queue // nil while no round trip was long with much in flight

	Sightings  int64  // further sightings of packets (other layers, other interfaces)
	Dropped    int64  // packets that the host says it dropped; they count in Packets only when they were also seen otherwise
	LengthZero uint32 // packets whose length field was 0
	Oversized  uint32 // segments above the receiver's MSS, or IP packets above 1,500 bytes when it is unknown

	Retransmissions int64 // segments with a verdict of [Resent]
	OutOfOrder      int64
	Gaps            int64 // times that the sequence numbers jumped ahead of what was captured
	DupAcks         int64
	ZeroWindows     int64
	Trouble         *Trouble // nil while no segment had a verdict
	Held            *Held    // nil while no small segment was acknowledged late, and no application made a pause
	pieces          int64    // of oversized segments, beyond one each
}

// TCP is what both directions of a TCP connection say together. Index 0 and 1 are the ends of the conversation.
type TCP struct {
	Established      bool // handshake complete, or data flowed both ways
	SimultaneousOpen bool // both ends sent a SYN without ACK
	HalfClosed       bool // one side went on to send data after the other's FIN
	FastOpen         bool // an option of TCP Fast Open was seen (RFC 7413)
	Multipath        bool // an option of Multipath TCP was seen (RFC 8684)
	Completeness     Completeness
	RSTClass         ResetClass
	// Refused is true when the SYN was answered by RST.
	Refused bool
	Sides   [2]Side

	SYN, SYNACK, HandshakeACK Moment // first of each; the client is Ends[0]
	SYNs                      int    // SYN segments sent by the client with this initial sequence number
	LastSYN                   Moment
	// RST is the first reset; RSTBy is the side that sent it.
	RST     Moment
	RSTBy   int
	RSTAck  uint32 // what it acknowledged; valid iff RSTAcks
	RSTAcks bool   // it had the ACK flag
	RSTs    int64
	// FirstFIN is the side that closed first, -1 when none did.
	FirstFIN int
}

// ResetClass says where in the life of the connection the first reset came.
type ResetClass uint8

const (
	ResetNone       ResetClass = iota
	ResetRefused               // in answer to a SYN
	ResetInProgress            // while data was being exchanged or outstanding
	ResetAfterFIN              // after a FIN of either side: an impatient but complete close
	ResetAfterClose            // after both FINs
	ResetIdle                  // nothing outstanding in either direction
)

// Side is the sender state of one end of a TCP connection.
type Side struct {
	LastData   Moment // last segment with payload
	LastNew    Moment // last segment with payload that the other side had not acknowledged: no keep-alive
	NextSeq    uint32 // highest sequence number sent, plus 1
	AckSent    uint32 // highest acknowledgement this side sent
	FirstAck   uint32 // first acknowledgement this side sent; valid iff AckSent is not 0
	Window     uint32 // last window this side advertised, after scaling
	MSS        int    // 0 when no SYN of this side was captured or it had no option
	ISN        uint32
	ISNKnown   bool
	ScaleKnown bool
	SACK       bool
	Timestamps bool
	FINAcked   bool // the other side acknowledged the FIN
	LastAlert  bool // the last payload of this side was a TLS alert and nothing else: it takes leave
	Scale      int  // window scale of this side's SYN; -1 without one
	FIN        Moment
	FINNext    uint32 // sequence number after the FIN; valid iff FIN is seen
}
