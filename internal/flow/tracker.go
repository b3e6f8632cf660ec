package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"unsafe"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/prefetch"
	"github.com/wiretale/wiretale/proto"
)

// A Tracker puts the packets of one source into conversations. It is fed in
// the order of the records and keeps no reference to them.
//
// Instances and their numbers are those of Wireshark 4.0: TCP and UDP pairs
// are numbered from 0 in order of appearance, whatever the VLAN, the tunnel or
// the interface; a SYN with a new initial sequence number starts a new instance.
type Tracker struct {
	source  int
	pairs   table
	hosts   *hosts
	convs   []*Conversation
	streams [2]int32 // next number: of TCP, of UDP
	lane    int      // the only lane followed, -1 for all
	names   []naming // in a lane: what was named and has no number yet
	blocks  pool
	compact bool  // conversations without news are packed
	cold    cold  // valid iff compact
	light   bool  // only sightings are wanted
	merged  *part // what [Merge] put together, instead of convs
	last    recentPair
	marked  []marked // the newest pair with each mark, by its low bits; nil but in a lane
	seen    *recent  // packets seen a moment ago, by content; nil until a record names a layer
	trails  trails
	copies  int64
	keep    bool // copies count as packets
	clock   watermark
	plain   plain
	general bool // no segment is taken for plain
}

// NewTracker returns the tracker of the source with this index.
func NewTracker(source int) *Tracker {
	return &Tracker{source: source, pairs: newTable(), hosts: newHosts(), lane: -1, clock: newWatermark()}
}

// Light makes the tracker leave out what no sighting shows: hosts, and the
// evidence of offload, to which the sums of all payload belong. A sighting has
// no verdict on the checksum then. Call it before the first packet.
func (t *Tracker) Light() { t.light = true }

// Conversations are all conversations so far in order of their first packet;
// their ID is their index. Those that were packed are unpacked for it: see [Tracker.All].
func (t *Tracker) Conversations() []*Conversation {
	if t.merged != nil {
		return slices.Collect(Conversations{parts: []*part{t.merged}}.All())
	}
	for i := range t.convs {
		if t.convs[i] == nil {
			t.convs[i] = t.unpacked(i, new(tcpFlow))
		}
	}
	return t.convs
}

// Len is how many conversations there are so far.
func (t *Tracker) Len() int { return len(t.convs) }

// part is all conversations as a part of a case.
func (t *Tracker) part() *part {
	switch {
	case t.merged != nil:
		return t.merged
	case !t.compact:
		return listed(t.convs)
	}
	p := newPart(len(t.convs))
	p.source = t.source
	p.colds = []*cold{&t.cold}
	for id := range t.convs {
		p.take(t, id, 0)
	}
	return p
}

// Hosts are all addresses that sent or received a packet, in order of appearance.
func (t *Tracker) Hosts() []*Host {
	t.settleAll()
	return t.hosts.list
}

// End releases what is only needed while packets come. Conversations and hosts stay.
func (t *Tracker) End() {
	t.settleAll()
	t.pairs, t.last, t.marked = newTable(), recentPair{}, nil
	t.seen = nil
	t.trails.release()
	t.hosts.slots = nil
}

// A flow is a conversation with the state of its analysis behind it, in one piece of memory.
type flow struct {
	Conversation
	flipped bool // Ends[0] is the second endpoint of the key
	over    bool // both sides closed, or one reset it
	tcp     *tcpFlow
	passed  *trail    // nil while no record is close by
	sender  [2]sender // by order of the endpoints in the key
	weighed [2]weighed
}

// Add says what the packet is part of, and counts it.
func (t *Tracker) Add(p *packet.Packet, s *Sighting) { t.add(p, s, nil) }

// AddOwn does the same for a packet whose lane and mark [LaneOf] told: it belongs to this tracker and names no other pair.
func (t *Tracker) AddOwn(p *packet.Packet, s *Sighting, mark Mark) {
	t.add(p, s, &t.marked[mark%marks])
}

// Mark is what [Tracker.Ahead] needs of a mark: memory to ask for before.
func (t *Tracker) Mark(mark Mark) unsafe.Pointer { return unsafe.Pointer(&t.marked[mark%marks]) }

// Ahead asks for the memory of the conversation that a packet with this mark will belong to, if it is there.
func (t *Tracker) Ahead(mark Mark) {
	if m := &t.marked[mark%marks]; m.entry != nil {
		prefetch.Each(unsafe.Pointer(m.entry), unsafe.Pointer(m.trail), unsafe.Pointer(m.slot))
		prefetch.Lines(unsafe.Pointer(m.flow), flowLines)
	}
}

// flowLines are what every segment changes of a TCP conversation: from the head of the
// conversation to the state of both sides. What it leaves alone lies behind, and little of it between.
const flowLines = int(unsafe.Offsetof(tcpFlow{}.info)+unsafe.Offsetof(TCP{}.Sides)+unsafe.Sizeof([2]Side{}))/prefetch.LineSize + 1

// A marked pair is one that a packet with the same mark is probably between.
type marked struct {
	entry *entry
	flow  *flow   // its conversation of late: it may be another one's memory by now
	trail *trail  // the same of its trail
	slot  *passed // and of the place in it for the next packet
	// What an IPv4 header without options and the ports behind it say of packets from the first endpoint to the second.
	addresses uint64
	ports     uint32
	id        proto.ID // None for IPv6
}

// marks is how many pairs of a lane can be found by their mark.
const marks = 512

func (t *Tracker) add(p *packet.Packet, s *Sighting, own *marked) {
	*s = Sighting{}
	now := Moment{p.Record.Pos, p.Record.Time}
	counts, layered := fresh, false
	if m := p.Record.Meta; m != nil && m.Layer != "" {
		counts, layered = t.sight(p, s, now), true
	}
	if !p.Src.IsValid() || !p.Dst.IsValid() {
		return
	}
	if p.Tunnel > 0 {
		t.outer(p, s)
	}
	id := conversationProto(p)
	srcPort, dstPort := ports(p)
	if own == nil && !t.mine(p.Src, p.Dst, srcPort, dstPort) {
		t.quoted(p, s, now)
		return
	}
	e, flipped := t.pair(id, p, srcPort, dstPort, own)
	f := t.instance(e, p, s, flipped, &now)
	if own != nil && (own.flow != f || own.trail != f.passed) {
		own.flow, own.trail = f, f.passed
	}
	s.Conv = &f.Conversation
	s.Dir = index(f.flipped != flipped)
	s.addStream(id, int32(f.Stream))
	if !t.light && (id == proto.TCP || id == proto.UDP) {
		s.Checksum = p.Checksum()
	}
	switch {
	case counts == dropped:
		t.drop(f, p, s, &now)
		return
	case counts == again || layered && t.resegmented(f, p, s, now):
		t.sightAgain(f, p, s)
		return
	case !layered && !t.keep && t.copied(f, p, s, flipped, &now):
		t.sightAgain(f, p, s)
		if p.QuotedSrc.IsValid() {
			t.quoted(p, s, now)
		}
		return
	}
	t.count(f, p, s, &now)
	if !t.light {
		t.weigh(e, f, p, s, flipped, &now)
	}
	if f.tcp != nil {
		f.tcp.touched = true
		f.tcp.packet(p, s, &now, &t.blocks)
		if s.opened && !t.light {
			t.split(e, &f.tcp.info, flipped)
		}
	}
	if p.QuotedSrc.IsValid() {
		t.quoted(p, s, now)
	}
}

// A recentPair is the pair of the last packet: packets of one connection come in rows.
type recentPair struct {
	src, dst netip.AddrPort
	id       proto.ID
	entry    *entry
	flipped  bool
}

// pair finds the entry of the packet's endpoints, and says whether its source is the second of them.
// It is looked for in own first, unless that is nil.
func (t *Tracker) pair(id proto.ID, p *packet.Packet, srcPort, dstPort uint16, own *marked) (e *entry, flipped bool) {
	if own == nil {
		return t.pairOfRow(id, p, srcPort, dstPort)
	}
	l := &p.Layers[p.NetworkLayer()]
	b := (*[24]byte)(p.Record.Data[l.Off:]) // at least: see [LaneOf]
	addresses, ports := binary.LittleEndian.Uint64(b[12:]), binary.LittleEndian.Uint32(b[20:])
	if own.id == id && l.Proto == proto.IPv4 {
		ahead := addresses ^ own.addresses | uint64(ports^own.ports)
		back := bits.RotateLeft64(addresses, 32) ^ own.addresses | uint64(bits.RotateLeft32(ports, 16)^own.ports)
		if int64((ahead|-ahead)&(back|-back)) >= 0 { // one of them is 0: the direction of a packet is not to be foreseen, so it is no branch
			return own.entry, ahead != 0
		}
	}
	k, flipped := makeKey(id, p.Src, p.Dst, srcPort, dstPort)
	own.entry, own.id = t.find(&k, p, flipped), proto.None
	if l.Proto == proto.IPv4 {
		own.addresses, own.ports, own.id = addresses, ports, id
		if flipped {
			own.addresses, own.ports = bits.RotateLeft64(addresses, 32), bits.RotateLeft32(ports, 16)
		}
	}
	return own.entry, flipped
}

// pairOfRow is for packets that come in rows of one connection.
func (t *Tracker) pairOfRow(id proto.ID, p *packet.Packet, srcPort, dstPort uint16) (e *entry, flipped bool) {
	src, dst := netip.AddrPortFrom(p.Src, srcPort), netip.AddrPortFrom(p.Dst, dstPort)
	if l := &t.last; l.id == id && l.entry != nil {
		switch {
		case l.src == src && l.dst == dst:
			return l.entry, l.flipped
		case l.src == dst && l.dst == src:
			return l.entry, !l.flipped
		}
	}
	k, flipped := makeKey(id, p.Src, p.Dst, srcPort, dstPort)
	e = t.find(&k, p, flipped)
	t.last = recentPair{src, dst, id, e, flipped}
	return e, flipped
}

// find is the entry of the pair that a packet is between.
func (t *Tracker) find(k *key, p *packet.Packet, flipped bool) *entry {
	e := t.pairs.find(k)
	if e.hosts[0] == 0 && !t.light {
		t.meet(e, p, flipped)
	}
	return e
}

// ports are those that key the packet's conversation: 0 without a transport that has any.
func ports(p *packet.Packet) (src, dst uint16) {
	switch p.Transport {
	case proto.TCP, proto.UDP, proto.SCTP:
		return p.SrcPort, p.DstPort
	}
	return 0, 0
}

// conversationProto is the protocol that keys the packet's conversation.
func conversationProto(p *packet.Packet) proto.ID {
	switch p.Transport {
	case proto.TCP, proto.UDP, proto.SCTP, proto.ICMP, proto.ICMPv6:
		return p.Transport
	}
	if p.Src.Is4() {
		return proto.IPv4
	}
	return proto.IPv6
}

// instance is the conversation instance that the packet belongs to, a new one when it starts one.
func (t *Tracker) instance(e *entry, p *packet.Packet, s *Sighting, flipped bool, now *Moment) *flow {
	f := t.live(e)
	if f == nil {
		return t.begin(e, p, flipped, e.stream, now)
	}
	if f.tcp == nil || !f.tcp.reused(&p.TCP, f.flipped != flipped) {
		return f
	}
	f.tcp.release(&t.blocks)
	t.trails.take(f)
	t.settle(e, f)
	f = t.begin(e, p, flipped, -1, now)
	f.tcp.begun = true
	f.tcp.progress, f.tcp.info.Completeness = SawSYN, SawSYN
	s.Analysis = ReusedPorts | Analysed
	return f
}

// begin starts an instance between the endpoints of e. A number of -1 takes the next one.
func (t *Tracker) begin(e *entry, p *packet.Packet, flipped bool, number int32, now *Moment) *flow {
	id := proto.ID(e.key.kind)
	var f *flow
	if id == proto.TCP {
		t.sweep(looks)
		t.cold.relax()
		tf := t.cold.take()
		t.follow(e, tf)
		f = &tf.flow
		f.tcp = tf
		f.TCP = &tf.info
		tf.init(now)
		tf.begun = number >= 0
	} else {
		f = new(flow)
	}
	f.order = order(p, partOwn)
	e.flow, e.stream = f, t.numberOf(&f.Conversation, id, number)
	f.ID, f.Source, f.Proto = len(t.convs), t.source, id
	f.Ends = [2]netip.AddrPort{netip.AddrPortFrom(p.Src, 0), netip.AddrPortFrom(p.Dst, 0)}
	if e.key.ports != 0 {
		f.Ends[0], f.Ends[1] = netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
	}
	f.flipped = flipped
	if f.tcp != nil && fromServer(p) {
		f.Ends[0], f.Ends[1] = f.Ends[1], f.Ends[0]
		f.flipped = !flipped
	}
	t.convs = append(t.convs, &f.Conversation)
	e.id = int32(f.ID) + 1
	return f
}

func (t *Tracker) count(f *flow, p *packet.Packet, s *Sighting, now *Moment) {
	d := &f.Dir[s.Dir]
	if !f.Last.Seen() { // as near as can be: First is, too, or is not
		f.First = *now
	}
	f.Last = *now
	d.Packets++
	d.Bytes += int64(p.Record.WireLen)
	if i := p.Record.Interface; i >= 0 {
		f.Interfaces |= 1 << min(uint(i), 63)
	}
	if f.Proto != proto.IPv4 && f.Proto != proto.IPv6 {
		d.Payload += int64(p.PayloadLen)
		d.MaxPayload = max(d.MaxPayload, uint32(p.PayloadLen))
	}
}

// sightAgain notes a further sighting of a packet that is already counted.
func (t *Tracker) sightAgain(f *flow, p *packet.Packet, s *Sighting) {
	s.Duplicate = true
	f.Dir[s.Dir].Sightings++
	if f.tcp == nil {
		return
	}
	now := clock(&Moment{Time: p.Record.Time})
	s.TimeRelative, s.TimeDelta, s.Completeness = now-f.tcp.start, now-f.tcp.prevTime, f.tcp.progress
	if !p.Has(packet.Fragment) {
		f.tcp.relative(&p.TCP, p.PayloadLen, &f.tcp.side[s.Dir], &f.tcp.side[1-s.Dir], s)
	}
}

// drop notes that the host dropped a packet. That is no traffic: the packet
// was counted where it came in, or it never left.
func (t *Tracker) drop(f *flow, p *packet.Packet, s *Sighting, now *Moment) {
	if !f.First.Seen() {
		f.First = *now
	}
	f.Last = *now
	d := &f.Dir[s.Dir]
	if s.FirstDrop {
		d.Dropped++
	}
	if s.Duplicate {
		d.Sightings++
	}
	if f.tcp != nil && !p.Has(packet.Fragment) {
		// Its numbers are those of the connection all the same.
		learnBase(&segment{seq: p.TCP.Seq, ack: p.TCP.Ack, flags: p.TCP.Flags}, &f.tcp.side[s.Dir], &f.tcp.side[1-s.Dir])
		f.tcp.relative(&p.TCP, p.PayloadLen, &f.tcp.side[s.Dir], &f.tcp.side[1-s.Dir], s)
	}
}
