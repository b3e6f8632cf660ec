package packet

import (
	"net/netip"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ip"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// Offsets in a frame of Ethernet and IPv4 without options.
const (
	plainIP        = 14
	plainTransport = plainIP + ip.HeaderMin
)

// plain decodes the frame that most captures consist of: captured whole,
// Ethernet without a tag, IPv4 without options or fragments, TCP or UDP,
// nothing wrong with any length. It reports whether the frame is one; p is
// untouched when it is not. The result is that of the walk (TestPlainIsWalk),
// in half the time: all offsets are known.
func plain(r *trace.Record, p *Packet) bool {
	b := r.Data
	if len(b) < plainTransport+8 || r.WireLen != len(b) || r.Link != trace.LinkEthernet || r.FCS != 0 || len(b) > 1<<30 {
		return false
	}
	// 0x45: version 4, five words of header.
	if be32(b[11:])&0xffffff != etherIPv4<<8|0x45 || be16(b[20:])&0x3fff != 0 {
		return false
	}
	end := plainIP + int(be16(b[16:]))
	if end > len(b) {
		return false
	}
	switch b[23] {
	case protoTCP:
		header := int(b[min(plainTransport+12, len(b)-1)]>>4) * 4
		if header < tcp.HeaderMin || end < plainTransport+header {
			return false
		}
		p.plainIPv4(r, end)
		p.TCP.Decode(b[plainTransport:end])
		p.plainTransport(proto.TCP, header, end)
	case protoUDP:
		src, dst := be16(b[plainTransport:]), be16(b[plainTransport+2:])
		if end < plainTransport+8 || int(be16(b[plainTransport+4:])) != end-plainTransport || tunnelPort(src, dst) != opaque {
			return false
		}
		p.plainIPv4(r, end)
		p.plainTransport(proto.UDP, 8, end)
	default:
		return false
	}
	p.plainTrailer(end)
	return true
}

// plainIPv4 fills in everything up to the network layer, which ends at end.
func (p *Packet) plainIPv4(r *trace.Record, end int) {
	p.reset(r)
	b := r.Data
	frame := int32(len(b))
	p.Layers[0] = Layer{Proto: proto.Ethernet, Header: plainIP, End: frame, Wire: frame}
	p.Layers[1] = Layer{Proto: proto.EtherType, Off: 12, Header: 2, End: frame, Wire: frame}
	p.Layers[2] = Layer{Proto: proto.IPv4, Off: plainIP, Header: ip.HeaderMin, End: int32(end), Wire: int32(end)}
	p.network = 2
	p.Src, p.Dst = netip.AddrFrom4([4]byte(b[26:30])), netip.AddrFrom4([4]byte(b[30:34]))
	p.IPProto, p.IPID, p.TTL, p.DSCP, p.DontFragment = b[23], be16(b[18:]), b[22], b[15]>>2, b[20]&0x40 != 0
	if b[0]&1 != 0 || b[30]>>4 == 14 || be32(b[30:]) == 0xffffffff {
		p.Flags |= Multicast
	}
	if be16(b[24:]) != 0 && ip.Sum(b[plainIP:plainTransport]) != 0xffff {
		p.Flags |= BadIPChecksum
	}
}

// plainTransport adds the transport and, when there is one, its payload.
func (p *Packet) plainTransport(id proto.ID, header, end int) {
	b := p.Record.Data
	p.Layers[3] = Layer{Proto: id, Off: plainTransport, Header: int32(header), End: int32(end), Wire: int32(end)}
	p.N = 4
	p.Transport, p.transport = id, 3
	p.SrcPort, p.DstPort = be16(b[plainTransport:]), be16(b[plainTransport+2:])
	at := plainTransport + header
	p.PayloadLen = end - at
	if at < end {
		p.Payload = b[at:end]
		p.Layers[4] = Layer{Proto: proto.Data, Off: int32(at), Header: int32(end - at), End: int32(end), Wire: int32(end)}
		p.N = 5
	}
}

// plainTrailer adds what lies behind the network layer: padding.
func (p *Packet) plainTrailer(end int) {
	frame := int32(len(p.Record.Data))
	if int32(end) >= frame {
		return
	}
	p.Flags |= Trailing
	p.Layers[p.N] = Layer{Proto: proto.Trailer, Off: int32(end), Header: frame - int32(end), End: frame, Wire: frame}
	p.N++
}
