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

// Nearly all segments of nearly all captures come one after another in conversations that are known. AddFrame takes
// them from the bytes of the frame to the state of the conversation without a [packet.Packet]; and those that
// carry on what is going well, without a look at anything that only other segments change. The state is the same,
// and so is what it becomes: TestFramesSayTheSame and FuzzFrame hold this to [Tracker.AddOwn].
//
// A frame is taken when all of this holds; nothing was changed when one does not:
//
//  1. It is Ethernet without a tag and was captured whole; IPv4 or IPv6 and nothing between it and TCP. Its lengths fit. It opens no connection.
//  2. The last packet with its mark was between the same endpoints, and their conversation is not packed.
//  3. It moves the numbers of its sender on, and so is no copy of another. The conversation has a trail, and the record a time.
//  4. It is no larger than its receiver takes, and the checksum is right, unless the tracker is light.
//
// Its segment is plain when this holds too:
//
//  5. The only options are time stamps, in their usual place; of the flags ACK is set, PSH may be, no other is.
//  6. Its number is the next one. Windows are open and not filled; what it acknowledges was captured; it is not all acknowledged itself.
//  7. Nothing is pending that it would decide: the handshake, what a late acknowledgement set free, a window of 0,
//     a pause of its sender, the end of the connection. It shows nothing that was not seen of the connection before.

// plain is a segment that AddFrame takes, and what [Tracker.Tell] says of it when it is plain.
type plain struct {
	segment
	now       Moment
	header    int    // bytes of the TCP header
	options   uint64 // as [segmentKey] has them
	usual     bool   // 5
	told      bool   // it is not plain: the sighting is there
	wire      uint32
	sum, ipid uint16
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

// AddFrame does what AddOwn does with the packet in a frame that is not odd, where this takes no decoding, and returns
// its conversation, the length of its payload and its flags. Otherwise it does nothing and returns nil. What AddOwn
// would have said is only known from [Tracker.Tell], which may be called until the next frame with the same sighting.
func (t *Tracker) AddFrame(b *trace.Batch, d *trace.Frame, mark Mark, s *Sighting) (*Conversation, int, tcp.Flags) {
	own := &t.marked[mark%marks]
	data := b.Data[d.Off : d.Off+d.Len : d.Off+d.Len]
	if own.entry == nil || d.Len != d.Wire || d.Link != uint16(trace.LinkEthernet) || len(data) < plainMin || d.Time == trace.NoTime || t.general {
		return nil, 0, 0
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
	if !ok || own.entry.flow == nil || g.flags&(tcp.SYN|tcp.ACK) == tcp.SYN {
		return nil, 0, 0
	}
	f := own.entry.flow.tcp
	g.frame, g.time, g.wire, g.iface = b.First+int64(d.Number), d.Time, d.Wire, d.Interface
	g.now.Pos.Source, g.now.Pos.Number, g.now.Pos.Offset, g.now.Time = b.Source, g.frame, b.Offset+int64(d.At), d.Time
	g.end, g.dir = index(flipped), index(f.flow.flipped != flipped)
	var w way
	w.lead(f, g.dir, g.end)
	g.told = !g.usual || !g.follows(f, &w)
	if g.told && !w.from.movesOn(&g.segment, w.own.AckSent) || !g.fits(f, &w) || !t.light && !packet.GoodTCP(segment, g.header+int(g.len)) {
		return nil, 0, 0
	}
	tr := t.pass(g, f, &w, placeOf(data[:atIP], g.ttl, int(d.Interface)))
	if own.flow != &f.flow || own.trail != tr {
		own.flow, own.trail = &f.flow, tr
	}
	own.slot = tr.at(tr.n)
	t.countPlain(g, own.entry, f, &w, segment)
	if g.told {
		t.unusual(g, own.entry, f, segment, s)
	} else {
		g.move(f, &w, &t.blocks)
		g.remember(f, &w)
	}
	if g.flow != f {
		g.flow = f
	}
	return &f.flow.Conversation, int(g.len), g.flags
}

// A way is the state of a conversation by who sent a segment and who gets it.
type way struct {
	from, to   *side
	own, other *Side
	sent       *Direction
	sender     *sender
	weighed    *weighed
}

// lead makes w the one from end dir, which is end of the key. Which it is cannot be foreseen: there is no branch on it.
func (w *way) lead(f *tcpFlow, dir, end int) {
	w.from, w.own, w.sent = &f.side[dir], &f.info.Sides[dir], &f.flow.Dir[dir]
	w.sender, w.weighed = &f.flow.sender[end], &f.flow.weighed[end]
	dir = 1 - dir
	w.to, w.other = &f.side[dir], &f.info.Sides[dir]
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
	if int64((ahead|-ahead)&(back|-back)) < 0 || !g.take(data, atIP+20, end) {
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
	if ahead != 0 && back != 0 || !g.take(data, at, end) {
		return nil, false, false
	}
	g.ttl, g.ipid = h[21], 0
	g.kind = kind(g.ttl) | kind(packet.ChecksumGood)<<kindChecksum
	return data[22:end], ahead != 0, true
}

// take takes the TCP header at an offset of at least 34 in a frame, of a segment that ends at end.
func (g *plain) take(data []byte, at, end int) bool {
	be := binary.BigEndian
	h := (*[tcp.HeaderMin]byte)(data[at:])
	word := be.Uint16(h[12:])
	g.header = int(word>>12) * 4
	g.seq, g.ack, g.len = be.Uint32(h[4:]), be.Uint32(h[8:]), uint32(end-at-g.header)
	g.flags, g.window, g.sum = tcp.Flags(word&0xfff), uint32(be.Uint16(h[14:])), be.Uint16(h[16:])
	if word &^= uint16(tcp.PSH); word == plainFlags {
		g.usual, g.options = true, 0
		return at+tcp.HeaderMin <= end
	}
	if g.usual = false; g.header < tcp.HeaderMin || at+g.header > end {
		return false
	}
	o := data[at+tcp.HeaderMin : at+g.header]
	if g.options = uint64(len(o)); len(o) >= stampsLen {
		g.options ^= be.Uint64(o[4:])
		g.usual = word == plainFlagsStamp && be.Uint32(o) == plainTimestamps
	}
	return true
}

// follows is 6 and 7 of what makes a segment plain.
func (g *plain) follows(f *tcpFlow, w *way) bool {
	from, to := w.from, w.to
	if g.seq != from.next || g.seq == 0 || g.window == 0 || from.known&to.known&baseKnown == 0 ||
		(from.known|to.known)&awaits != 0 || from.known&(stalled|reports) != 0 || to.known&(retrying|stalled|reopened) != 0 {
		return false
	}
	if f.mptcp || f.closing || !f.begun || f.irtt == 0 && f.synTime != 0 || !f.settled && f.info.SYNACK.Seen() {
		return false
	}
	if to.contiguous != 0 && gt(g.ack, to.contiguous) {
		return false
	}
	acks := gt(g.ack, from.ack) && gt(g.ack, w.own.AckSent)
	if g.len == 0 {
		u := &to.unacked
		return acks && f.progress&SawACK != 0 && (u.n != 1 || g.time-u.oldest().time < minDelayed)
	}
	end := g.seq + g.len
	return !g.resumes(from, w.own, w.other) && (acks || g.len > 1) && f.progress&SawData != 0 && from.unacked.n < maxUnacked && (g.len > 1 || to.window != 0) &&
		(to.ack == 0 || gt(end, to.ack)) && (to.scale == scaleUnknown || end != to.edge())
}

// fits reports whether the conversation has a trail and the segment is no larger than its receiver takes.
func (g *plain) fits(f *tcpFlow, w *way) bool {
	if tr := f.flow.passed; tr == nil || tr.owner != &f.flow {
		return false
	}
	if mss := w.other.MSS; mss > 0 {
		return int(g.len) <= mss
	}
	return g.wire <= maxPacket
}

// pass remembers the segment for recognising a copy of it.
func (t *Tracker) pass(g *plain, f *tcpFlow, w *way, place uint16) *trail {
	t.clock.pass(g.time)
	tr := f.flow.passed
	q := tr.add(g.time, &t.trails)
	q.key = segmentKey(g.seq, g.ack, g.flags, g.window, g.len, g.ipid, g.options) ^ uint32(g.end)
	q.number, q.offset, q.time = uint32(g.now.Pos.Number), uint32(g.now.Pos.Offset), g.time
	q.sum, q.vlan, q.place = g.sum, 0, [2]uint16{place}
	q.ttl, q.times, q.iface, q.tunnel = g.ttl, 1, uint8(g.iface), 0
	tr.last[g.end&1] = q.number
	w.sender.notes |= heard
	w.sender.identified(g.ipid)
	if g.advances() {
		q.tunnel = takesNumber
		w.sender.took(true)
	}
	return tr
}

// countPlain adds the segment to the counters of its conversation.
func (t *Tracker) countPlain(g *plain, e *entry, f *tcpFlow, w *way, segment []byte) {
	c := &f.flow.Conversation
	c.Last = g.now
	c.Interfaces |= 1 << min(g.iface, 63)
	d := w.sent
	d.Packets++
	d.Bytes += int64(g.wire)
	d.Payload += int64(g.len)
	d.MaxPayload = max(d.MaxPayload, g.len)
	f.touched = true
	if t.light {
		return
	}
	k := w.weighed
	k.maxFrame = max(k.maxFrame, g.wire)
	if k.kind != g.kind || k.n == math.MaxUint32 {
		t.settleEnd(e, &f.flow, g.end)
		k.kind = g.kind
	}
	k.n++
	if g.len > 0 {
		w.own.LastAlert = g.len <= maxAlert && alert(segment[len(segment)-int(g.len):])
	}
}

// unusual follows a segment that is not plain.
func (t *Tracker) unusual(g *plain, e *entry, f *tcpFlow, segment []byte, s *Sighting) {
	*s = Sighting{Conv: &f.flow.Conversation, Dir: g.dir, Checksum: t.verified()}
	s.addStream(proto.TCP, int32(f.flow.Stream))
	h := tcp.Header{Seq: g.seq, Ack: g.ack, Flags: g.flags, Window: uint16(g.window), Checksum: g.sum, Len: g.header}
	if n := len(segment) - int(g.len); g.header > tcp.HeaderMin {
		h.Options = segment[n-g.header+tcp.HeaderMin : n]
	}
	f.header(&h, int(g.len), 0, s, &g.now, &t.blocks)
	if s.opened && !t.light {
		t.split(e, &f.info, g.end != 0)
	}
}

// move moves the state of both sides past the segment.
func (g *plain) move(f *tcpFlow, w *way, p *pool) {
	from, to := w.from, w.to
	g.delta = g.time - f.prevTime
	f.prevTime = g.time
	from.sacked = 0
	from.known &^= older | newer
	to.known |= flightKnown
	if g.ack != from.ack {
		from.ackFrame, from.dupAcks = g.frame, 0
	}
	g.analysed = false
	if g.len > 0 {
		next := g.seq + g.len
		from.unacked.push(sent{g.seq, next, to.flying(g.seq, next), g.frame, g.time}, from.base, p)
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
	if g.header > tcp.HeaderMin {
		stamps := g.options ^ stampsLen
		f.timestamps(uint32(stamps>>32), uint32(stamps), &g.segment, from, to, g.dir)
	}
	if g.sample {
		f.sampled(&g.segment, to, g.time-g.match.time, g.match.flying, g.dir, &g.now)
	}
	g.inFlight, g.pushed = 0, 0
	if g.len > 0 && from.has(flightKnown) {
		g.analysed = true
		g.inFlight = from.flight(&g.segment, to)
		g.pushed = from.pushed
		w.sent.MaxInFlight = max(w.sent.MaxInFlight, g.inFlight)
	}
	if (from.known|to.known)&holed != 0 {
		f.holes(&g.segment, from, to, g.dir)
	}
	from.known &^= unscaled
}

// remember keeps what is told of the sender.
func (g *plain) remember(f *tcpFlow, w *way) {
	own, other := w.own, w.other
	if g.len > 0 {
		own.LastData = g.now
		if other.AckSent == 0 || after(g.seq+g.len, other.AckSent) {
			own.LastNew = g.now
		}
		if !f.both && other.LastData.Seen() {
			f.both, f.info.Established = true, true
		}
	}
	own.Window = g.window
	if scale := w.from.scale; scale > 0 {
		own.Window <<= scale
	}
	if own.AckSent == 0 || after(g.ack, own.AckSent) {
		if own.AckSent == 0 {
			own.FirstAck = g.ack
		}
		own.AckSent = g.ack
	}
	own.NextSeq = w.from.next
}

// verified is the verdict on the checksum of a frame that AddFrame took.
func (t *Tracker) verified() packet.Checksum {
	if t.light {
		return packet.ChecksumUnknown
	}
	return packet.ChecksumGood
}

// Tell says of the frame that AddFrame took what AddOwn would have said.
func (t *Tracker) Tell(s *Sighting) {
	g, f := &t.plain, t.plain.flow
	if g.told {
		return
	}
	from, to := &f.side[g.dir&1], &f.side[1-g.dir&1]
	*s = Sighting{Conv: &f.flow.Conversation, Dir: g.dir, TCP: true, Checksum: t.verified()}
	s.addStream(proto.TCP, int32(f.flow.Stream))
	s.RelSeq, s.RelAck = g.seq-from.base, g.ack-to.base
	s.NextSeq = s.RelSeq + g.len
	s.Window, s.Scale, s.ScaleKnown = f.info.Sides[g.dir&1].Window, from.scale, from.scale != scaleUnknown
	if g.analysed {
		s.Analysis = Analysed
	}
	if g.match.n > 0 {
		s.AcksFrame, s.AckRTT, s.flying, s.sample = g.match.frame, g.time-g.match.time, g.match.flying, g.sample
	}
	s.InitialRTT, s.BytesInFlight, s.PushBytesSent = f.irtt, g.inFlight, g.pushed
	s.TimeRelative, s.TimeDelta, s.Completeness = g.time-f.start, g.delta, f.progress
}
