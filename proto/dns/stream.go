package dns

import "github.com/wiretale/wiretale/proto"

// Stream finds messages in connections of TCP, on the ports that Wireshark takes for DNS.
var Stream = proto.Stream{ID: proto.DNSStream, Ports: []uint16{53, 5353}, New: func() proto.Session { return session{} }}

// A session needs nothing of the messages before.
type session struct{}

// Extent is one message with its length. What is too short to be one is none.
func (session) Extent(p *proto.Piece) proto.Extent {
	n := StreamLen(p.Data)
	switch {
	case n == 0 && p.Len >= 2 && len(p.Data) < 2: // cut by the capture
		return proto.Extent(p.Len)
	case n == 0:
		return proto.More
	case n < 2+HeaderLen:
		return proto.NotThis
	}
	return proto.Extent(n)
}

func (session) Unit(u *proto.Unit) {
	u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.DNSStream, Len: u.Len})
	var t proto.Turn
	if len(u.Data) > 2 && turn(u.Data[2:], &t) {
		u.Turns = append(u.Turns, t)
	}
}
