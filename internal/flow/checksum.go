package flow

import (
	"encoding/binary"
	"math/bits"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// checksum verifies the TCP or UDP checksum. One that was left to the network
// card is recognised by its value: the sum of the pseudo header, not inverted,
// with the length (checksum offload) or without (segmentation offload).
func checksum(p *packet.Packet) packet.Checksum {
	at := 16
	switch {
	case p.Has(packet.Fragment):
		return packet.ChecksumUnknown
	case p.Transport == proto.TCP:
	case p.Transport == proto.UDP:
		at = 6
	default:
		return packet.ChecksumUnknown
	}
	i := transportLayer(p)
	if i < 0 {
		return packet.ChecksumUnknown
	}
	b := p.Bytes(i)
	if len(b) < at+2 {
		return packet.ChecksumUnknown
	}
	have := binary.BigEndian.Uint16(b[at:])
	if have == 0 && p.Transport == proto.UDP {
		return packet.ChecksumZero
	}
	length := int(p.Layers[i].Header) + p.PayloadLen
	pseudo := pseudoSum(p)
	whole := len(b) == length
	if whole && fold(sum(b)+pseudo+uint64(length)) == 0xffff {
		return packet.ChecksumGood
	}
	switch have {
	case fold(pseudo + uint64(length)):
		return packet.ChecksumPartial
	case fold(pseudo):
		return packet.ChecksumPartialLSO
	}
	if !whole {
		return packet.ChecksumUnknown
	}
	return packet.ChecksumBad
}

// transportLayer is the index of the transport's layer, -1 without.
func transportLayer(p *packet.Packet) int {
	for i := p.N - 1; i >= 0; i-- {
		if l := &p.Layers[i]; l.Proto == p.Transport && !l.Quoted {
			return i
		}
	}
	return -1
}

// pseudoSum adds addresses and protocol (RFC 9293, 3.1; RFC 8200, 8.1), the length left out.
func pseudoSum(p *packet.Packet) uint64 {
	n := uint64(17)
	if p.Transport == proto.TCP {
		n = 6
	}
	if p.Src.Is4() && p.Dst.Is4() {
		a, b := p.Src.As4(), p.Dst.As4()
		return n + uint64(binary.BigEndian.Uint32(a[:])) + uint64(binary.BigEndian.Uint32(b[:]))
	}
	a, b := p.Src.As16(), p.Dst.As16()
	return n + uint64(fold(sum(a[:]))) + uint64(fold(sum(b[:])))
}

// sum adds b as 16-bit words in one's complement (RFC 1071), eight bytes at a
// time: the carries of wide words fold down to those of narrow ones.
func sum(b []byte) uint64 {
	var s, carry uint64
	for len(b) >= 32 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[8:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[16:]), carry)
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	s = s>>32 + s&0xffffffff + carry
	for len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

// fold brings a sum down to 16 bits.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s)
}
