// Package tcp decodes TCP segments (RFC 9293).
package tcp

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
