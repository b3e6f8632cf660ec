package packet

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

var (
	cutErr     = trace.ErrTruncated
	corruptErr = trace.ErrCorrupt
)

func (w *walk) tcp() step {
	p := w.p
	b := w.rest()
	if w.quoted {
		return w.quotedTCP(b)
	}
	if !p.TCP.Decode(b) {
		return w.tcpCut(b)
	}
	h := p.TCP.Len
	left := w.wire - w.off
	w.add(proto.TCP, h)
	if h < tcp.HeaderMin {
		return w.bad(proto.TCP, tcp.HeaderMin, h, "data offset")
	}
	if h > left {
		return w.bad(proto.TCP, h, left, "data offset")
	}
	p.Transport = proto.TCP
	p.transport = int8(p.N - 1)
	p.SrcPort, p.DstPort = p.TCP.SrcPort, p.TCP.DstPort
	if h > len(b) {
		w.fail(Cut, proto.TCP, h, len(b), "options", cutErr)
	}
	return w.payload(h)
}

// tcpCut takes what there is of a fixed header that the snap length cut: up
// to the flags it still says where the segment belongs.
func (w *walk) tcpCut(b []byte) step {
	p := w.p
	if len(b) < tcp.FlagsEnd || w.wire-w.off < tcp.HeaderMin {
		return w.short(proto.TCP, tcp.HeaderMin)
	}
	whole := &w.d.header
	clear(whole[copy(whole[:], b):])
	p.TCP.Decode(whole[:])
	p.TCP.Options = nil
	w.add(proto.TCP, p.TCP.Len)
	p.Transport = proto.TCP
	p.transport = int8(p.N - 1)
	p.SrcPort, p.DstPort = p.TCP.SrcPort, p.TCP.DstPort
	w.fail(Cut, proto.TCP, tcp.HeaderMin, len(b), "", cutErr)
	p.PayloadLen = max(0, w.wire-w.off-p.TCP.Len)
	return done
}

// payload ends the walk at a transport of n bytes of header: what follows belongs to the application.
func (w *walk) payload(n int) step {
	p := w.p
	if p.Flags&PayloadUnknown != 0 && p.Tunnel == 0 {
		p.Payload, p.PayloadLen = nil, 0
		return done
	}
	w.off = min(w.off+n, w.wire)
	p.PayloadLen = w.wire - w.off
	if w.off >= w.end {
		p.Payload = nil
		return done
	}
	p.Payload = w.buf[w.off:w.end]
	w.add(proto.Data, w.end-w.off)
	return done
}

// Ports of encapsulations in UDP (IANA).
const (
	portGTPControl = 2123
	portGTPUser    = 2152
	portGTPPrime   = 3386
	portTeredo     = 3544
	portIPsec      = 4500
	portVXLAN      = 4789
	portGRE        = 4754
	portGeneve     = 6081
	portMPLS       = 6635
)

func (w *walk) udp() step {
	p := w.p
	b := w.rest()
	if w.quoted {
		return w.quotedPorts(proto.UDP, b)
	}
	if len(b) < 8 {
		return w.short(proto.UDP, 8)
	}
	length := int(be16(b[4:]))
	w.add(proto.UDP, 8)
	src, dst := be16(b), be16(b[2:])
	p.Transport = proto.UDP
	p.transport = int8(p.N - 1)
	p.SrcPort, p.DstPort = src, dst
	left := w.wire - w.off
	switch {
	case length == 0:
		p.Flags |= LengthZero
	case length < 8:
		p.Payload, p.PayloadLen = nil, 0
		w.fail(Malformed, proto.UDP, 8, length, "length", corruptErr)
		return done
	case length <= left:
		w.limit(length)
		p.Flags &^= PayloadUnknown
	default:
		p.Flags |= LengthBeyond
	}
	l := &p.Layers[p.N-1]
	l.End, l.Wire = int32(w.end), int32(w.wire)
	s := tunnelPort(src, dst)
	if s == opaque {
		return w.payload(8)
	}
	// The tunnel's own transport is described until another takes its place.
	w.off += 8
	p.PayloadLen = w.wire - w.off
	p.Payload = w.rest()
	return s
}

// tunnelPort says which encapsulation the ports announce. As in Wireshark
// the lower port decides; the higher one does when the lower is not a service.
func tunnelPort(src, dst uint16) step {
	low, high := src, dst
	if low > high {
		low, high = high, low
	}
	if s := portStep(low); s != opaque || low < 1024 {
		return s
	}
	return portStep(high)
}

// TunnelPorts reports whether UDP between these ports carries an encapsulation.
func TunnelPorts(src, dst uint16) bool { return tunnelPort(src, dst) != opaque }

func portStep(port uint16) step {
	switch port {
	case portVXLAN:
		return vxlan
	case portGeneve:
		return geneve
	case portGTPUser, portGTPControl, portGTPPrime:
		return gtp
	case portTeredo:
		return teredo
	case portIPsec:
		return espInUDP
	case portMPLS:
		return mpls
	case portGRE:
		return gre
	}
	return opaque
}

func (w *walk) sctp() step {
	p := w.p
	b := w.rest()
	if w.quoted {
		return w.quotedPorts(proto.SCTP, b)
	}
	if len(b) < 12 {
		return w.short(proto.SCTP, 12)
	}
	w.add(proto.SCTP, 12)
	p.Transport = proto.SCTP
	p.transport = int8(p.N - 1)
	p.SrcPort, p.DstPort = be16(b), be16(b[2:])
	return w.payload(12)
}

// transportLeaf is a transport without ports.
func (w *walk) transportLeaf(id proto.ID, header int) step {
	if w.have() < header {
		return w.short(id, header)
	}
	w.add(id, header)
	if !w.quoted {
		w.p.Transport = id
		w.p.transport = int8(w.p.N - 1)
		w.p.PayloadLen = w.wire - w.off - header
		w.p.Payload = w.buf[w.off+header : w.end]
	}
	return done
}

// quotedTCP takes the first eight bytes that every ICMP error quotes, and more when there is more.
func (w *walk) quotedTCP(b []byte) step {
	if s := w.quotedPorts(proto.TCP, b); len(b) < 8 {
		return s
	}
	w.p.QuotedSeq = be32(b[4:])
	return done
}

func (w *walk) quotedPorts(id proto.ID, b []byte) step {
	header := 8
	switch id {
	case proto.TCP:
		header = tcp.HeaderMin
		if len(b) > 12 {
			header = max(header, int(b[12]>>4)*4)
		}
	case proto.SCTP:
		header = 12
	}
	w.add(id, header)
	if len(b) < 4 {
		return done
	}
	p := w.p
	p.QuotedTransport = id
	p.QuotedSrcPort, p.QuotedDstPort = be16(b), be16(b[2:])
	if len(b) > header {
		w.off += header
		w.add(proto.Data, w.have())
	}
	return done
}
