package flow

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// Lanes is how many shares the conversations of a source are dealt into. It
// is fixed, so that what a lane sees, and so what it says, does not depend on
// how many workers there are.
const Lanes = 16

// A LaneSet is the set of lanes that have something to say of one packet.
type LaneSet uint16

// Has reports whether lane i is in the set.
func (s LaneSet) Has(i int) bool { return s>>i&1 != 0 }

// LaneOf is the lane of a frame that holds TCP or UDP in plain sight: no
// fragment, no tunnel, no quotation, headers captured. ok is false for any
// other frame: it must be decoded to know, see [LanesOf].
func LaneOf(link trace.LinkType, b []byte, wire int) (lane int, mark Mark, ok bool) {
	if link != trace.LinkEthernet || len(b) < 14 {
		return 0, 0, false
	}
	be := binary.BigEndian
	if len(b) >= plainMin { // most are IPv4 and TCP without a tag
		h := (*[plainMin]byte)(b)
		n := uint(h[46]>>4) * 4
		if h[12] == 8 && h[13] == 0 && h[atIP] == 0x45 && h[23] == 6 && be.Uint16(h[20:])&0x3fff == 0 &&
			n >= tcp.HeaderMin && n+20 <= uint(be.Uint16(h[16:])) && n+20+atIP <= uint(wire) {
			lane, mark = lane2(0, uint64(be.Uint32(h[26:])), be.Uint16(h[34:]), 0, uint64(be.Uint32(h[30:])), be.Uint16(h[36:]))
			return lane, mark, true
		}
	}
	return laneOfAny(b, wire)
}

// laneOfAny is LaneOf for any frame of Ethernet.
func laneOfAny(b []byte, wire int) (lane int, mark Mark, ok bool) {
	be := binary.BigEndian
	at, kind := 14, be.Uint16(b[12:])
	if kind == 0x8100 && len(b) >= 18 { // one VLAN tag
		at, kind = 18, be.Uint16(b[16:])
	}
	switch {
	case kind == 0x0800 && len(b) >= at+28:
		h := (*[28]byte)(b[at:])
		if h[0] != 0x45 || be.Uint16(h[6:])&0x3fff != 0 {
			return 0, 0, false
		}
		size := int(be.Uint16(h[2:]))
		if !plainTransport(h[9], b[at+20:], size-20, wire-at-20) {
			return 0, 0, false
		}
		addresses, ports := be.Uint64(h[12:]), be.Uint32(h[20:])
		lane, mark = lane2(0, addresses>>32, uint16(ports>>16), 0, addresses&0xffffffff, uint16(ports))
		return lane, mark, true
	case kind == 0x86dd && len(b) >= at+48:
		h := (*[48]byte)(b[at:])
		size := int(be.Uint16(h[4:]))
		if h[0]>>4 != 6 || !plainTransport(h[6], b[at+40:], size, wire-at-40) {
			return 0, 0, false
		}
		lane, mark = lane2(be.Uint64(h[8:]), be.Uint64(h[16:]), be.Uint16(h[40:]), be.Uint64(h[24:]), be.Uint64(h[32:]), be.Uint16(h[42:]))
		return lane, mark, true
	}
	return 0, 0, false
}

// plainTransport reports whether b is the start of a whole TCP or UDP header
// in an IP payload of size bytes, of which left are in the frame, and carries no tunnel.
func plainTransport(protocol byte, b []byte, size, left int) bool {
	switch protocol {
	case 6:
		if len(b) < 20 {
			return false
		}
		n := int(b[12]>>4) * 4
		return n >= 20 && n <= size && n <= left
	case 17:
		length := int(binary.BigEndian.Uint16(b[4:]))
		return length >= 8 && length <= size && size <= left &&
			!packet.TunnelPorts(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	}
	return false
}

// LanesOf are the lanes of a decoded packet: that of its conversation, those
// of the pairs that outer headers name, and that of the pair that an ICMP
// error quotes. A packet without a network layer has none.
func LanesOf(p *packet.Packet) (s LaneSet) {
	if !p.Src.IsValid() || !p.Dst.IsValid() {
		return 0
	}
	src, dst := ports(p)
	s = 1 << laneOf(p.Src, p.Dst, src, dst)
	if p.Tunnel > 0 {
		for o := range outerPairs(p) {
			s |= 1 << laneOf(o.src, o.dst, o.srcPort, o.dstPort)
		}
	}
	if p.QuotedSrc.IsValid() && p.QuotedDst.IsValid() {
		s |= 1 << laneOf(p.QuotedSrc, p.QuotedDst, p.QuotedSrcPort, p.QuotedDstPort)
	}
	return s
}

// LaneOfPair is the lane of a decoded packet's conversation.
func LaneOfPair(p *packet.Packet) int {
	src, dst := ports(p)
	return laneOf(p.Src, p.Dst, src, dst)
}

func laneOf(a, b netip.Addr, aPort, bPort uint16) int {
	aHi, aLo := words(a)
	bHi, bLo := words(b)
	lane, _ := lane2(aHi, aLo, aPort, bHi, bLo, bPort)
	return lane
}

// A Mark is some bits of a hash of a pair of endpoints, the same in both
// directions: a hint where the conversation may be.
type Mark uint32

// lane2 is the lane of a pair of endpoints, the same for both directions. The
// multipliers are fixed: a capture that puts everything into one lane is slow, not wrong.
func lane2(aHi, aLo uint64, aPort uint16, bHi, bLo uint64, bPort uint16) (lane int, mark Mark) {
	h := (endpoint(aHi, aLo, aPort) + endpoint(bHi, bLo, bPort)) * 0x9e3779b97f4a7c15
	return int(h >> 60), Mark(h >> 28)
}

func endpoint(hi, lo uint64, port uint16) uint64 {
	x := (lo<<16 ^ lo>>48 ^ uint64(port) ^ hi*0xff51afd7ed558ccd) * 0xc4ceb9fe1a85ec53
	return x ^ x>>32
}

// NewLane returns a tracker that follows only the conversations of one lane.
// It leaves numbers to [Merge]: until then Stream is -1 and ID counts in the lane.
func NewLane(source, lane int) *Tracker {
	t := NewTracker(source)
	t.lane = lane
	t.marked = make([]marked, marks)
	return t
}

// mine reports whether the pair belongs to this tracker.
func (t *Tracker) mine(a, b netip.Addr, aPort, bPort uint16) bool {
	return t.lane < 0 || laneOf(a, b, aPort, bPort) == t.lane
}

// Merge puts the lanes of one source together: conversations in order of
// their first packet, with the numbers that one tracker would have given
// them; hosts with what all lanes saw of them. The lanes are used up. taken, when not nil, is told the numbers in
// ascending order: the next conversation of which lane has the next number.
func Merge(lanes []*Tracker, taken func(lane int)) *Tracker {
	all := NewTracker(lanes[0].source)
	named := false
	for _, l := range lanes {
		all.copies += l.copies
		named = named || len(l.names) > 0
		l.End() // the tables are not needed any more, and what comes now needs memory
	}
	all.merged = all.join(lanes, named, taken)
	all.mergeHosts(lanes)
	for _, l := range lanes { // what is packed stays, and keeps the lane
		l.hosts, l.convs, l.cold.spare, l.cold.live, l.cold.buffer = nil, nil, nil, nil, nil
	}
	return all
}

// join makes one list of the conversations of the lanes, in the order in which they began.
func (t *Tracker) join(lanes []*Tracker, named bool, taken func(lane int)) *part {
	total := 0
	next, first := make([]int, len(lanes)), make([]int64, len(lanes))
	for i, l := range lanes {
		total += len(l.convs)
		first[i] = l.began(0)
	}
	p := newPart(total)
	p.source, p.streams = t.source, make([]int32, total)
	for _, l := range lanes {
		p.colds = append(p.colds, &l.cold)
	}
	for range total {
		at := 0 // a look at all lanes costs less than a heap of so few
		for i, n := range first {
			if n < first[at] {
				at = i
			}
		}
		p.take(lanes[at], next[at], at)
		if taken != nil {
			taken(at)
		}
		next[at]++
		first[at] = lanes[at].began(next[at])
	}
	if named {
		t.renumber(lanes, p)
		return p
	}
	for i := range p.refs {
		p.number(i, t.next(p.proto(i)))
	}
	return p
}

// began is the record in which conversation id began, beyond all records when there is none.
func (t *Tracker) began(id int) int64 {
	switch {
	case id >= len(t.convs):
		return math.MaxInt64
	case t.convs[id] != nil:
		return t.convs[id].First.Pos.Number
	}
	return t.cold.head(id).first
}

// take appends conversation id of a tracker, packed or not.
func (p *part) take(t *Tracker, id, cold int) {
	if c := t.convs[id]; c != nil {
		c.ID = len(p.refs)
		p.refs = append(p.refs, refLive|ref(len(p.live)))
		p.traits = append(p.traits, c.Traits())
		p.live = append(p.live, c)
		return
	}
	at := t.cold.place(id)
	p.refs = append(p.refs, refPacked(cold, int(at.chunk), int(at.offset)))
	p.traits = append(p.traits, at.traits)
}

// number gives the conversation at place i its number among those of its protocol.
func (p *part) number(i int, n int32) {
	if r := p.refs[i]; r.live() {
		p.live[r.index()].Stream = int(n)
		return
	}
	p.streams[i] = n
}

// proto is the protocol of the conversation at place i: only TCP is packed.
func (p *part) proto(i int) proto.ID {
	if r := p.refs[i]; r.live() {
		return p.live[r.index()].Proto
	}
	return proto.TCP
}

func (p *part) order(i int) int64 {
	r := p.refs[i]
	if r.live() {
		return p.live[r.index()].order
	}
	return p.head(r).order
}

// renumber gives stream numbers where pairs were named before they had a packet.
func (t *Tracker) renumber(lanes []*Tracker, p *part) {
	type numbered struct {
		order int64
		proto proto.ID
		place int // -1 for a pair that was only named
	}
	list := make([]numbered, 0, len(p.refs))
	for i := range p.refs {
		list = append(list, numbered{p.order(i), p.proto(i), i})
	}
	for _, l := range lanes {
		for _, n := range l.names {
			if !n.taken {
				list = append(list, numbered{n.order, n.proto, -1})
			}
		}
	}
	slices.SortFunc(list, func(a, b numbered) int { return cmp.Compare(a.order, b.order) })
	for _, n := range list {
		if number := t.next(n.proto); n.place >= 0 {
			p.number(n.place, number)
		}
	}
}

// mergeHosts adds up what the lanes saw of each address, in order of appearance.
func (t *Tracker) mergeHosts(lanes []*Tracker) {
	all := t.hosts
	for i, l := range lanes {
		if slices.ContainsFunc(lanes[:i], func(o *Tracker) bool { return o.hosts == l.hosts }) {
			continue
		}
		for _, h := range l.hosts.list {
			if s := all.slot(h.Addr); s.index != 0 {
				all.list[s.index-1].merge(h)
			} else {
				all.add(s, h)
			}
		}
	}
	slices.SortFunc(all.list, func(a, b *Host) int { return cmp.Compare(a.order, b.order) })
	all.slots = nil
}

// merge adds what another tracker saw of the same address.
func (h *Host) merge(o *Host) {
	h.order = min(h.order, o.order)
	h.Sent.merge(&o.Sent)
	h.Received.merge(&o.Received)
	h.SYNs += o.SYNs
	h.Place.merge(&o.Place)
	h.InitialTTL += o.InitialTTL
	h.IPChecksumZero += o.IPChecksumZero
	for i, seen := range o.TTLs {
		h.TTLs[i] = h.TTLs[i] || seen
	}
	for _, pair := range [][2]*Moment{
		{&h.FirstPartial, &o.FirstPartial}, {&h.FirstPartialLSO, &o.FirstPartialLSO}, {&h.FirstLengthZero, &o.FirstLengthZero},
		{&h.FirstBad, &o.FirstBad}, {&h.FirstOversized, &o.FirstOversized},
	} {
		if pair[1].Seen() {
			earlier(pair[0], pair[1])
		}
	}
	h.PartialExamples = earliest(h.PartialExamples, o.PartialExamples)
	h.BadExamples = earliest(h.BadExamples, o.BadExamples)
	h.LengthZeroExamples = earliest(h.LengthZeroExamples, o.LengthZeroExamples)
	h.OversizedExamples = earliest(h.OversizedExamples, o.OversizedExamples)
}

func (q *Quality) merge(o *Quality) {
	q.Packets += o.Packets
	for i, n := range o.Checksums {
		q.Checksums[i] += n
	}
	q.LengthZero += o.LengthZero
	q.Oversized += o.Oversized
	q.Large += o.Large
	q.Pieces += o.Pieces
	q.MaxFrame = max(q.MaxFrame, o.MaxFrame)
}

// earliest keeps the first examples of both lists.
func earliest(a, b []Moment) []Moment {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b Moment) int { return int(a.Pos.Number - b.Pos.Number) })
	return all[:min(len(all), maxExamples)]
}
