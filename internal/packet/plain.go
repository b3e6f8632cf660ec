package packet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ip"
	ip6 "github.com/wiretale/wiretale/proto/ipv6"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// plainIP is where the network layer begins in a frame of Ethernet without a tag.
const plainIP = 14

// plain decodes the frame that most captures consist of: captured whole,
// Ethernet without a tag, IPv4 without options or fragments or IPv6 without
// extension headers, TCP or UDP, nothing wrong with any length. It reports
// whether the frame is one; p is untouched when it is not. The result is that
// of the walk (TestPlainIsWalk), in half the time: all offsets are known.
func plain(r *trace.Record, p *Packet) bool {
	b := r.Data
	if len(b) < plainIP+ip.HeaderMin+8 || r.WireLen != len(b) || r.Link != trace.LinkEthernet || r.FCS != 0 || len(b) > 1<<30 {
		return false
	}
	switch be16(b[12:]) {
	case etherIPv4:
		return plain4(r, p)
	case etherIPv6:
		return len(b) >= plainIP+ip6.HeaderLen+8 && plain6(r, p)
	}
	return false
}

// headers4 are the headers of a plain frame with IPv4 up to the end of that of UDP.
type headers4 [plainIP + ip.HeaderMin + 8]byte

// bounds4 are the end of the IPv4 packet in a plain frame and the length of its transport's header, which is 0 when it is none.
func bounds4(b []byte) (end, header int) {
	const at = plainIP + ip.HeaderMin
	h := (*headers4)(b)
	end = plainIP + int(be16(h[16:]))
	// 0x45: version 4, five words of header. 0x3fff: more fragments, or not the first one.
	if h[plainIP] != 0x45 || be16(h[20:])&0x3fff != 0 || end < at || end > len(b) {
		return end, 0
	}
	return end, plainHeader(h[23], b[at:end])
}

// bounds6 are the same of IPv6.
func bounds6(b []byte) (end, header int) {
	const at = plainIP + ip6.HeaderLen
	end = at + int(be16(b[18:]))
	if b[plainIP]>>4 != 6 || end == at || end > len(b) {
		return end, 0
	}
	return end, plainHeader(b[20], b[at:end])
}

// A Pair is the endpoints of plain frames, the same in both directions.
type Pair struct {
	a, b  [2]uint64 // addresses, the smaller endpoint first
	ports uint32
	kind  uint16 // EtherType and protocol
}

// Hash is a number for tables. It is not secret: whoever makes the frames can make it collide.
func (p *Pair) Hash() uint64 {
	h := (p.a[0] ^ p.b[0] ^ bits.RotateLeft64(p.a[1], 17) ^ p.b[1]) * 0xc4ceb9fe1a85ec53
	return (h ^ h>>32 ^ uint64(p.ports)) * 0x9e3779b97f4a7c15
}

// PairOf is the pair of a frame that Decode takes apart without a walk: it has one
// network layer and one transport, and nothing is wrong with either. Not ok for any other frame.
func PairOf(link trace.LinkType, b []byte, wire int) (p Pair, ok bool) {
	if len(b) < plainIP+ip.HeaderMin+8 || wire != len(b) || link != trace.LinkEthernet || len(b) > 1<<30 {
		return p, false
	}
	var ports []byte
	switch be16(b[12:]) {
	case etherIPv4:
		if _, header := bounds4(b); header == 0 {
			return p, false
		}
		p.a[1], p.b[1], p.kind = uint64(be32(b[26:])), uint64(be32(b[30:])), uint16(b[23])
		ports = b[plainIP+ip.HeaderMin:]
	case etherIPv6:
		if len(b) < plainIP+ip6.HeaderLen+8 {
			return p, false
		}
		if _, header := bounds6(b); header == 0 {
			return p, false
		}
		be := binary.BigEndian
		p.a = [2]uint64{be.Uint64(b[22:]), be.Uint64(b[30:])}
		p.b = [2]uint64{be.Uint64(b[38:]), be.Uint64(b[46:])}
		p.kind = uint16(b[20]) | 6<<8
		ports = b[plainIP+ip6.HeaderLen:]
	default:
		return p, false
	}
	src, dst := be16(ports), be16(ports[2:])
	if p.b[0] < p.a[0] || p.b[0] == p.a[0] && (p.b[1] < p.a[1] || p.b[1] == p.a[1] && dst < src) {
		p.a, p.b, src, dst = p.b, p.a, dst, src
	}
	p.ports = uint32(src)<<16 | uint32(dst)
	return p, true
}

func plain4(r *trace.Record, p *Packet) bool {
	const at = plainIP + ip.HeaderMin
	b := r.Data
	end, header := bounds4(b)
	if header == 0 {
		return false
	}
	h := (*headers4)(b)
	p.plainFrame(r)
	p.Layers[2].whole(proto.IPv4, plainIP, ip.HeaderMin, end)
	p.Src, p.Dst = netip.AddrFrom4([4]byte(h[26:30])), netip.AddrFrom4([4]byte(h[30:34]))
	p.IPProto, p.IPID, p.TTL, p.DSCP, p.DontFragment = h[23], be16(h[18:]), h[22], h[15]>>2, h[20]&0x40 != 0
	if h[30]>>4 == 14 || be32(h[30:]) == 0xffffffff {
		p.Flags |= Multicast
	}
	if be16(h[24:]) != 0 && sum20((*[ip.HeaderMin]byte)(h[plainIP:])) != 0xffff {
		p.Flags |= BadIPChecksum
	}
	p.plainTransport(at, header, end)
	return true
}

func plain6(r *trace.Record, p *Packet) bool {
	const at = plainIP + ip6.HeaderLen
	b := r.Data
	end, header := bounds6(b)
	if header == 0 {
		return false
	}
	p.plainFrame(r)
	p.Layers[2].whole(proto.IPv6, plainIP, ip6.HeaderLen, end)
	p.Src, p.Dst = netip.AddrFrom16([16]byte(b[22:38])), netip.AddrFrom16([16]byte(b[38:54]))
	p.IPProto, p.TTL, p.DSCP = b[20], b[21], uint8(be16(b[plainIP:])>>4)>>2
	if b[38] == 0xff {
		p.Flags |= Multicast
	}
	p.plainTransport(at, header, end)
	return true
}

// plainHeader is the length of the TCP or UDP header that b, the payload of IP, starts with; 0 when it is no plain one.
func plainHeader(protocol byte, b []byte) int {
	switch {
	case protocol == protoTCP && len(b) >= tcp.HeaderMin:
		if n := int(b[12]>>4) * 4; n >= tcp.HeaderMin && n <= len(b) {
			return n
		}
	case protocol == protoUDP && len(b) >= 8:
		if int(be16(b[4:])) == len(b) && tunnelPort(be16(b), be16(b[2:])) == opaque {
			return 8
		}
	}
	return 0
}

// plainFrame fills in everything below the network layer.
func (p *Packet) plainFrame(r *trace.Record) {
	p.resetPlain(r)
	p.Layers[0].whole(proto.Ethernet, 0, plainIP, len(r.Data))
	p.Layers[1].whole(proto.EtherType, 12, 2, len(r.Data))
	p.network = 2
	if h := r.Data; len(h) > 0 && h[0]&1 != 0 {
		p.Flags |= Multicast
	}
}

// whole fills in a layer that was captured to its end. It writes every field
// where it lies: a struct that is built elsewhere and copied waits for its own stores.
func (l *Layer) whole(id proto.ID, off, header, end int) {
	l.Proto, l.Assembled, l.Quoted, l.Again, l.Unit, l.Note, l.Asked = id, false, false, false, 0, 0, 0
	l.Off, l.Header, l.End, l.Wire = int32(off), int32(header), int32(end), int32(end)
}

// plainTransport adds the transport at an offset, its payload when there is one, and the padding that may follow the network layer.
func (p *Packet) plainTransport(at, header, end int) {
	b := p.Record.Data
	id := proto.UDP
	if p.IPProto == protoTCP {
		id = proto.TCP
		p.TCP.Decode(b[at:end])
		p.SrcPort, p.DstPort = p.TCP.SrcPort, p.TCP.DstPort
	} else {
		p.SrcPort, p.DstPort = be16(b[at:]), be16(b[at+2:])
	}
	p.Layers[3].whole(id, at, header, end)
	p.N = 4
	p.Transport, p.transport = id, 3
	at += header
	p.PayloadLen = end - at
	if at < end {
		p.Payload = b[at:end]
		p.Layers[4].whole(proto.Data, at, end-at, end)
		p.N = 5
	}
	if frame := len(b); end < frame {
		p.Flags |= Trailing
		p.Layers[p.N].whole(proto.Trailer, end, frame-end, frame)
		p.N++
	}
}
