package flow

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// maxExamples bounds the records that a host keeps as examples of one oddity.
const maxExamples = 20

// maxPacket is the largest IP packet of an Ethernet link without jumbo frames.
const maxPacket = 1500

// meet finds or makes the hosts of a new pair.
func (t *Tracker) meet(e *entry, p *packet.Packet, flipped bool) {
	src, dst := t.host(p.Src, order(p, 0)), t.host(p.Dst, order(p, 1))
	if flipped {
		src, dst = dst, src
	}
	e.hosts = [2]uint32{src.index, dst.index}
}

func (t *Tracker) host(a netip.Addr, order int64) *Host {
	h := t.hosts[a]
	if h == nil {
		t.order = append(t.order, nil)
		h = &Host{Source: t.source, Addr: a, order: order, index: uint32(len(t.order))}
		t.order[h.index-1], t.hosts[a] = h, h
	}
	return h
}

// weigh counts the evidence of offload and of the capture's place that a packet carries.
func (t *Tracker) weigh(e *entry, f *flow, p *packet.Packet, s *Sighting, flipped bool, now *Moment) {
	from, to := t.order[e.hosts[0]-1], t.order[e.hosts[1]-1]
	if flipped {
		from, to = to, from
	}
	d := &f.Dir[s.Dir]
	from.Sent.Checksums[s.Checksum]++
	to.Received.Checksums[s.Checksum]++
	from.Sent.Packets++
	to.Received.Packets++
	from.Sent.MaxFrame = max(from.Sent.MaxFrame, p.Record.WireLen)
	to.Received.MaxFrame = max(to.Received.MaxFrame, p.Record.WireLen)
	if p.Has(packet.LengthZero) && !p.Has(packet.PayloadUnknown) { // a short frame may be padded: its length proves nothing
		d.LengthZero++
		from.Sent.LengthZero++
		to.Received.LengthZero++
		example(&from.FirstLengthZero, &from.LengthZeroExamples, now)
	}
	ip := network(p)
	if oversized(f, p, ip, s.Dir) {
		pieces := piecesOf(f, p, ip)
		d.Oversized++
		d.pieces += pieces - 1
		from.Sent.oversized(p.PayloadLen, pieces)
		to.Received.oversized(p.PayloadLen, pieces)
		example(&from.FirstOversized, &from.OversizedExamples, now)
	}
	switch s.Checksum {
	case packet.ChecksumPartial:
		example(&from.FirstPartial, &from.PartialExamples, now)
	case packet.ChecksumPartialLSO:
		if !from.FirstPartialLSO.Seen() {
			from.FirstPartialLSO = *now
		}
	case packet.ChecksumBad:
		example(&from.FirstBad, &from.BadExamples, now)
	}
	from.place(p, ip)
	if f.tcp != nil && p.PayloadLen > 0 {
		f.tcp.info.Sides[s.Dir].LastAlert = p.PayloadLen <= maxAlert && alert(p)
	}
}

// maxAlert is the longest TLS alert with padding and the keyed hash of any cipher suite.
const maxAlert = 5 + 128

// alert reports whether the payload is one TLS alert record (RFC 5246, 7.2), or
// an encrypted one of TLS 1.3: alert, content type and tag in a record of application data (RFC 8446, 5.2).
func alert(p *packet.Packet) bool {
	b := p.Payload
	if len(b) < 7 || b[1] != 3 || len(b) != 5+int(b[3])<<8+int(b[4]) {
		return false
	}
	return b[0] == 21 || b[0] == 23 && len(b) == 5+2+1+16
}

// place counts what tells whether the capture was taken on the sending host.
func (h *Host) place(p *packet.Packet, ip int) {
	h.TTLs[p.TTL] = true
	if p.TTL == 64 || p.TTL == 128 || p.TTL == 255 {
		h.InitialTTL++
	}
	if ip >= 0 && p.Layers[ip].Proto == proto.IPv4 && noChecksum(p, ip) {
		h.IPChecksumZero++
	}
	h.Place.weigh(p, ip)
	if p.Transport == proto.TCP && p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN {
		h.SYNs++
	}
}

// noChecksum reports whether the IPv4 header at layer ip has a checksum of 0.
func noChecksum(p *packet.Packet, ip int) bool {
	b := p.Record.Data
	if p.Layers[ip].Assembled {
		b = p.Assembled
	}
	at := int(p.Layers[ip].Off) + 10
	return at+2 <= len(b) && b[at] == 0 && b[at+1] == 0
}

// network is the index of the network layer that Src and Dst come from, -1 without.
func network(p *packet.Packet) int { return p.NetworkLayer() }

// oversized reports whether the packet was never on a wire like this: a TCP
// segment above the size that its receiver announced (RFC 9293, 3.7.1), or, when
// that is unknown, an IP packet above what Ethernet carries.
func oversized(f *flow, p *packet.Packet, ip, dir int) bool {
	if f.tcp != nil {
		if mss := f.tcp.info.Sides[1-dir].MSS; mss > 0 {
			return p.PayloadLen > mss
		}
	}
	if ip < 0 || p.Layers[ip].Assembled || p.Record.WireLen <= maxPacket {
		return false
	}
	return datagram(p, ip) > maxPacket
}

// datagram is the length of the IP packet: up to the end of the transport's
// payload where that is known, so that neither padding nor a frame check sequence counts.
func datagram(p *packet.Packet, ip int) int {
	for i := ip + 1; i < p.N; i++ {
		switch l := &p.Layers[i]; l.Proto {
		case proto.TCP:
			return int(l.Off) - int(p.Layers[ip].Off) + 20 + len(p.TCP.Options) + p.PayloadLen
		case proto.UDP:
			return int(l.Off) - int(p.Layers[ip].Off) + 8 + p.PayloadLen
		}
	}
	return p.Record.WireLen - int(p.Record.FCS) - int(p.Layers[ip].Off)
}

func example(first *Moment, list *[]Moment, now *Moment) {
	if !first.Seen() {
		*first = *now
	}
	if len(*list) < maxExamples {
		*list = append(slices.Grow(*list, 1), *now)
	}
}
