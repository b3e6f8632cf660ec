package packet

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ssrp"
)

// Ports of applications over UDP (IANA).
const (
	portDNS      = 53
	portLDAP     = 389
	portKerberos = 88
	portSSRP     = 1434
	portMDNS     = 5353
	portLLMNR    = 5355
)

// A PortRule says what a port carries, whatever its usual protocol: the -d of tshark. proto.Data stands for nothing that is known.
type PortRule struct {
	From, To uint16 // ports, both included
	ID       proto.ID
}

// Ruled is what the last rule for a port says; not ok without one.
func Ruled(rules []PortRule, port uint16) (id proto.ID, ok bool) {
	for i := len(rules) - 1; i >= 0; i-- {
		if r := &rules[i]; port >= r.From && port <= r.To {
			return r.ID, true
		}
	}
	return 0, false
}

// Datagrams are the protocols that [Decoder.Datagrams] can name.
func Datagrams() []proto.ID {
	return []proto.ID{proto.DNS, proto.MDNS, proto.LLMNR, proto.SSRP, proto.CLDAP, proto.Kerberos, proto.DTLS, proto.Data}
}

// application gives the payload of a datagram the name of its protocol, and
// that of one that an ICMP error quotes. The payload is a layer of unknown
// data until then, so the walk need not know.
func (d *Decoder) application(p *Packet) {
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
	if id := d.datagram(min(src, dst), max(src, dst), p.Bytes(i)); id != proto.None {
		p.Layers[i].Proto = id
	}
}

// datagram is the protocol between two ports. As in Wireshark the lower port is asked before the higher one.
func (d *Decoder) datagram(low, high uint16, payload []byte) proto.ID {
	for _, port := range [2]uint16{low, high} {
		if id, ok := Ruled(d.Datagrams, port); ok {
			return id
		}
	}
	return Application(low, high, payload)
}

// Application is the protocol of a datagram between two ports by what their numbers are for, None when they tell nothing.
func Application(low, high uint16, payload []byte) proto.ID {
	for _, port := range [2]uint16{low, high} {
		if id := applicationPort(port, payload); id != proto.None {
			return id
		}
	}
	return proto.None
}

// applicationPort is the protocol that a port announces. That of SSRP or Kerberos says too little: the message must look like one.
func applicationPort(port uint16, payload []byte) proto.ID {
	switch port {
	case portDNS:
		return proto.DNS
	case portKerberos:
		if kerberos.Is(payload) {
			return proto.Kerberos
		}
	case portLDAP:
		return proto.CLDAP
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
