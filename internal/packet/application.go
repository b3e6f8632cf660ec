package packet

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ssrp"
)

// Ports of applications over UDP (IANA).
const (
	portDNS   = 53
	portSSRP  = 1434
	portMDNS  = 5353
	portLLMNR = 5355
)

// application gives the payload of a datagram the name of its protocol, and
// that of one that an ICMP error quotes. The payload is a layer of unknown
// data until then, so the walk need not know.
func (p *Packet) application() {
	src, dst := p.SrcPort, p.DstPort
	i := int(p.transport) + 1
	switch {
	case p.QuotedTransport == proto.UDP:
		src, dst = p.QuotedSrcPort, p.QuotedDstPort
		i = p.N - 1
		if i > 0 && p.Layers[i].Proto == proto.Trailer {
			i--
		}
		if i < 1 || !p.Layers[i].Quoted || p.Layers[i-1].Proto != proto.UDP {
			return
		}
	case p.Transport != proto.UDP:
		return
	}
	if i >= p.N || p.Layers[i].Proto != proto.Data {
		return
	}
	id := applicationPort(min(src, dst), p.Bytes(i))
	if id == proto.None {
		id = applicationPort(max(src, dst), p.Bytes(i))
	}
	if id != proto.None {
		p.Layers[i].Proto = id
	}
}

// applicationPort is the protocol that a port announces. SSRP's port says too little: the message must look like one.
func applicationPort(port uint16, payload []byte) proto.ID {
	switch port {
	case portDNS:
		return proto.DNS
	case portMDNS:
		return proto.MDNS
	case portLLMNR:
		return proto.LLMNR
	case portSSRP:
		if ssrp.Is(payload) {
			return proto.SSRP
		}
	}
	return proto.None
}
