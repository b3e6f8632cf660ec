// Package packet walks the layers of one captured frame, from its link type
// to the payload of its transport, into one reused [Packet].
//
// Decoded fields are what the wire said. What had to be inferred (a length
// where the wire says 0) is a separate field or method and says so.
package packet

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// MaxLayers bounds the layers of one packet; a frame that nests deeper is cut there and flagged TooDeep.
const MaxLayers = 40

// A Layer is one protocol layer of a packet. Off and End are byte offsets in
// the buffer the layer lies in: the record's Data, the reassembled datagram,
// or bytes of a stream that several segments carried.
type Layer struct {
	Proto     proto.ID
	Assembled bool  // in Packet.Assembled instead of Record.Data
	Quoted    bool  // inside the packet that an ICMP error quotes: does not count as traffic
	Again     bool  // one more unit of the protocol beside the layer before, not inside it: frame.protocols does not name it again
	Unit      uint8 // not 0: in Packet.Units[Unit-1].Bytes instead of Record.Data
	Note      uint8 // not 0: Packet.Notes[Note-1] says what the bytes of the layer do not tell
	Asked     uint8 // not 0: Packet.Asked[Asked-1] is the question that the layer answers
	Off       int32
	Header    int32 // length of the header in bytes, as far as it was captured
	End       int32 // end of what was captured of the layer, padding excluded
	Wire      int32 // end of the layer on the wire; beyond End when the capture cut it
}

// Flag is an oddity of a packet. Oddities are facts, not errors: decoding goes on.
type Flag uint32

const (
	Fragment         Flag = 1 << iota // an IP fragment whose datagram is not complete with this packet
	Reassembled                       // completes a fragmented datagram: the transport lies in Assembled
	Cut                               // the snap length cut the frame inside a header that was wanted
	Malformed                         // a header contradicts itself or the one around it: Err says how
	LengthZero                        // the IP or UDP length field is 0 and the length was taken from the frame
	LengthBeyond                      // the IP length field says more than the frame has on the wire
	Jumbo                             // the length comes from a jumbo payload option or exceeds 65,535
	TooDeep                           // more than MaxLayers layers
	Multicast                         // link or network destination is a group
	Trailing                          // bytes after the network layer: padding, FCS
	BadIPChecksum                     // IPv4 header checksum wrong (and not 0)
	TransportMissing                  // network layer decoded, transport header not captured whole
	Overlap                           // fragments of this datagram overlap with different bytes
	FragmentDropped                   // the fragment was not kept: too many, too large, or not captured whole
	PayloadUnknown                    // length field 0 in a frame short enough to be padded: the payload cannot be told from padding
)

// Checksum is the verdict on a transport checksum.
type Checksum uint8

const (
	ChecksumUnknown    Checksum = iota // cannot be verified: cut, fragment, or not computed
	ChecksumGood                       //
	ChecksumZero                       // UDP without checksum
	ChecksumPartial                    // pseudo-header sum with the length: left to the network card (checksum offload)
	ChecksumPartialLSO                 // pseudo-header sum without the length: left to segmentation offload
	ChecksumBad                        // anything else
)

// A Packet is one decoded frame. Decode reuses it; slices alias the record.
type Packet struct {
	Record *trace.Record
	Layers [MaxLayers]Layer
	N      int // number of layers
	Flags  Flag

	// The innermost network layer that is not quoted by an ICMP error, with
	// its transport. Src and Dst are invalid when there is no network layer.
	Src, Dst         netip.Addr
	IPProto          uint8  // protocol of the transport, after extension headers
	IPID             uint16 // IPv4 identification
	TTL              uint8
	DSCP             uint8
	DontFragment     bool
	Transport        proto.ID   // TCP, UDP, SCTP, ICMP, ICMPv6, IGMP, or None when there is none or its header was cut
	SrcPort, DstPort uint16     // valid iff Transport is TCP, UDP or SCTP
	TCP              tcp.Header // valid iff Transport == TCP; Options alias the record. A header cut after its flags (14 bytes) has zeros in the rest.

	// ICMPType and ICMPCode are valid iff Transport is ICMP or ICMPv6; ICMPID
	// and ICMPSeq are those of an echo request or reply, else 0.
	ICMPType, ICMPCode uint8
	ICMPID, ICMPSeq    uint16

	// What an ICMP error quotes: the packet that met the error, as its sender
	// sent it. QuotedSrc is invalid when nothing is quoted; the ports are valid
	// iff QuotedTransport is TCP, UDP or SCTP, QuotedSeq iff it is TCP.
	QuotedSrc, QuotedDst         netip.Addr
	QuotedIPProto                uint8
	QuotedTransport              proto.ID
	QuotedSrcPort, QuotedDstPort uint16
	QuotedSeq                    uint32

	// Payload is what was captured of the transport's payload; PayloadLen is
	// its length on the wire, derived from the IP length, or from the frame when that is 0.
	Payload    []byte
	PayloadLen int

	// VLAN is the innermost VLAN id, -1 without a tag. Tunnel is the number of enclosing network layers.
	VLAN   int
	Tunnel int

	// Assembled is the reassembled datagram when Flags has Reassembled (and,
	// behind it, one that was fragmented again inside a tunnel); it belongs to
	// the decoder and is valid until the next Decode.
	Assembled []byte

	// What package stream adds to a segment of TCP, and Asked to a datagram too. Units are the bytes of
	// messages that earlier segments began and this one completes, and what was opened of messages; Notes are
	// what the connection says of application layers. Asked are questions that layers answer. All are valid until the
	// next packet is given to the streams. Part is what is left of the segment for a message that goes on beyond it.
	Units []Unit
	Notes []field.Note
	Texts [][]string // beside each of the notes
	Asked []Asked
	Part  Part

	// Err is the first contradiction or cut that was met; nil for a packet that decoded to its end. It is reused.
	Err *trace.Error

	err       trace.Error // what Err points at
	transport int8        // index of the transport's layer, -1 without one
	network   int8        // index of the network layer that Src and Dst come from, -1 without one
}

// Asked is the record that a question ended with.
type Asked struct {
	Number, Time int64
}

// A Unit is bytes that layers lie in and that the record does not hold in one piece.
type Unit struct {
	Bytes  []byte
	Opened string // how they were got out of the message before them: "decrypted"; "" for those of a message that several segments carried
}

// A Part is the piece of a longer message that a segment carries to its end.
type Part struct {
	Proto  proto.ID // None when the segment ends with a message, or carries none
	Within proto.ID // what carries a message that goes on inside itself, None when TCP does
	// Head is what there is of the message from its first byte on, when the segment begins it or brings bytes that
	// might have told its length; nil for a segment from the middle of a message.
	Head  []byte
	Layer bool // the last layer of an application is no message but the piece
}

// Has reports whether all of the flags are set.
func (p *Packet) Has(f Flag) bool { return p.Flags&f == f }

// NetworkLayer is the index of the layer that Src and Dst come from, -1 without one.
func (p *Packet) NetworkLayer() int {
	if int(p.network) < p.N {
		return int(p.network)
	}
	return -1
}

// TransportLayer is the index of the transport's layer, -1 without one.
func (p *Packet) TransportLayer() int {
	if int(p.transport) < p.N {
		return int(p.transport)
	}
	return -1
}

// Clone copies p with its reassembled datagram and its record; the record's bytes stay shared.
func (p *Packet) Clone() *Packet {
	c := *p
	r := *p.Record
	c.Record = &r
	if c.Assembled = bytes.Clone(p.Assembled); p.transport >= 0 && p.Layers[p.transport].Assembled {
		l := &p.Layers[p.transport]
		c.Payload = c.Assembled[int(l.End)-len(p.Payload) : l.End]
		if n := int32(len(p.TCP.Options)); p.Transport == proto.TCP && n > 0 {
			c.TCP.Options = c.Assembled[l.Off+tcp.HeaderMin:][:n]
		}
	}
	if len(p.Units) > 0 {
		c.Units = make([]Unit, len(p.Units))
		for i, u := range p.Units {
			c.Units[i] = Unit{bytes.Clone(u.Bytes), u.Opened}
		}
	}
	c.Notes, c.Texts, c.Asked = slices.Clone(p.Notes), slices.Clone(p.Texts), slices.Clone(p.Asked)
	c.Part.Head = bytes.Clone(p.Part.Head)
	if p.Err != nil {
		c.Err = &c.err
	}
	return &c
}

// Bytes is what was captured of layer i, from its first byte to the end of the layer.
func (p *Packet) Bytes(i int) []byte {
	l := &p.Layers[i]
	switch {
	case l.Unit != 0:
		return p.Units[l.Unit-1].Bytes[l.Off:l.End]
	case l.Assembled:
		return p.Assembled[l.Off:l.End]
	}
	return p.Record.Data[l.Off:l.End]
}

// TextsOf are what the connection says of layer i in words; nil where it says nothing.
func (p *Packet) TextsOf(i int) []string {
	if n := p.Layers[i].Note; n != 0 && int(n) <= len(p.Texts) {
		return p.Texts[n-1]
	}
	return nil
}

// Told yields the values of a field of layer i that texts of the connection say.
func (p *Packet) Told(i int, f *field.Field, yield func(field.Value) bool) {
	texts := p.TextsOf(i)
	if texts == nil {
		return
	}
	note := p.NoteOf(i)
	f.Told(p.Bytes(i), &note, texts, yield)
}

// Mixed yields the values of a field of layer i that its bytes or texts of the connection say.
func (p *Packet) Mixed(i int, f *field.Field, yield func(field.Span, field.Value) bool) {
	note := p.NoteOf(i)
	f.Mixed(p.Bytes(i), &note, p.TextsOf(i), yield)
}

// NoteOf is what the connection says of layer i; all zero where it says nothing.
func (p *Packet) NoteOf(i int) field.Note {
	if n := p.Layers[i].Note; n != 0 {
		return p.Notes[n-1]
	}
	return field.Note{}
}
