package flow

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// headLen is how many bytes of a packet are compared one by one, from the
// network layer on. A recorder that cuts frames at 128 bytes keeps 94 of them
// behind the longest Wi-Fi header.
const headLen = 112

// transportKey is how much of the transport header finds a packet again: all that TCP has without options.
const transportKey = 20

// An identity is what tells a packet from others wherever in a stack it is
// seen: its bytes from the network layer on, without those that a hop or an
// offload rewrites. The link layer is left out, because Wi-Fi drivers replace
// it, and so is what a switch or a router changes on the way.
type identity struct {
	key   uint64 // of the headers and the length on the wire
	body  uint64 // of what follows head; valid iff whole
	n     uint8  // bytes in head
	whole bool   // nothing of the packet was cut
	ttl   uint8
	ipid  uint16 // of a TCP segment over IPv4 that is no fragment, which its sequence number finds again; else in head
	head  [headLen]byte
}

// same reports whether two sightings can be of one packet. What was cut from
// one of them is not compared. A packet that was dropped before its IP header
// was finished has no identification yet.
func (a *identity) same(b *identity, unfinished bool) bool {
	if a.key != b.key || a.whole && b.whole && a.body != b.body {
		return false
	}
	if a.ipid != b.ipid && !(unfinished && (a.ipid == 0 || b.ipid == 0)) {
		return false
	}
	n := min(a.n, b.n)
	return bytes.Equal(a.head[:n], b.head[:n])
}

// identify fills in the identity of a packet.
func (t *recent) identify(p *packet.Packet, id *identity) {
	at := identityLayer(p)
	b, length := p.Record.Data, p.Record.WireLen // of a frame that nothing is decoded of
	if at >= 0 {
		b = p.Bytes(at)
		length = int(p.Layers[at].Wire - p.Layers[at].Off)
	}
	n := copy(id.head[:], b)
	id.n, id.whole, id.ttl, id.ipid = uint8(n), len(b) >= length, p.TTL, 0
	key := n
	if at >= 0 {
		end, transport := id.mask(p, at)
		if end > 0 {
			key = min(end, n)
		}
		if transport {
			length = p.PayloadLen // the IP length may be 0 here and filled in below
		}
	}
	id.body = 0
	if id.whole && len(b) > n {
		id.body = maphash.Bytes(t.seed, b[n:])
	}
	scratch := t.scratch[:8+key]
	binary.LittleEndian.PutUint64(scratch, uint64(length)<<8|uint64(p.IPProto))
	copy(scratch[8:], id.head[:key])
	id.key = maphash.Bytes(t.seed, scratch)
}

// identityLayer is the layer that an identity begins with: the innermost
// network layer of the frame, or what the link layer carries when there is none.
func identityLayer(p *packet.Packet) int {
	at := -1
	for i := range p.N {
		l := &p.Layers[i]
		if l.Quoted || l.Assembled || l.Proto == proto.Trailer {
			break
		}
		at = i
		if l.Proto == proto.IPv4 || l.Proto == proto.IPv6 {
			break
		}
	}
	if ip := network(p); ip >= 0 && !p.Layers[ip].Assembled {
		return ip
	}
	return at
}

// mask clears what is rewritten on the way through a host: traffic class, TTL,
// the length that segmentation offload fills in, checksums that the card or a
// switch computes. It returns where the part of the headers ends that finds a
// packet again, 0 without a network layer; and whether the transport's header
// is in the frame: that of a fragment is none of it, complete or not.
func (id *identity) mask(p *packet.Packet, at int) (end int, transport bool) {
	h := id.head[:id.n]
	l := &p.Layers[at]
	switch {
	case l.Proto == proto.IPv4 && len(h) >= 20:
		h[1], h[2], h[3], h[8], h[10], h[11] = 0, 0, 0, 0, 0, 0
	case l.Proto == proto.IPv6 && len(h) >= 40:
		h[0], h[1] = h[0]&0xf0, h[1]&0x0f
		h[4], h[5], h[7] = 0, 0, 0
	default:
		return 0, false
	}
	for i := at + 1; i < p.N; i++ {
		t := &p.Layers[i]
		if t.Proto != p.Transport || t.Quoted || t.Assembled {
			continue
		}
		off := int(t.Off - l.Off)
		switch sum := off + 16; {
		case t.Proto == proto.TCP && sum+2 <= len(h):
			h[sum], h[sum+1] = 0, 0
			if l.Proto == proto.IPv4 {
				id.ipid = uint16(h[4])<<8 | uint16(h[5])
				h[4], h[5], h[6] = 0, 0, 0
			}
		case t.Proto == proto.UDP && off+8 <= len(h):
			h[off+6], h[off+7] = 0, 0
		}
		return off + transportKey, true
	}
	return int(l.Header) + transportKey, false
}
