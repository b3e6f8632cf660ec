package packet

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"

	"github.com/wiretale/wiretale/proto"
)

// Checksum verifies the checksum of the transport, or of ICMP and IGMP. It
// sums the payload on each call: ask once for a packet.
//
// A card that computes checksums itself gets the sum of the pseudo header
// from the stack, with the length (checksum offload) or without it
// (segmentation offload): what the sender's own capture shows is then no error.
func (p *Packet) Checksum() Checksum {
	if p.transport < 0 || int(p.transport) >= p.N || p.network < 0 || p.Flags&(LengthBeyond|PayloadUnknown|Fragment) != 0 {
		return ChecksumUnknown
	}
	l := &p.Layers[p.transport]
	if l.End != l.Wire {
		return p.cutChecksum(l)
	}
	if p.Transport == proto.TCP && p.goodTCP4(l) {
		return ChecksumGood
	}
	b := p.Bytes(int(p.transport))
	switch p.Transport {
	case proto.TCP:
		return p.verify(b, 16)
	case proto.UDP:
		if be16(b[6:]) == 0 {
			return ChecksumZero
		}
		return p.verify(b, 6)
	case proto.ICMPv6:
		return p.verify(b, 2)
	case proto.ICMP, proto.IGMP:
		if fold(sum(0, b)) == 0xffff {
			return ChecksumGood
		}
		return ChecksumBad
	case proto.SCTP:
		return sctpChecksum(b)
	}
	return ChecksumUnknown
}

// goodTCP4 reports whether the checksum of a TCP segment right behind an IPv4 header is right, as most are.
func (p *Packet) goodTCP4(l *Layer) bool {
	n := &p.Layers[p.network]
	if n.Proto != proto.IPv4 || n.Assembled || l.Assembled || l.Off-n.Off < 20 {
		return false
	}
	b := p.Record.Data[n.Off:l.End]
	pair := binary.LittleEndian.Uint64(b[12:])
	b = b[l.Off-n.Off:]
	s := sum(swapped(int(p.IPProto))+swapped(len(b))+pair>>32+pair&0xffffffff, b)
	return (s>>32+s&0xffffffff)%0xffff == 0 // what folds to 0xffff; the sum is not 0, with a protocol in it
}

// GoodTCP reports whether the checksum of a TCP segment is right, whose bytes and those of
// the addresses right before them are b.
func GoodTCP(b []byte, segment int) bool {
	s := sum(swapped(protoTCP)+swapped(segment), b)
	return (s>>32+s&0xffffffff)%0xffff == 0 // as above
}

// cutChecksum is the verdict on a segment that was not captured whole: only
// a sum of the pseudo header can be told from the rest.
func (p *Packet) cutChecksum(l *Layer) Checksum {
	b := p.Bytes(int(p.transport))
	at := 16
	switch p.Transport {
	case proto.TCP:
	case proto.UDP:
		at = 6
	default:
		return ChecksumUnknown
	}
	if len(b) < at+2 {
		return ChecksumUnknown
	}
	if p.Transport == proto.UDP && be16(b[at:]) == 0 {
		return ChecksumZero
	}
	return p.partial(b[at:], int(l.Wire-l.Off), ChecksumUnknown)
}

// partial compares a checksum field with the sums that offload leaves.
func (p *Packet) partial(field []byte, length int, otherwise Checksum) Checksum {
	pseudo, ok := p.pseudoSum()
	have := binary.LittleEndian.Uint16(field)
	switch {
	case !ok:
		return otherwise
	case have == fold(pseudo+swapped(length)):
		return ChecksumPartial
	case have == fold(pseudo):
		return ChecksumPartialLSO
	}
	return otherwise
}

func (p *Packet) verify(b []byte, at int) Checksum {
	pseudo, ok := p.pseudoSum()
	if !ok {
		return ChecksumUnknown
	}
	if fold(sum(pseudo+swapped(len(b)), b)) == 0xffff {
		return ChecksumGood
	}
	return p.partial(b[at:], len(b), ChecksumBad)
}

// pseudoSum is the sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1)
// without the length, with room to add one. A routing header with segments
// left means that the destination of the sum is the last of its addresses.
func (p *Packet) pseudoSum() (uint64, bool) {
	l := &p.Layers[p.network]
	b := p.Bytes(int(p.network))
	protocol := swapped(int(p.IPProto))
	switch l.Proto {
	case proto.IPv4:
		if len(b) < 20 {
			return 0, false
		}
		pair := binary.LittleEndian.Uint64(b[12:])
		return protocol + pair>>32 + pair&0xffffffff, true
	case proto.IPv6:
		if len(b) < 40 {
			return 0, false
		}
		dst := b[24:40]
		for i := int(p.network) + 1; i < int(p.transport); i++ {
			if p.Layers[i].Proto == proto.IPv6Routing {
				final, ok := finalDestination(p.Bytes(i))
				if !ok {
					return 0, false
				}
				if final != nil {
					dst = final
					break
				}
			}
		}
		s := sum(sum(protocol, b[8:24]), dst)
		return s>>32 + s&0xffffffff, true
	}
	return 0, false
}

// finalDestination is the address that a routing header leads to, nil when the header was walked to its end.
func finalDestination(b []byte) ([]byte, bool) {
	if b[3] == 0 {
		return nil, true
	}
	n := 8 * (1 + int(b[1]))
	switch {
	case n < 24 || n > len(b):
		return nil, false
	case b[2] == 0 || b[2] == 2:
		return b[n-16 : n], true
	case b[2] == 4: // segment routing: the list is reversed (RFC 8754, 2)
		return b[8:24], true
	}
	return nil, false
}

// sum adds the 16-bit words of b with end-around carry. The words are added
// eight bytes at a time and in the order in which they lie in memory: the
// carries of wide words fold down to those of narrow ones, and words with
// their bytes swapped have the sum with its bytes swapped (RFC 1071, 2).
func sum(s uint64, b []byte) uint64 {
	le := binary.LittleEndian
	var c uint64
	if n := len(b); n >= 8 { // what does not fill a word are the last bytes of the word that ends with it
		s, c = bits.Add64(s, le.Uint64(b[n-8:])>>(64-8*(n&7)), 0)
		s += c
		b = b[:n&^7]
	}
	for len(b) >= 64 {
		s, c = bits.Add64(s, le.Uint64(b), 0)
		s, c = bits.Add64(s, le.Uint64(b[8:]), c)
		s, c = bits.Add64(s, le.Uint64(b[16:]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:]), c)
		s, c = bits.Add64(s, le.Uint64(b[32:]), c)
		s, c = bits.Add64(s, le.Uint64(b[40:]), c)
		s, c = bits.Add64(s, le.Uint64(b[48:]), c)
		s, c = bits.Add64(s, le.Uint64(b[56:64]), c)
		s, c = bits.Add64(s, 0, c)
		s += c
		b = b[64:]
	}
	if len(b) >= 32 {
		s, c = bits.Add64(s, le.Uint64(b), 0)
		s, c = bits.Add64(s, le.Uint64(b[8:]), c)
		s, c = bits.Add64(s, le.Uint64(b[16:]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:32]), c)
		s, c = bits.Add64(s, 0, c)
		s += c
		b = b[32:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, le.Uint64(b), 0)
		s += c
		b = b[8:]
	}
	last := uint64(0)
	for i, v := range b { // of less than a word in all
		last |= uint64(v) << (8 * i)
	}
	s, c = bits.Add64(s, last, 0)
	return s + c
}

// sum20 is the sum of an IPv4 header without options.
func sum20(h *[20]byte) uint16 {
	le := binary.LittleEndian
	a, b := le.Uint64(h[:]), le.Uint64(h[8:])
	return fold(a>>32 + a&0xffffffff + b>>32 + b&0xffffffff + uint64(le.Uint32(h[16:])))
}

// swapped is a number of 32 bits in the order of [sum].
func swapped(n int) uint64 {
	return uint64(bits.ReverseBytes16(uint16(n>>16))) + uint64(bits.ReverseBytes16(uint16(n)))
}

func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sctpChecksum is the CRC-32C of RFC 9260, appendix A, over the packet with a checksum of 0.
func sctpChecksum(b []byte) Checksum {
	var zero [4]byte
	c := crc32.Update(0, castagnoli, b[:8])
	c = crc32.Update(c, castagnoli, zero[:])
	c = crc32.Update(c, castagnoli, b[12:])
	switch have := binary.LittleEndian.Uint32(b[8:]); {
	case have == c:
		return ChecksumGood
	case have == 0: // left to the card
		return ChecksumPartial
	}
	return ChecksumBad
}
