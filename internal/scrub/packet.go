package scrub

import (
	"net/netip"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// Packet returns the bytes that stay of a packet that the tracker has seen, as many as it had, or fewer with the
// policy Drop. They are valid until the next call.
func (s *Scrubber) Packet(p *packet.Packet, seen *flow.Sighting) []byte {
	in := p.Record.Data
	if cap(s.out) < len(in) {
		s.out, s.known = make([]byte, len(in)), make([]bool, len(in))
	}
	out := s.out[:len(in)]
	clear(out)
	for i := range p.N {
		l := &p.Layers[i]
		if l.Unit != 0 || l.Assembled || l.End <= l.Off {
			continue
		}
		s.layer(p, i, in[l.Off:l.End], out[l.Off:l.End])
	}
	cut := len(out)
	if p.Flags&(packet.Fragment|packet.Reassembled) == 0 || !s.piece(p, out) {
		if s.payload(p, seen, out) && s.policy == Drop {
			cut = s.end(p)
		}
	}
	s.checksums(p, in, out)
	return out[:cut]
}

// end is where the transport's payload begins in the record.
func (s *Scrubber) end(p *packet.Packet) int {
	t := p.TransportLayer()
	if t < 0 || p.Layers[t].Assembled {
		return len(p.Record.Data)
	}
	return max(0, int(p.Layers[t].End)-len(p.Payload))
}

// layer writes what stays of a header, and of an application in a datagram.
func (s *Scrubber) layer(p *packet.Packet, i int, in, out []byte) {
	l := &p.Layers[i]
	head := min(int(l.Header), len(in))
	switch l.Proto {
	case proto.Ethernet:
		copy(out[:head], in[:head])
		s.mac(in, out, 0)
		s.mac(in, out, 6)
	case proto.ARP:
		s.table(l.Proto, in, out, nil, len(in))
	case proto.IPv4:
		s.ipv4(in[:head], out)
		if p.Has(packet.Fragment) && len(in) >= 8 && int(in[6]&0x1f)<<8|int(in[7]) == 0 {
			s.fragment(in, out, head)
		}
	case proto.IPv6:
		copy(out[:head], in[:head])
		if len(in) >= 40 {
			s.address(in[8:24], out[8:24])
			s.address(in[24:40], out[24:40])
		}
	case proto.IPv6HopByHop, proto.IPv6Destination:
		options6(in[:head], out)
	case proto.IPv6Routing:
		copy(out[:min(8, head)], in)
		for at := 8; at+16 <= head; at += 16 {
			s.address(in[at:at+16], out[at:at+16])
		}
	case proto.TCP:
		copy(out[:min(20, head)], in)
		if head > 20 {
			tcpOptions(in[20:head], out[20:head])
		}
	case proto.ICMP:
		copy(out[:head], in[:head])
		if head == 8 && in[0] == 5 { // redirect: the gateway
			s.address(in[4:8], out[4:8])
		}
	case proto.ICMPv6:
		s.icmpv6(in, out, head)
	case proto.UDP, proto.IPv6Fragment, proto.EtherType, proto.VLAN, proto.IEEE8021AD, proto.CMD, proto.VNTag, proto.ETag, proto.MPLS, proto.LLC, proto.VXLAN, proto.Null, proto.Loop, proto.Raw, proto.UDPEncap:
		copy(out[:head], in[:head])
	case proto.Data, proto.Trailer, proto.Malformed:
	case proto.DNS, proto.MDNS, proto.LLMNR, proto.SSRP, proto.CLDAP, proto.Kerberos:
		if !l.Quoted {
			s.application(l.Proto, in, out, s.note(p, i))
		}
	default:
		if applications(l.Proto) { // of TCP: the first pass has it
			return
		}
		s.table(l.Proto, in, out, s.note(p, i), head)
	}
}

func (s *Scrubber) note(p *packet.Packet, i int) *field.Note {
	n := p.NoteOf(i)
	return &n
}

// applications reports whether a layer is one that lies in a stream.
func applications(id proto.ID) bool {
	switch id {
	case proto.TLS, proto.DNSStream, proto.NBSS, proto.NBSSContinuation, proto.SMB, proto.SMB2, proto.SMB2Transform, proto.SMB2Compressed, proto.HTTP,
		proto.LDAP, proto.KerberosStream, proto.TDS, proto.DCERPC, proto.SMTP, proto.POP, proto.IMAP:
		return true
	}
	return false
}

func (s *Scrubber) mac(in, out []byte, at int) {
	if at+6 <= len(in) {
		s.secret.MAC(out[at:at+6], in[at:at+6])
		s.counts["link-layer addresses"]++
	}
}

// address replaces an address of 4 or 16 bytes.
func (s *Scrubber) address(in, out []byte) {
	if a, ok := netip.AddrFromSlice(in); ok {
		copy(out, s.secret.Addr(a).AsSlice())
		s.counts["addresses"]++
	}
}

// ipv4 writes a header. Options keep their types and lengths, and of them only the router alert its value: routes are addresses.
func (s *Scrubber) ipv4(in, out []byte) {
	n := min(20, len(in))
	copy(out, in[:n])
	if len(in) < 20 {
		return
	}
	s.address(in[12:16], out[12:16])
	s.address(in[16:20], out[16:20])
	options(in[20:], out[20:], func(kind byte) bool { return kind == routerAlert })
}

// fragment keeps the transport's header in the first fragment of a datagram.
func (s *Scrubber) fragment(in, out []byte, head int) {
	n := map[byte]int{6: tcp.HeaderMin, 17: 8, 1: 8, 132: 12}[in[9]]
	if head+n <= len(in) {
		copy(out[head:head+n], in[head:])
	}
}

// options6 keeps the types and lengths of options (RFC 8200, 4.2), and the values of padding, router alert and jumbo payload.
func options6(in, out []byte) {
	copy(out, in[:min(2, len(in))])
	for at := 2; at+2 <= len(in); {
		if in[at] == 0 {
			at++
			continue
		}
		n := 2 + int(in[at+1])
		copy(out[at:], in[at:at+2])
		if in[at] == 5 || in[at] == 0xc2 {
			copy(out[at:min(at+n, len(in))], in[at:])
		}
		at += n
	}
}

// plainOptions are those of TCP whose values say nothing of anybody: maximum segment size, window scale, SACK permitted, SACK, time stamps.
var plainOptions = map[byte]bool{2: true, 3: true, 4: true, 5: true, 8: true}

// routerAlert is the option of IPv4 (RFC 2113) whose value is kept.
const routerAlert = 148

// tcpOptions keeps types and lengths, and the values of plainOptions.
func tcpOptions(in, out []byte) { options(in, out, func(kind byte) bool { return plainOptions[kind] }) }

// options keeps the types and lengths of options as IPv4 (RFC 791, 3.1) and TCP (RFC 9293, 3.2) have them, up to the end or the first that lies, and
// the values of those that are plain.
func options(in, out []byte, plain func(kind byte) bool) {
	for at := 0; at < len(in); {
		out[at] = in[at]
		if in[at] == 0 {
			return
		}
		if in[at] == 1 {
			at++
			continue
		}
		if at+2 > len(in) || in[at+1] < 2 {
			return
		}
		size := int(in[at+1])
		out[at+1] = in[at+1]
		if plain(in[at]) {
			copy(out[at:min(at+size, len(in))], in[at:])
		}
		at += size
	}
}

// icmpv6 writes a message, with the target and the link-layer addresses of neighbour discovery (RFC 4861, 4).
func (s *Scrubber) icmpv6(in, out []byte, head int) {
	copy(out[:head], in[:head])
	if head < 8 || in[0] < 133 || in[0] > 137 {
		return
	}
	at := map[byte]int{133: 8, 134: 16, 135: 24, 136: 24, 137: 40}[in[0]]
	if at > len(in) {
		return
	}
	if in[0] == 134 {
		copy(out[8:16], in[8:16])
	}
	for k := 8; k+16 <= at && in[0] > 134; k += 16 {
		s.address(in[k:k+16], out[k:k+16])
	}
	for at+8 <= len(in) && in[at+1] > 0 {
		n := 8 * int(in[at+1])
		copy(out[at:], in[at:at+2])
		switch {
		case in[at] <= 2 && n == 8: // link-layer address
			s.mac(in, out, at+2)
		case in[at] == 3 && n == 32 && at+32 <= len(in): // prefix
			copy(out[at:at+16], in[at:])
			s.address(in[at+16:at+32], out[at+16:at+32])
		case in[at] == 5 && at+8 <= len(in): // MTU
			copy(out[at:at+8], in[at:])
		}
		at += n
	}
}

// payload writes what stays of the transport's payload: of TCP what the first pass kept. It reports whether there are
// bytes that nothing understands.
func (s *Scrubber) payload(p *packet.Packet, seen *flow.Sighting, out []byte) (strange bool) {
	in := p.Payload
	if len(in) == 0 {
		return false
	}
	t := p.TransportLayer()
	if t < 0 || p.Layers[t].Assembled {
		s.unknownBytes(p, len(in))
		return true
	}
	at := int(p.Layers[t].End) - len(in)
	if at < 0 || int(p.Layers[t].End) > len(out) {
		return true
	}
	to := out[at:p.Layers[t].End]
	known := s.known[:len(to)]
	clear(known)
	switch {
	case p.Transport == proto.TCP && seen.Conv != nil:
		seq := p.TCP.Seq
		if p.TCP.Flags&tcp.SYN != 0 {
			seq++
		}
		s.streams.fill(side{p.Record.Pos.Source, seen.Conv.ID, seen.Dir}, seq, to, known)
	case p.Transport == proto.UDP && isDHCP(p):
		s.dhcp(in, to)
		for i := range known {
			known[i] = true
		}
	case p.Transport == proto.UDP || p.Transport == proto.ICMP || p.Transport == proto.ICMPv6:
		for i := t + 1; i < p.N; i++ {
			if l := &p.Layers[i]; l.Unit == 0 && !l.Assembled && l.Proto != proto.Data && l.Proto != proto.Trailer {
				for k := max(0, int(l.Off)-at); k < min(len(known), int(l.End)-at); k++ {
					known[k] = true
				}
			}
		}
	}
	n := 0
	for i, k := range known {
		if !k {
			if n++; s.policy == Keep {
				to[i] = in[i]
			}
		}
	}
	s.unknownBytes(p, n)
	return n > 0
}

// Meta is what stays of what the file says of a packet: text goes, whoever wrote it may have written anything.
func Meta(m *trace.Meta) *trace.Meta {
	if m == nil {
		return nil
	}
	out := *m
	out.Comments, out.Options, out.Hash, out.Process, out.OnBehalfName = nil, nil, nil, "", ""
	if out.Layer != "" { // it has the name of an adapter; the number of the component stays
		out.Layer = "place"
	}
	out.Drop = nil // its text names a component
	return &out
}
