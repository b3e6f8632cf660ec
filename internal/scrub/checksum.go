package scrub

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/wiretale/wiretale/internal/checksum"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// checksums brings the checksums of a packet in line with its new bytes, from the inside out. Each is changed by what the
// bytes under it changed (RFC 1624): what was right stays right, what was wrong stays as wrong, and a sum of the
// pseudo header that was left to a network card stays one.
func (s *Scrubber) checksums(p *packet.Packet, in, out []byte) {
	for i := p.N - 1; i >= 0; i-- {
		l := &p.Layers[i]
		if l.Unit != 0 || l.Assembled || l.End <= l.Off {
			continue
		}
		was, is := in[l.Off:l.End], out[l.Off:l.End]
		switch l.Proto {
		case proto.IPv4:
			if n := int(l.Header); n >= 20 && n <= len(was) {
				change(was[:n], is[:n], 10, 0, 0)
			}
		case proto.TCP, proto.UDP, proto.ICMPv6:
			transportChecksum(p, i, was, is, pseudo(p, i, in), pseudo(p, i, out))
		case proto.SCTP: // a CRC-32C over all of it (RFC 9260, appendix A)
			if len(was) >= 12 && l.End == l.Wire && crc(was) == binary.LittleEndian.Uint32(was[8:]) {
				binary.LittleEndian.PutUint32(is[8:], crc(is))
			}
		case proto.ICMP, proto.IGMP:
			if len(was) >= 4 {
				change(was, is, 2, 0, 0)
			}
		}
	}
}

// transportChecksum changes that of layer i, whose bytes were and are these; a and b are the sums of the addresses before and after.
func transportChecksum(p *packet.Packet, i int, was, is []byte, a, b uint64) {
	l := &p.Layers[i]
	at := map[proto.ID]int{proto.TCP: 16, proto.UDP: 6, proto.ICMPv6: 2}[l.Proto]
	if at == 0 || len(was) < at+2 {
		return
	}
	have := binary.BigEndian.Uint16(was[at:])
	if l.Proto == proto.UDP && have == 0 {
		return
	}
	length, next := int(l.Wire-l.Off), number(p, i)
	if have == checksum.Fold(a+uint64(length)+next) || have == checksum.Fold(a+next) { // left to the card: the sum itself, not its complement
		binary.BigEndian.PutUint16(is[at:], checksum.Fold(uint64(have)+uint64(^checksum.Fold(a))+b))
		return
	}
	change(was, is, at, a, b)
	if l.Proto == proto.UDP && is[6] == 0 && is[7] == 0 {
		is[6], is[7] = 0xff, 0xff
	}
}

// change updates the checksum at a place in a part of a packet; a and b are the sums of the pseudo header before and after.
func change(was, is []byte, at int, a, b uint64) {
	have := binary.BigEndian.Uint16(was[at:])
	binary.BigEndian.PutUint16(is[at:], have) // both sums have the old value
	if have == 0 && at == 10 {                // not computed
		return
	}
	before, after := checksum.Fold(a+checksum.Sum(was)), checksum.Fold(b+checksum.Sum(is))
	now := ^checksum.Fold(uint64(^have) + uint64(^before) + uint64(after))
	if before == 0xffff && have != 0xffff && now == 0xffff { // of the two zeros the one that senders write
		now = 0
	}
	binary.BigEndian.PutUint16(is[at:], now)
}

// pseudo is the sum of the addresses of the network layer around layer i.
func pseudo(p *packet.Packet, i int, b []byte) uint64 {
	for i--; i >= 0; i-- {
		l := &p.Layers[i]
		if l.Unit != 0 || l.Assembled {
			continue
		}
		switch {
		case l.Proto == proto.IPv4 && l.End-l.Off >= 20:
			return checksum.Sum(b[l.Off+12 : l.Off+20])
		case l.Proto == proto.IPv6 && l.End-l.Off >= 40:
			return checksum.Sum(b[l.Off+8 : l.Off+40])
		}
	}
	return 0
}

// number is the protocol in the pseudo header of layer i.
func number(p *packet.Packet, i int) uint64 {
	return map[proto.ID]uint64{proto.TCP: 6, proto.UDP: 17, proto.ICMPv6: 58}[p.Layers[i].Proto]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// crc is the checksum of an SCTP packet.
func crc(b []byte) uint32 {
	c := crc32.Update(0, castagnoli, b[:8])
	c = crc32.Update(c, castagnoli, make([]byte, 4))
	return crc32.Update(c, castagnoli, b[12:])
}
