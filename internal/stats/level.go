package stats

import (
	"iter"
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// A Level is a layer that has endpoints.
type Level string

const (
	Eth  Level = "eth"
	IP   Level = "ip"
	IPv6 Level = "ipv6"
	TCP  Level = "tcp"
	UDP  Level = "udp"
)

// Levels are all of them, under tshark's names.
var Levels = []Level{TCP, UDP, IP, IPv6, Eth}

var levelProtos = map[Level]proto.ID{Eth: proto.Ethernet, IP: proto.IPv4, IPv6: proto.IPv6, TCP: proto.TCP, UDP: proto.UDP}

// An End is one endpoint of a level.
type End struct {
	Addr netip.Addr // invalid iff the level is Ethernet
	Port uint16     // of TCP and UDP
	MAC  [6]byte    // of Ethernet
}

// A crossing is one layer of a packet with endpoints.
type crossing struct {
	src, dst End
	stream   int32 // Wireshark's number of a transport, 0 for other levels
}

const udpHeader = 8

// crossings yields the layers of a protocol from the outside in. What an ICMP error quotes does not count.
func crossings(p *packet.Packet, seen *flow.Sighting, id proto.ID) iter.Seq[crossing] {
	return func(yield func(crossing) bool) {
		var src, dst netip.Addr
		nth := 0
		for i := range p.Layers[:p.N] {
			l := &p.Layers[i]
			if l.Quoted {
				return
			}
			b := p.Bytes(i)
			switch l.Proto {
			case proto.IPv4:
				if len(b) >= 20 {
					src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
				}
			case proto.IPv6:
				if len(b) >= 40 {
					src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
				}
			}
			if l.Proto != id {
				continue
			}
			x, ok := crossed(id, b, src, dst)
			if !ok {
				continue
			}
			if id == proto.TCP || id == proto.UDP {
				x.stream = streamOf(seen, id, nth)
				nth++
			}
			if !yield(x) {
				return
			}
		}
	}
}

// crossed is the layer b; false when what was captured of it is too short.
func crossed(id proto.ID, b []byte, src, dst netip.Addr) (x crossing, ok bool) {
	switch id {
	case proto.Ethernet:
		if len(b) < 14 {
			return x, false
		}
		x.dst.MAC, x.src.MAC = [6]byte(b[0:6]), [6]byte(b[6:12])
		return x, true
	case proto.TCP, proto.UDP:
		if id == proto.TCP && len(b) < tcp.HeaderMin || len(b) < udpHeader {
			return x, false
		}
		x.src.Port, x.dst.Port = uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	}
	x.src.Addr, x.dst.Addr = src, dst
	return x, src.IsValid()
}

// streamOf is the number of the nth transport of a protocol in the frame.
func streamOf(seen *flow.Sighting, id proto.ID, nth int) int32 {
	if seen == nil {
		return 0
	}
	for _, s := range seen.Streams[:seen.NStreams] {
		if s.Proto == id {
			if nth == 0 {
				return s.Number
			}
			nth--
		}
	}
	return 0
}
