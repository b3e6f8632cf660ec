package flow

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// Copies are the packets of a conversation that a capture has more than once.
// They are in no other count but that of sightings.
type Copies struct {
	Kinds [CopyKinds]CopiesOf
	// Resent are the segments with data, SYN or FIN among them: a reader that counts records takes them for retransmissions.
	Resent int64
	// Looped are packets that came again with a TTL lower by more hops than lie between the two
	// sides of a router. They count as packets.
	Looped int64
	// LoopFirst and LoopLast are the first and the last of those records.
	LoopFirst, LoopLast Moment
}

// CopiesOf are the copies of one kind.
type CopiesOf struct {
	Count    int64
	Hops     [2]uint8 // smallest and largest difference of the TTL
	Longest  int64    // nanoseconds between a packet and its copy, at most
	Examples []Copy   // the first ones
}

// A Copy is a record of a packet that an earlier record has already.
type Copy struct{ First, Again trace.Pos }

// CopyKind says how a copy differs from the first record.
type CopyKind uint8

const (
	CopyMirrored  CopyKind = iota // in nothing: the same frame was recorded twice
	CopyRouted                    // its TTL: it was recorded on both sides of a router
	CopyInterface                 // its interface: it passed two of the recording machine
	CopyRelinked                  // its link layer: other addresses, another VLAN
	CopyTunnelled                 // the tunnel around it
	CopyKinds     = iota          // number of kinds
)

// Count is the number of all copies.
func (c *Copies) Count() (n int64) {
	if c == nil {
		return 0
	}
	for i := range c.Kinds {
		n += c.Kinds[i].Count
	}
	return n
}

// loop counts a packet that came again in a loop.
func (c *Copies) loop(now *Moment) {
	if c.Looped++; c.Looped == 1 {
		c.LoopFirst = *now
	}
	c.LoopLast = *now
}

func (c *Conversation) copies() *Copies {
	if c.Copies == nil {
		c.Copies = new(Copies)
	}
	return c.Copies
}

// maxCopies bounds the examples of one kind.
const maxCopies = 5

// maxHops is how far the TTLs of the two sides of a router, or of a few, lie apart.
const maxHops = 3

// KeepDuplicates makes the tracker take every record for a packet of its own,
// as Wireshark does. What a recorder itself names as places of one stack stays
// one packet. Call it before the first packet.
func (t *Tracker) KeepDuplicates() { t.keep = true }

// Copies is the number of records that show a packet again which an earlier record shows, of all conversations.
func (t *Tracker) Copies() int64 { return t.copies }

// copied reports whether the packet was recorded a moment ago at another place,
// or twice at the same, and remembers it when it was not.
//
//  1. A segment of TCP that moves its sender's numbers on is none: it costs two comparisons.
//  2. Everything that hops and offloads leave alone must be equal, with an
//     earlier packet of the same sender in the same conversation, within 2 ms;
//     so must the TCP checksum, unless a card was to fill it in.
//  3. What tells a copy from a second packet with the same content: see [flow.isCopy].
func (t *Tracker) copied(f *flow, p *packet.Packet, s *Sighting, flipped bool, now *Moment) bool {
	if now.Time == trace.NoTime || p.Flags&packet.TransportMissing != 0 {
		return false
	}
	t.clock.pass(now.Time)
	tr := f.trail()
	if tr == nil {
		tr = t.trails.give(f, t.clock.time())
	}
	dir := index(flipped)
	whole := f.tcp != nil && p.Flags&packet.Fragment == 0
	var q *passed
	if whole && f.tcp.side[s.Dir].movesOn(&segment{seq: p.TCP.Seq, ack: p.TCP.Ack, len: uint32(p.PayloadLen), flags: p.TCP.Flags}, f.tcp.info.Sides[s.Dir].AckSent) {
		q = tr.add(now.Time, &t.trails)
		q.fill(p, s, now, dir, true)
	} else {
		var again passed
		again.fill(p, s, now, dir, whole)
		e, falls := f.find(&again, p, dir)
		if e != nil {
			t.copies++
			f.noteCopy(e, &again, p, s, now, dir)
			return true
		}
		if falls {
			f.copies().loop(now)
		}
		q = tr.add(now.Time, &t.trails)
		*q = again
	}
	tr.last[dir] = q.number
	from := &f.sender[dir]
	from.notes |= heard
	if p.Flags&packet.Fragment == 0 {
		from.identified(p.IPID)
	}
	if q.tunnel&takesNumber != 0 {
		from.took(true)
	}
	return false
}

// quotedAgain reports whether the ICMP error that quotes a packet of the
// conversation was recorded before. The conversation of the error itself says
// so too, but may be followed elsewhere: see [LanesOf].
func (t *Tracker) quotedAgain(f *flow, p *packet.Packet, now *Moment) bool {
	if m := p.Record.Meta; now.Time == trace.NoTime || m != nil && m.Layer != "" {
		return false
	}
	tr := f.trail()
	if tr == nil {
		tr = t.trails.give(f, t.clock.time())
	}
	var q passed
	q.fill(p, nil, now, 0, false)
	for i := range tr.n {
		e := tr.at(i)
		if e.key == q.key && near(q.time, e.time, sightingWindow) && (p.IPID > 1 || !e.at(q.place[0])) {
			return true
		}
	}
	*tr.add(now.Time, &t.trails) = q
	return false
}

// fill takes the packet: a whole TCP segment, or anything else.
func (q *passed) fill(p *packet.Packet, s *Sighting, now *Moment, dir int, segment bool) {
	q.time, q.number, q.offset = now.Time, uint32(now.Pos.Number), uint32(now.Pos.Offset)
	q.place = [2]uint16{recordedAt(p)}
	q.ttl, q.times, q.iface = p.TTL, 1, uint8(p.Record.Interface)
	q.vlan, q.tunnel = uint16(p.VLAN+1), uint8(min(p.Tunnel, tunnelMask))
	if segment {
		q.segment(p, s)
	} else {
		q.sum, q.key = 0, datagramKey(p)
	}
	q.key ^= uint32(dir)
}

// patience is how long after a packet another record of it is waited for. A
// connection that is over is not waited for long: there may be millions of them.
func (f *flow) patience() int64 {
	if f.over {
		return sightingWindow
	}
	return groupWindow
}

// movesOn reports whether a segment moves the numbers of its sender on, and so is no copy of an earlier one.
func (s *side) movesOn(g *segment, ackSent uint32) bool {
	if s.next == 0 || g.len > 1 && gt(g.seq+g.len, s.next) {
		return true
	}
	return g.flags&tcp.ACK != 0 && gt(g.ack, s.ack) && gt(g.ack, ackSent)
}

// segment fills in what identifies a whole TCP segment.
func (q *passed) segment(p *packet.Packet, s *Sighting) {
	h := &p.TCP
	options := uint64(len(h.Options))
	if options >= 12 {
		options ^= binary.BigEndian.Uint64(h.Options[4:]) // the values of plain time stamps
	}
	q.key, q.sum = segmentKey(h.Seq, h.Ack, h.Flags, uint32(h.Window), uint32(p.PayloadLen), p.IPID, options), h.Checksum
	if s.Checksum == packet.ChecksumPartial || s.Checksum == packet.ChecksumPartialLSO {
		q.tunnel |= partialSum
	}
	if p.PayloadLen > 0 || h.Flags&(tcp.SYN|tcp.FIN) != 0 {
		q.tunnel |= takesNumber
	}
}

// segmentKey is what identifies a segment; options stands for its options.
func segmentKey(seq, ack uint32, flags tcp.Flags, window, length uint32, id uint16, options uint64) uint32 {
	x := (uint64(seq)<<32 | uint64(ack)) * 0x9e3779b97f4a7c15
	y := (uint64(flags)<<48 ^ uint64(window)<<32 ^ uint64(length) ^ uint64(id)<<16) * 0xff51afd7ed558ccd
	x ^= y>>17 ^ y<<47 ^ options*0xc4ceb9fe1a85ec53
	return uint32(x>>32) ^ uint32(x)
}

// datagramBytes is how much of anything but TCP identifies it: of UDP the header with its checksum and 40 bytes.
const datagramBytes = 48

// datagramKey is what identifies any other packet.
func datagramKey(p *packet.Packet) uint32 {
	at := p.NetworkLayer()
	if at < 0 {
		return 0
	}
	l := &p.Layers[at]
	b := p.Bytes(at)
	x := blend(uint64(p.IPID)<<32|uint64(uint32(l.Wire-l.Off)), uint64(p.IPProto))
	if l.Proto == proto.IPv4 && len(b) >= 8 {
		x = blend(x, uint64(b[6]&0x3f)<<8|uint64(b[7])) // the place of a fragment
	}
	b = b[min(int(l.Header), len(b)):]
	b = b[:min(len(b), datagramBytes)]
	for ; len(b) >= 8; b = b[8:] {
		x = blend(x, binary.LittleEndian.Uint64(b))
	}
	for _, c := range b {
		x = blend(x, uint64(c))
	}
	return uint32(x >> 32)
}

// blend joins two numbers. It is fixed: a capture can be made to have collisions, and then misses nothing but copies.
func blend(a, b uint64) uint64 {
	a = (a ^ b*0xff51afd7ed558ccd) * 0x9e3779b97f4a7c15
	return a ^ a>>32
}

// recordedAt is where a packet was recorded: its interface, its link layer and its TTL.
func recordedAt(p *packet.Packet) uint16 {
	b := p.Record.Data
	if at := p.NetworkLayer(); at >= 0 && !p.Layers[at].Assembled {
		b = b[:p.Layers[at].Off]
	}
	return placeOf(b, p.TTL, p.Record.Interface)
}

func placeOf(b []byte, ttl uint8, iface int) uint16 {
	n := len(b)
	x := (uint64(ttl)<<32 | uint64(uint32(iface)) ^ uint64(n)<<40) * 0x9e3779b97f4a7c15
	if n >= 8 {
		x ^= binary.LittleEndian.Uint64(b)*0xff51afd7ed558ccd ^ binary.LittleEndian.Uint64(b[n-8:])*0xc4ceb9fe1a85ec53
	}
	return uint16((x ^ x>>32) * 0x9e3779b97f4a7c15 >> 48)
}

// find is the newest packet of the trail that q is a copy of, nil when it is none.
// A packet that came with a TTL that many hops lie between is in a loop, and so is every one of its records after that; falls says that its TTL is the lower one.
func (f *flow) find(q *passed, p *packet.Packet, dir int) (found *passed, falls bool) {
	tr := f.passed
	for i := tr.n; i > 0; i-- {
		e := tr.at(i - 1)
		wait := min(queueTime, f.patience())
		if tr.n-i < fewPassed {
			wait = f.patience()
		}
		if e.key != q.key || !near(q.time, e.time, wait) || !e.sameSum(q) {
			continue
		}
		if hops := int(e.ttl) - int(q.ttl); hops > maxHops || hops < -maxHops {
			q.tunnel |= looped
			return nil, hops > 0
		}
		if found == nil && e.tunnel&looped == 0 && f.isCopy(e, q, p, dir) {
			found = e
		}
	}
	return found, false
}

// sameSum reports whether the checksums can be of one segment.
func (e *passed) sameSum(q *passed) bool {
	return e.sum == q.sum || (e.tunnel|q.tunnel)&partialSum != 0
}

// isCopy tells a copy of e from a second packet with the same content. A copy that is
// missed counts as a packet; a retransmission that is taken for a copy is hidden. So it takes one of these:
//
//  1. It was recorded at another place: another interface, other addresses
//     on the link, or a TTL that differs by a few hops. A packet passes a place
//     once, so another place is another sighting of the same.
//  2. It has the same identification, from a sender that numbers its packets.
//     With 1 it may have been held in a queue, or for the answer to an ARP request, for up to a second.
//  3. Nothing else tells (IPv6, an identification of 0). Then a segment with
//     data, SYN or FIN is a copy when its sender cannot have sent it again: no
//     timer is as short as 2 ms, and an acknowledgement that asked for it would
//     be between the two. An acknowledgement alone may well be repeated.
//  4. The same, where the sender's segments were all recorded twice so far, and this one once.
func (f *flow) isCopy(e, q *passed, p *packet.Packet, dir int) bool {
	from, other := &f.sender[dir], 1-dir
	numbered := from.told(p.IPID) || p.IPID != 0 && p.Has(packet.Fragment)
	soon := near(q.time, e.time, sightingWindow)
	switch elsewhere := !e.at(q.place[0]); {
	case elsewhere && numbered:
		return true
	case !soon:
		return false
	case elsewhere || numbered:
		return true
	case p.Transport != proto.TCP:
		return false
	case from.doubled():
		return e.times == 1
	case q.tunnel&takesNumber == 0:
		return false
	case p.TCP.Flags&(tcp.SYN|tcp.ACK) == tcp.SYN:
		return true
	}
	last := f.passed.last[other] // 0 when its records are long past
	return f.sender[other].notes&heard != 0 && (last == 0 || int32(e.number-last) > 0)
}

// at reports whether the packet was recorded at the place.
func (e *passed) at(place uint16) bool {
	return e.place[0] == place || e.times > 1 && e.place[1] == place
}

// noteCopy counts the record q, which is one more of packet e.
func (f *flow) noteCopy(e, q *passed, p *packet.Packet, s *Sighting, now *Moment, dir int) {
	s.Of = now.Pos
	s.Of.Number -= int64(int32(q.number - e.number))
	s.Of.Offset -= int64(int32(q.offset - e.offset))
	s.Since = q.time - e.time
	e.times += min(1, 255-e.times)
	s.Nth = int(e.times)
	if e.times == 2 {
		e.place[1] = q.place[0]
		if e.tunnel&takesNumber != 0 {
			f.sender[dir].took(false)
		}
	}
	if e.tunnel&takesNumber != 0 {
		f.copies().Resent++
	}
	hops := uint8(max(e.ttl, q.ttl) - min(e.ttl, q.ttl))
	c := &f.copies().Kinds[e.kind(q, p.Record.Link)]
	if c.Count++; c.Count == 1 {
		c.Hops = [2]uint8{hops, hops}
	}
	c.Hops = [2]uint8{min(c.Hops[0], hops), max(c.Hops[1], hops)}
	c.Longest = max(c.Longest, s.Since)
	if len(c.Examples) < maxCopies {
		c.Examples = append(c.Examples, Copy{s.Of, now.Pos})
	}
}

// kind says how the record q differs from e.
func (e *passed) kind(q *passed, link trace.LinkType) CopyKind {
	switch {
	case (e.tunnel^q.tunnel)&tunnelMask != 0:
		return CopyTunnelled
	case e.ttl != q.ttl:
		return CopyRouted
	case e.iface != q.iface:
		return CopyInterface
	case e.place[0] == q.place[0]:
		return CopyMirrored
	case e.vlan == q.vlan && (link == trace.LinkLinuxSLL || link == trace.LinkLinuxSLL2):
		return CopyInterface // their header has nothing but the interface, and on which way the packet passed it
	}
	return CopyRelinked
}
