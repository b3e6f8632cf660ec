// Package tcp decodes TCP segments (RFC 9293).
package tcp

import "encoding/binary"

// Flags are the control bits of RFC 9293, 3.1, with AE (RFC 9768) as bit 8.
type Flags uint16

const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// Header is a TCP header as the wire has it. Numbers are in host order.
type Header struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            Flags
	Window           uint16 // as sent, before scaling
	Checksum         uint16
	Urgent           uint16
	Len              int    // length of the header in bytes, options included
	Options          []byte // aliases the packet
}

// MinLen is the length of a header without options, in bytes.
const MinLen = 20

// Decode reads the header at the start of b, which must hold MinLen bytes.
// Options are cut to what b holds; Len is what the header says.
func (h *Header) Decode(b []byte) {
	_ = b[MinLen-1]
	h.SrcPort, h.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	h.Seq, h.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	h.Len = int(b[12]>>4) * 4
	h.Flags = Flags(b[12]&1)<<8 | Flags(b[13])
	h.Window, h.Checksum, h.Urgent = binary.BigEndian.Uint16(b[14:]), binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])
	h.Options = nil
	if h.Len > MinLen {
		h.Options = b[MinLen:min(h.Len, len(b))]
	}
}
