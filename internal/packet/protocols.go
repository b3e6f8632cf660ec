package packet

import "github.com/wiretale/wiretale/proto"

// Protocols appends the names of the layers, joined with colons, as Wireshark's
// frame.protocols has them: "eth:ethertype:ip:tcp:data". A trailer is no layer there.
func (p *Packet) Protocols(dst []byte) []byte {
	start := len(dst)
	for i := range p.N {
		l := &p.Layers[i]
		if l.Proto == proto.Trailer || l.Again || l.Proto == proto.MPLS && i > 0 && p.Layers[i-1].Proto == proto.MPLS {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ':')
		}
		dst = append(dst, l.Proto.String()...)
	}
	return dst
}
