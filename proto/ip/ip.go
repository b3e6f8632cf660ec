// Package ip decodes IPv4 headers (RFC 791).
package ip

import "encoding/binary"

// HeaderMin is the length of a header without options in bytes.
const HeaderMin = 20

// Header is an IPv4 header as the wire has it. Numbers are in host order.
type Header struct {
	Len          int // length of the header in bytes, options included
	TotalLen     int // as written: 0 when segmentation offload left it to the network card
	TOS          uint8
	ID           uint16
	DontFragment bool
	MoreFrags    bool
	Offset       int // fragment offset in bytes
	TTL          uint8
	Protocol     uint8
	Checksum     uint16
	Src, Dst     [4]byte
}

// Decode reads the fixed header from the first bytes of b and reports whether
// they are there. Len and TotalLen are not checked.
func (h *Header) Decode(b []byte) bool {
	if len(b) < HeaderMin {
		return false
	}
	frag := binary.BigEndian.Uint16(b[6:])
	h.Len = int(b[0]&15) * 4
	h.TotalLen = int(binary.BigEndian.Uint16(b[2:]))
	h.TOS = b[1]
	h.ID = binary.BigEndian.Uint16(b[4:])
	h.DontFragment = frag&0x4000 != 0
	h.MoreFrags = frag&0x2000 != 0
	h.Offset = int(frag&0x1fff) * 8
	h.TTL = b[8]
	h.Protocol = b[9]
	h.Checksum = binary.BigEndian.Uint16(b[10:])
	h.Src = [4]byte(b[12:16])
	h.Dst = [4]byte(b[16:20])
	return true
}

// Sum is the one's complement sum of a header (a multiple of four bytes), checksum field included: 0xffff for a header that is right (RFC 1071).
func Sum(header []byte) uint16 {
	var sum uint64
	if len(header) >= HeaderMin { // most have no more
		be := binary.BigEndian
		a, b := be.Uint64(header), be.Uint64(header[8:])
		sum = a>>32 + a&0xffffffff + b>>32 + b&0xffffffff + uint64(be.Uint32(header[16:]))
		header = header[HeaderMin:]
	}
	for len(header) >= 4 { // every word of a header is whole: its length counts them
		sum += uint64(binary.BigEndian.Uint32(header))
		header = header[4:]
	}
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16&0xffff + sum&0xffff + sum>>32
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum)
}
