package ndiscap

import (
	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// ras reads a packet of a RAS connection: RoutingDomainID and RRASUserName
// UTF-16 with NUL, FragmentSize u32, Fragment. Each event is a whole packet,
// which NdisWan gives an Ethernet header; there is no interface.
func (p *Packets) ras(ev, out *trace.Record) bool {
	b := ev.Data
	n := afterUTF16(b)
	if n >= 0 {
		if m := afterUTF16(b[n:]); m >= 0 {
			n += m
		} else {
			n = -1
		}
	}
	if n < 0 {
		p.lost(ev, "the names of a RAS packet do not end", len(b))
		return false
	}
	data, _, ok := sized(b[n:], 1)
	if !ok {
		p.lost(ev, "the event ends before the packet that it announces", len(b))
		return false
	}
	p.packet(ev, out, data, trace.LinkEthernet)
	p.meta.Direction = trace.Inbound
	if ev.Event.ID == eventRasSend {
		p.meta.Direction = trace.Outbound
	}
	p.meta.Layer = p.connections.of(b[:n], rasText)
	return true
}

func rasText(b []byte) string {
	c := bin.Little(b)
	domain, user := c.UTF16(), c.UTF16()
	s := "RAS connection"
	if user != "" {
		s += " of " + user
	}
	if domain != "" {
		s += ", routing domain " + domain
	}
	return s
}
