// Package tcp decodes TCP segments (RFC 9293).
package tcp

import "encoding/binary"

// Flags are the control bits of RFC 9293, 3.1, with AE (RFC 9768) as bit 8 and the reserved bits above it.
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
	Reserved = 7 << 9 // bits without a meaning
)

// HeaderMin is the length of a header without options in bytes.
const HeaderMin = 20

// FlagsEnd is the number of bytes up to and including the flags: enough to follow a connection.
const FlagsEnd = 14

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

// Decode reads the fixed header and slices the options from the first bytes
// of b, a segment of which len(b) bytes were captured. It reports whether the
// fixed header is there; Len may then still be less than [HeaderMin] or more
// than the segment has, which only the caller can tell from a cut. Options
// are what was captured of them.
func (h *Header) Decode(b []byte) bool {
	if len(b) < HeaderMin {
		return false
	}
	f := (*[HeaderMin]byte)(b)
	h.SrcPort = binary.BigEndian.Uint16(f[0:])
	h.DstPort = binary.BigEndian.Uint16(f[2:])
	h.Seq = binary.BigEndian.Uint32(f[4:])
	h.Ack = binary.BigEndian.Uint32(f[8:])
	h.Len = int(f[12]>>4) * 4
	h.Flags = Flags(binary.BigEndian.Uint16(f[12:]) & 0xfff)
	h.Window = binary.BigEndian.Uint16(f[14:])
	h.Checksum = binary.BigEndian.Uint16(f[16:])
	h.Urgent = binary.BigEndian.Uint16(f[18:])
	var options []byte
	if h.Len > HeaderMin {
		options = b[HeaderMin:min(h.Len, len(b))]
	}
	h.Options = options
	return true
}
