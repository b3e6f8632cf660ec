// Package ipv6 decodes IPv6 headers and extension headers (RFC 8200).
package ipv6

import "encoding/binary"

// HeaderLen is the length of the fixed header in bytes.
const HeaderLen = 40

// Header is the fixed IPv6 header as the wire has it. Numbers are in host order.
type Header struct {
	TrafficClass uint8
	FlowLabel    uint32
	PayloadLen   int // as written: 0 for jumbograms and for what segmentation offload left open
	Next         uint8
	HopLimit     uint8
	Src, Dst     [16]byte
}

// Decode reads the fixed header from the first bytes of b and reports whether they are there.
func (h *Header) Decode(b []byte) bool {
	if len(b) < HeaderLen {
		return false
	}
	first := binary.BigEndian.Uint32(b)
	h.TrafficClass = uint8(first >> 20)
	h.FlowLabel = first & 0xfffff
	h.PayloadLen = int(binary.BigEndian.Uint16(b[4:]))
	h.Next = b[6]
	h.HopLimit = b[7]
	h.Src = [16]byte(b[8:24])
	h.Dst = [16]byte(b[24:40])
	return true
}

// Jumbo finds the jumbo payload length (RFC 2675) among the options of a
// hop-by-hop header: option type 0xc2, four bytes of length.
func Jumbo(options []byte) (int64, bool) {
	for len(options) > 0 {
		if options[0] == 0 { // Pad1
			options = options[1:]
			continue
		}
		if len(options) < 2 || int(options[1]) > len(options)-2 {
			return 0, false
		}
		if options[0] == 0xc2 && options[1] == 4 {
			return int64(binary.BigEndian.Uint32(options[2:])), true
		}
		options = options[2+int(options[1]):]
	}
	return 0, false
}
