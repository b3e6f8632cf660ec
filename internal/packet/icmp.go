package packet

import (
	"github.com/wiretale/wiretale/proto"
)

func (w *walk) icmp() step {
	b := w.rest()
	if len(b) < 8 {
		return w.icmpShort(proto.ICMP, b)
	}
	w.icmpLayer(proto.ICMP, b)
	switch b[0] {
	case 0, 8: // echo reply, echo
		return w.echo(b)
	case 3, 11, 12: // unreachable, time exceeded, parameter problem: RFC 4884 may give the quoted length, in words
		return w.quote(8, 4*int(b[5]))
	case 4, 5: // source quench, redirect
		return w.quote(8, 0)
	}
	return w.icmpBody(8)
}

func (w *walk) icmpv6() step {
	b := w.rest()
	if len(b) < 8 {
		return w.icmpShort(proto.ICMPv6, b)
	}
	w.icmpLayer(proto.ICMPv6, b)
	switch b[0] {
	case 128, 129:
		return w.echo(b)
	case 1, 3: // RFC 4884 gives the quoted length in units of eight bytes
		return w.quote(8, 8*int(b[4]))
	case 2, 4:
		return w.quote(8, 0)
	case 137:
		return w.redirect6(b)
	}
	return w.icmpBody(8)
}

// icmpShort is a message without its second word: type and code still say something.
func (w *walk) icmpShort(id proto.ID, b []byte) step {
	s := w.short(id, 8)
	if len(b) >= 2 && !w.quoted {
		w.p.ICMPType, w.p.ICMPCode = b[0], b[1]
	}
	return s
}

func (w *walk) icmpLayer(id proto.ID, b []byte) {
	w.add(id, 8)
	p := w.p
	if w.quoted {
		p.QuotedTransport = id
		return
	}
	p.Transport = id
	p.transport = int8(p.N - 1)
	p.ICMPType, p.ICMPCode = b[0], b[1]
	p.Payload = b[8:]
	p.PayloadLen = w.wire - w.off - 8
}

func (w *walk) echo(b []byte) step {
	if !w.quoted {
		w.p.ICMPID, w.p.ICMPSeq = be16(b[4:]), be16(b[6:])
	}
	return w.icmpBody(8)
}

func (w *walk) icmpBody(header int) step {
	w.off += header
	if w.off < w.end {
		w.add(proto.Data, w.have())
	}
	return done
}

// quote goes on into the packet that an error quotes, header bytes into the
// message. length is that of the quoted packet when the message says it, else 0.
func (w *walk) quote(header, length int) step {
	w.off += header
	if w.off >= w.end {
		return done
	}
	if length > 0 {
		w.limit(length)
	}
	w.quoted = true
	return ipv4Any
}

// redirect6 looks for the redirected header option (RFC 4861, 4.6.3), which quotes a packet.
func (w *walk) redirect6(b []byte) step {
	for at := 40; at+8 <= len(b); {
		n := 8 * int(b[at+1])
		if n == 0 {
			return done
		}
		if b[at] == 4 {
			return w.quote(at+8, n-8)
		}
		at += n
	}
	return done
}
