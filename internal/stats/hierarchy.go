package stats

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// A Protocol is a node of the protocol hierarchy: the frames that have the
// protocol at this place, and what is inside it.
type Protocol struct {
	ID proto.ID // proto.None for the root
	Counts
	Inner []*Protocol // in order of appearance
}

// Hierarchy collects the protocols of the frames: tshark's -z io,phs.
type Hierarchy struct{ Root Protocol }

// NewHierarchy collects protocols.
func NewHierarchy() *Hierarchy { return &Hierarchy{} }

// Add counts a packet for each of its layers.
func (h *Hierarchy) Add(row *Row, _ bool) {
	p := traffic(row)
	if p == nil || p.N == 0 {
		return
	}
	at := &h.Root
	at.add(row.Record.WireLen)
	for i := range p.Layers[:p.N] {
		if hasNode(p, i) {
			at = at.inner(p.Layers[i].Proto)
			at.add(row.Record.WireLen)
		}
	}
}

// hasNode reports whether a layer is a node: as in tshark, it is none of the bytes
// around others, no extension header of IPv6, which counts with it, not quoted by an ICMP error, and not one more label of a stack.
func hasNode(p *packet.Packet, i int) bool {
	l := &p.Layers[i]
	switch l.Proto {
	case proto.EtherType, proto.Trailer, proto.NFLog, proto.IPv6HopByHop, proto.IPv6Routing, proto.IPv6Fragment, proto.IPv6Destination:
		return false
	case proto.MPLS:
		return !l.Quoted && (i == 0 || p.Layers[i-1].Proto != proto.MPLS)
	}
	return !l.Quoted
}

func (p *Protocol) inner(id proto.ID) *Protocol {
	for _, in := range p.Inner {
		if in.ID == id {
			return in
		}
	}
	in := &Protocol{ID: id}
	p.Inner = append(p.Inner, in)
	return in
}
