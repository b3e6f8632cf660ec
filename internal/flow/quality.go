package flow

import (
	"cmp"
	"math"
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
	src, dst := t.hosts.at(t.source, p.Src, order(p, 0)), t.hosts.at(t.source, p.Dst, order(p, 1))
	if flipped {
		src, dst = dst, src
	}
	e.hosts = [2]uint32{src.index, dst.index}
}

// between are the hosts that sent and received a packet.
func (t *Tracker) between(e *entry, flipped bool) (from, to *Host) {
	from, to = t.hosts.list[e.hosts[0]-1], t.hosts.list[e.hosts[1]-1]
	if flipped {
		from, to = to, from
	}
	return from, to
}

// weigh counts the evidence of offload and of the capture's place that a packet carries.
//
// Packets of one end are nearly all alike in what counts for hosts: they are
// counted in the conversation, and for the hosts when one comes that is not
// like them, or no more come. See [Tracker.settle].
func (t *Tracker) weigh(e *entry, f *flow, p *packet.Packet, s *Sighting, flipped bool, now *Moment) {
	ip := network(p)
	end := index(flipped)
	w := &f.weighed[end]
	w.maxFrame = max(w.maxFrame, uint32(p.Record.WireLen))
	if k := kindOf(p, ip, s.Checksum); w.kind != k || w.n == math.MaxUint32 {
		t.settleEnd(e, f, end)
		w.kind = k
	}
	w.n++
	if f.tcp != nil && p.PayloadLen > 0 {
		f.tcp.info.Sides[s.Dir].LastAlert = p.PayloadLen <= maxAlert && alert(p.Payload)
	}
	if p.Transport == proto.TCP && p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN {
		from, _ := t.between(e, flipped)
		from.SYNs++
	}
	if odd := p.Has(packet.LengthZero) && !p.Has(packet.PayloadUnknown); odd || s.Checksum >= packet.ChecksumPartial || oversized(f, p, ip, s.Dir) {
		t.weighOdd(e, f, p, s, flipped, now)
	}
}

// weighOdd counts what is not said by the kind of the packet: lengths, and examples.
func (t *Tracker) weighOdd(e *entry, f *flow, p *packet.Packet, s *Sighting, flipped bool, now *Moment) {
	from, to := t.between(e, flipped)
	d := &f.Dir[s.Dir]
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
		earlier(&from.FirstPartialLSO, now)
	case packet.ChecksumBad:
		example(&from.FirstBad, &from.BadExamples, now)
	}
}

// maxAlert is the longest TLS alert with padding and the keyed hash of any cipher suite.
const maxAlert = 5 + 128

// alert reports whether the payload is one TLS alert record (RFC 5246, 7.2), or
// an encrypted one of TLS 1.3: alert, content type and tag in a record of application data (RFC 8446, 5.2).
func alert(b []byte) bool {
	if len(b) < 7 || b[1] != 3 || len(b) != 5+int(b[3])<<8+int(b[4]) {
		return false
	}
	return b[0] == 21 || b[0] == 23 && len(b) == 5+2+1+16
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
		switch l := &p.Layers[i]; {
		case l.Proto == proto.TCP && p.Transport == proto.TCP: // of a header that was cut there is only the layer
			return int(l.Off) - int(p.Layers[ip].Off) + 20 + len(p.TCP.Options) + p.PayloadLen
		case l.Proto == proto.UDP:
			return int(l.Off) - int(p.Layers[ip].Off) + 8 + p.PayloadLen
		}
	}
	return p.Record.WireLen - int(p.Record.FCS) - int(p.Layers[ip].Off)
}

// example notes that something happened. Conversations whose hosts are shared are not followed in order of the records.
func example(first *Moment, list *[]Moment, now *Moment) {
	earlier(first, now)
	n := len(*list)
	if n == maxExamples && now.Pos.Number > (*list)[n-1].Pos.Number {
		return
	}
	at, _ := slices.BinarySearchFunc(*list, now.Pos.Number, func(m Moment, number int64) int { return cmp.Compare(m.Pos.Number, number) })
	*list = slices.Insert((*list)[:min(n, maxExamples-1)], at, *now)
}

// earlier keeps the first of the moments at which something happened.
func earlier(first, now *Moment) {
	if !first.Seen() || now.Pos.Number < first.Pos.Number {
		*first = *now
	}
}
