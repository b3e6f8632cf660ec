package flow

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// Nearly all segments of nearly all captures are plain: they carry on what is
// going well. AddPlain takes them from the bytes of the frame to the state of
// the conversation without a [packet.Packet] and without a look at anything
// that only other segments change. The state is the same, and so is what it
// becomes: TestPlainSaysTheSame and FuzzPlain hold this to [Tracker.AddOwn].
//
// A segment is plain when all of this holds; nothing was changed when one does not:
//
//  1. The frame is Ethernet without a tag and was captured whole; IPv4 or IPv6 and nothing between it and TCP. Its
//     lengths fit. The only options are time stamps, in their usual place; of the flags ACK is set, PSH may be, no other is.
//  2. The last packet with its mark was between the same endpoints, and their conversation is not packed.
//  3. Its number is the next one, and it moves on: it has data, or acknowledges more than any before.
//     Windows are open and not filled; what it acknowledges was captured; it is not all acknowledged itself.
//  4. Nothing is pending that it would decide: the handshake, what a late acknowledgement set free, a window of 0,
//     the end of the connection. It shows nothing that was not seen of the connection before.
//  5. It counts for its hosts as the packet before of its sender did, and is no larger than its receiver takes.
//  6. The conversation has a trail, and the record a time.
//  7. The checksum is right.

// plain is a segment that is plain so far, and what [Tracker.Tell] says of it.
type plain struct {
	segment
	now       Moment
	stamps    uint64 // the options as [segmentKey] has them
	options   int    // bytes: 0, or 12 of time stamps
	wire      uint32
	sum, ipid uint16
	place     uint16
	iface     uint16
	ttl       uint8
	dir, end  int // the sender by order in Ends, and in the key
	kind      kind
	flow      *tcpFlow
	delta     int64
	match     match
	sample    bool
	analysed  bool
	inFlight  uint32
	pushed    uint32
}

const (
	atIP     = 14
	plainMin = atIP + 20 + tcp.HeaderMin
	// plainFlags is the data offset and the flags of a segment with ACK and without options, but for PSH.
	plainFlags      = uint16(tcp.HeaderMin/4)<<12 | uint16(tcp.ACK)
	stampsLen       = 12
	plainFlagsStamp = uint16((tcp.HeaderMin+stampsLen)/4)<<12 | uint16(tcp.ACK)
)

// AddPlain does what AddOwn does when a frame holds a plain segment, and returns its conversation and the length of its payload.
// Otherwise it does nothing and returns nil. d is no odd frame.
func (t *Tracker) AddPlain(b *trace.Batch, d *trace.Frame, mark Mark) (*Conversation, int) {
	own := &t.marked[mark%marks]
	data := b.Data[d.Off : d.Off+d.Len : d.Off+d.Len]
	if own.entry == nil || d.Len != d.Wire || d.Link != uint16(trace.LinkEthernet) || len(data) < plainMin || d.Time == trace.NoTime || t.general {
		return nil, 0
	}
	g := &t.plain
	var segment []byte // with the addresses before it
	var flipped, ok bool
	switch binary.BigEndian.Uint16(data[12:]) {
	case 0x0800:
		segment, flipped, ok = g.read4(data, own)
	case 0x86dd:
		segment, flipped, ok = g.read6(data, own)
	}
	if !ok || own.entry.flow == nil {
		return nil, 0
	}
	f := own.entry.flow.tcp
	g.now.Pos.Source, g.now.Pos.Number, g.now.Pos.Offset, g.now.Time = b.Source, b.First+int64(d.Number), b.Offset+int64(d.At), d.Time
	g.frame, g.time, g.wire, g.iface = g.now.Pos.Number, d.Time, d.Wire, d.Interface
	g.end = index(flipped)
	g.dir = index(f.flow.flipped != flipped)
	if !g.follows(f, &f.side[g.dir&1], &f.side[1-g.dir&1]) || !g.alike(f) {
		return nil, 0
	}
	if !packet.GoodTCP(segment, int(g.len)+g.options+tcp.HeaderMin) {
		return nil, 0
	}
	if own.flow != &f.flow || own.trail != f.flow.passed {
		own.flow, own.trail = &f.flow, f.flow.passed
	}
	g.place = placeOf(data[:atIP], g.ttl, int(d.Interface))
	t.pass(g, f)
	g.count(f)
	g.move(f, &f.side[g.dir&1], &f.side[1-g.dir&1], &t.blocks)
	g.remember(f, &f.side[g.dir&1], segment)
	if g.flow != f {
		g.flow = f
	}
	return &f.flow.Conversation, int(g.len)
}

// read4 takes an IPv4 packet and the TCP header in it. The lengths are checked against the frame.
func (g *plain) read4(data []byte, own *marked) (segment []byte, flipped, ok bool) {
	le := binary.LittleEndian
	h := (*[plainMin]byte)(data)
	end := atIP + int(binary.BigEndian.Uint16(h[16:]))
	if h[atIP] != 0x45 || h[20]&0x3f|h[21] != 0 || h[23] != 6 || end > len(data) || own.id != proto.TCP {
		return nil, false, false
	}
	addresses, ports := le.Uint64(h[26:]), le.Uint32(h[34:])
	ahead := addresses ^ own.addresses | uint64(ports^own.ports)
	back := bits.RotateLeft64(addresses, 32) ^ own.addresses | uint64(bits.RotateLeft32(ports, 16)^own.ports)
	if int64((ahead|-ahead)&(back|-back)) < 0 || !g.header(data, atIP+20, end) {
		return nil, false, false
	}
	g.ttl, g.ipid = h[22], binary.BigEndian.Uint16(h[18:])
	g.kind = kind(g.ttl) | kind(packet.ChecksumGood)<<kindChecksum
	if h[24]|h[25] == 0 {
		g.kind |= kindNoIPSum
	}
	if len(data) <= shortFrame+4 && end-atIP < shortPacket {
		if g.kind |= kindPadded; len(data) < shortFrame {
			g.kind ^= kindPadded | kindShort
		}
	}
	return data[26:end], ahead != 0, true
}

// read6 does the same for an IPv6 packet without extension headers.
func (g *plain) read6(data []byte, own *marked) (segment []byte, flipped, ok bool) {
	const at = atIP + 40
	be := binary.BigEndian
	if len(data) < at+tcp.HeaderMin {
		return nil, false, false
	}
	h := (*[at + tcp.HeaderMin]byte)(data)
	end := at + int(be.Uint16(h[18:]))
	k := &own.entry.key
	if h[atIP]>>4 != 6 || h[20] != 6 || end > len(data) || k.kind != uint32(proto.TCP)|kindIPv6 {
		return nil, false, false
	}
	srcHi, srcLo, dstHi, dstLo, ports := be.Uint64(h[22:]), be.Uint64(h[30:]), be.Uint64(h[38:]), be.Uint64(h[46:]), be.Uint32(h[at:])
	ahead := srcHi ^ k.aHi | srcLo ^ k.aLo | dstHi ^ k.bHi | dstLo ^ k.bLo | uint64(ports^k.ports)
	back := srcHi ^ k.bHi | srcLo ^ k.bLo | dstHi ^ k.aHi | dstLo ^ k.aLo | uint64(bits.RotateLeft32(ports, 16)^k.ports)
	if ahead != 0 && back != 0 || !g.header(data, at, end) {
		return nil, false, false
	}
	g.ttl, g.ipid = h[21], 0
	g.kind = kind(g.ttl) | kind(packet.ChecksumGood)<<kindChecksum
	return data[22:end], ahead != 0, true
}

// header takes the TCP header at an offset of at least 34 in a frame, of a segment that ends at end.
func (g *plain) header(data []byte, at, end int) bool {
	be := binary.BigEndian
	h := (*[tcp.HeaderMin]byte)(data[at:])
	word := be.Uint16(h[12:])
	switch word &^ uint16(tcp.PSH) {
	case plainFlags:
		g.options, g.stamps = 0, 0
		at += tcp.HeaderMin
	case plainFlagsStamp:
		if at+tcp.HeaderMin+stampsLen > end {
			return false
		}
		o := (*[stampsLen]byte)(data[at+tcp.HeaderMin:])
		if be.Uint32(o[:]) != plainTimestamps {
			return false
		}
		g.options, g.stamps = stampsLen, be.Uint64(o[4:])^stampsLen
		at += tcp.HeaderMin + stampsLen
	default:
		return false
	}
	if at > end {
		return false
	}
	g.seq, g.ack, g.len = be.Uint32(h[4:]), be.Uint32(h[8:]), uint32(end-at)
	g.flags, g.window, g.sum = tcp.Flags(word&0xfff), uint32(be.Uint16(h[14:])), be.Uint16(h[16:])
	return true
}

// follows is 3 and 4 of what makes a segment plain.
func (g *plain) follows(f *tcpFlow, from, to *side) bool {
	if g.seq != from.next || g.seq == 0 || g.window == 0 || from.known&to.known&baseKnown == 0 ||
		(from.known|to.known)&awaits != 0 || from.has(stalled) || to.known&(retrying|stalled|reopened) != 0 {
		return false
	}
	if f.mptcp || f.closing || !f.begun || f.irtt == 0 && f.synTime != 0 || !f.settled && f.info.SYNACK.Seen() {
		return false
	}
	if to.contiguous != 0 && gt(g.ack, to.contiguous) {
		return false
	}
	acks := gt(g.ack, from.ack) && gt(g.ack, f.info.Sides[g.dir&1].AckSent)
	if g.len == 0 {
		u := &to.unacked
		return acks && f.progress&SawACK != 0 && (u.n != 1 || g.time-u.oldest().time < minDelayed)
	}
	end := g.seq + g.len
	return (acks || g.len > 1) && f.progress&SawData != 0 && from.unacked.n < maxUnacked && (g.len > 1 || to.window != 0) &&
		(to.ack == 0 || gt(end, to.ack)) && (to.scale == scaleUnknown || end != to.edge())
}

// alike is 5 and 6 of what makes a segment plain.
func (g *plain) alike(f *tcpFlow) bool {
	w := &f.flow.weighed[g.end&1]
	if w.kind != g.kind || w.n == math.MaxUint32 {
		return false
	}
	if tr := f.flow.passed; tr == nil || tr.owner != &f.flow {
		return false
	}
	if mss := f.info.Sides[1-g.dir&1].MSS; mss > 0 {
		return int(g.len) <= mss
	}
	return g.wire <= maxPacket
}

// pass remembers the segment for recognising a copy of it: it is none itself, because it moves on.
func (t *Tracker) pass(g *plain, f *tcpFlow) {
	t.clock.pass(g.time)
	tr := f.flow.passed
	q := tr.add(g.time, &t.trails)
	q.key = segmentKey(g.seq, g.ack, g.flags, g.window, g.len, g.ipid, g.stamps) ^ uint32(g.end)
	q.number, q.offset, q.time = uint32(g.now.Pos.Number), uint32(g.now.Pos.Offset), g.time
	q.sum, q.vlan, q.place = g.sum, 0, [2]uint16{g.place}
	q.ttl, q.times, q.iface, q.tunnel = g.ttl, 1, uint8(g.iface), 0
	tr.last[g.end&1] = q.number
	from := &f.flow.sender[g.end&1]
	from.notes |= heard
	from.identified(g.ipid)
	if g.len > 0 {
		q.tunnel = takesNumber
		from.took(true)
	}
}

// count adds the segment to the counters of its conversation.
func (g *plain) count(f *tcpFlow) {
	c := &f.flow.Conversation
	c.Last = g.now
	c.Interfaces |= 1 << min(g.iface, 63)
	d := &c.Dir[g.dir&1]
	d.Packets++
	d.Bytes += int64(g.wire)
	d.Payload += int64(g.len)
	d.MaxPayload = max(d.MaxPayload, g.len)
	w := &f.flow.weighed[g.end&1]
	w.maxFrame = max(w.maxFrame, g.wire)
	w.n++
	f.touched = true
}

// move moves the state of both sides past the segment.
func (g *plain) move(f *tcpFlow, from, to *side, p *pool) {
	g.delta = g.time - f.prevTime
	f.prevTime = g.time
	from.sacked = 0
	to.known |= flightKnown
	if g.ack != from.ack {
		from.ackFrame, from.dupAcks = g.frame, 0
	}
	g.analysed = false
	if g.len > 0 {
		next := g.seq + g.len
		from.unacked.push(sent{g.seq, next, g.frame, g.time}, from.base, p)
		from.next, from.nextFrame, from.nextTime = next, g.frame, g.time
	}
	if from.contiguous == 0 || g.seq == from.contiguous {
		from.contiguous = from.next
	}
	from.window, from.ack, from.ackTime, from.last = g.window, g.ack, g.time, 0
	g.sample = false
	if g.match.n, g.match.largest = 0, 0; to.unacked.n > 0 {
		if to.unacked.takeOnly(g.ack, &g.match); g.match.n == 0 {
			g.match = to.unacked.acked(g.ack, to.base, p)
		}
		to.passed = max(to.passed, g.match.largest)
		if g.match.n > 0 {
			g.analysed = true
			g.sample = g.match.n == 1 && !to.has(repeated)
		}
	}
	if to.unacked.n == 0 {
		to.known &^= repeated
	}
	if g.options > 0 {
		f.timestamps(uint32((g.stamps^stampsLen)>>32), uint32(g.stamps^stampsLen), &g.segment, from, to, g.dir)
	}
	if g.sample {
		f.sampled(&g.segment, to, g.time-g.match.time, g.dir, &g.now)
	}
	g.inFlight, g.pushed = 0, 0
	if g.len > 0 && from.has(flightKnown) {
		g.analysed = true
		g.inFlight = from.flight(&g.segment, to)
		g.pushed = from.pushed
		d := &f.flow.Dir[g.dir&1]
		d.MaxInFlight = max(d.MaxInFlight, g.inFlight)
	}
	if (from.known|to.known)&holed != 0 {
		f.holes(&g.segment, from, to, g.dir)
	}
	from.known &^= unscaled
}

// remember keeps what is told of the sender.
func (g *plain) remember(f *tcpFlow, from *side, segment []byte) {
	own, other := &f.info.Sides[g.dir&1], &f.info.Sides[1-g.dir&1]
	if g.len > 0 {
		own.LastAlert = g.len <= maxAlert && alert(segment[len(segment)-int(g.len):])
		own.LastData = g.now
		if other.AckSent == 0 || after(g.seq+g.len, other.AckSent) {
			own.LastNew = g.now
		}
		if !f.both && other.LastData.Seen() {
			f.both, f.info.Established = true, true
		}
	}
	own.Window = g.window
	if from.scale > 0 {
		own.Window <<= from.scale
	}
	if own.AckSent == 0 || after(g.ack, own.AckSent) {
		if own.AckSent == 0 {
			own.FirstAck = g.ack
		}
		own.AckSent = g.ack
	}
	own.NextSeq = from.next
}

// Tell says of the segment that AddPlain took what AddOwn would have said.
func (t *Tracker) Tell(s *Sighting) {
	g, f := &t.plain, t.plain.flow
	from, to := &f.side[g.dir&1], &f.side[1-g.dir&1]
	*s = Sighting{Conv: &f.flow.Conversation, Dir: g.dir, TCP: true, Checksum: packet.ChecksumGood}
	s.addStream(proto.TCP, int32(f.flow.Stream))
	s.RelSeq, s.RelAck = g.seq-from.base, g.ack-to.base
	s.NextSeq = s.RelSeq + g.len
	s.Window, s.Scale, s.ScaleKnown = f.info.Sides[g.dir&1].Window, from.scale, from.scale != scaleUnknown
	if g.analysed {
		s.Analysis = Analysed
	}
	if g.match.n > 0 {
		s.AcksFrame, s.AckRTT, s.sample = g.match.frame, g.time-g.match.time, g.sample
	}
	s.InitialRTT, s.BytesInFlight, s.PushBytesSent = f.irtt, g.inFlight, g.pushed
	s.TimeRelative, s.TimeDelta, s.Completeness = g.time-f.start, g.delta, f.progress
}
