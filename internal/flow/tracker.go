package flow

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/packet"
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
	hosts   map[netip.Addr]*Host
	order   []*Host
	convs   []*Conversation
	streams [2]int32 // next number: of TCP, of UDP
	seen    *recent  // packets seen a moment ago, by content; nil until a record names a layer
}

// NewTracker returns the tracker of the source with this index.
func NewTracker(source int) *Tracker {
	return &Tracker{source: source, pairs: newTable(), hosts: map[netip.Addr]*Host{}}
}

// Conversations are all conversations so far in order of their first packet; their ID is their index.
func (t *Tracker) Conversations() []*Conversation { return t.convs }

// Hosts are all addresses that sent or received a packet, in order of appearance.
func (t *Tracker) Hosts() []*Host { return t.order }

// End releases what is only needed while packets come. Conversations and hosts stay.
func (t *Tracker) End() {
	t.pairs = newTable()
	t.seen = nil
	t.hosts = map[netip.Addr]*Host{}
}

// A flow is a conversation with the state of its analysis behind it, in one piece of memory.
type flow struct {
	Conversation
	flipped bool // Ends[0] is the second endpoint of the key
	tcp     *tcpFlow
}

type tcpFlow struct {
	flow flow
	info TCP
	side [2]side // by index of Ends
}

// Add says what the packet is part of, and counts it.
func (t *Tracker) Add(p *packet.Packet, s *Sighting) {
	*s = Sighting{}
	if !p.Src.IsValid() || !p.Dst.IsValid() {
		return
	}
	if p.Tunnel > 0 {
		t.outer(p, s)
	}
	id := conversationProto(p)
	var srcPort, dstPort uint16
	if id == proto.TCP || id == proto.UDP || id == proto.SCTP {
		srcPort, dstPort = p.SrcPort, p.DstPort
	}
	k, flipped := makeKey(id, p.Src, p.Dst, srcPort, dstPort)
	e := t.pairs.find(&k)
	if e.hosts[0] == nil {
		t.meet(e, p, flipped)
	}
	now := Moment{p.Record.Pos, p.Record.Time}
	f := t.instance(e, p, flipped)
	s.Conv = &f.Conversation
	if f.flipped != flipped {
		s.Dir = 1
	}
	s.addStream(id, int32(f.Stream))
	s.Checksum = checksum(p)
	if p.Record.Meta != nil && p.Record.Meta.Layer != "" && t.again(p, s, now) {
		t.sightAgain(f, p, s)
		return
	}
	t.count(f, p, s, now)
	t.weigh(e, f, p, s, flipped, now)
	if f.tcp != nil && !p.Has(packet.Fragment) {
		f.tcp.segment(p, s, now)
	}
	if p.QuotedSrc.IsValid() {
		t.quoted(p, s, now)
	}
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
func (t *Tracker) instance(e *entry, p *packet.Packet, flipped bool) *flow {
	f := e.flow
	if f == nil {
		return t.begin(e, p, flipped, e.stream)
	}
	if f.tcp != nil && f.tcp.reused(p, f.flipped != flipped) {
		return t.begin(e, p, flipped, -1)
	}
	return f
}

// begin starts an instance between the endpoints of e. A number of -1 takes the next one.
func (t *Tracker) begin(e *entry, p *packet.Packet, flipped bool, number int32) *flow {
	id := proto.ID(e.key.kind)
	var f *flow
	if id == proto.TCP {
		tf := new(tcpFlow)
		f = &tf.flow
		f.tcp = tf
		f.TCP = &tf.info
		tf.init()
	} else {
		f = new(flow)
	}
	if number < 0 {
		number = t.number(id)
	}
	e.flow, e.stream = f, number
	f.ID, f.Source, f.Proto, f.Stream = len(t.convs), t.source, id, int(number)
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
	return f
}

// number takes the next Wireshark stream number of the protocol, -1 for protocols that Wireshark does not number.
func (t *Tracker) number(id proto.ID) int32 {
	i := 0
	switch id {
	case proto.TCP:
	case proto.UDP:
		i = 1
	default:
		return -1
	}
	t.streams[i]++
	return t.streams[i] - 1
}

func (t *Tracker) count(f *flow, p *packet.Packet, s *Sighting, now Moment) {
	d := &f.Dir[s.Dir]
	if !f.First.Seen() {
		f.First = now
	}
	f.Last = now
	if d.Packets == 0 {
		d.First = now
	}
	d.Last = now
	d.Packets++
	d.Bytes += int64(p.Record.WireLen)
	if f.Proto != proto.IPv4 && f.Proto != proto.IPv6 {
		d.Payload += int64(p.PayloadLen)
		d.MaxPayload = max(d.MaxPayload, p.PayloadLen)
	}
}

// sightAgain notes a further sighting of a packet that is already counted.
func (t *Tracker) sightAgain(f *flow, p *packet.Packet, s *Sighting) {
	s.Duplicate = true
	f.Dir[s.Dir].Sightings++
	if f.tcp != nil && !p.Has(packet.Fragment) {
		f.tcp.relative(p, s)
	}
}

// name finds a pair that only an outer header or a quotation names. It gets
// its number when it is first named, as in Wireshark, and keeps it.
func (t *Tracker) name(id proto.ID, src, dst netip.Addr, srcPort, dstPort uint16) *entry {
	k, _ := makeKey(id, src, dst, srcPort, dstPort)
	e := t.pairs.find(&k)
	if e.stream < 0 {
		e.stream = t.number(id)
	}
	return e
}

// outer numbers the transports that carry a tunnel.
func (t *Tracker) outer(p *packet.Packet, s *Sighting) {
	var src, dst netip.Addr
	for i := range p.N {
		l := &p.Layers[i]
		if l.Quoted {
			return
		}
		switch l.Proto {
		case proto.IPv4, proto.IPv6:
			src, dst = addresses(l.Proto, p.Bytes(i))
			if src == p.Src && dst == p.Dst && innermost(p, i) {
				return
			}
		case proto.UDP, proto.TCP:
			if b := p.Bytes(i); len(b) >= 4 && src.IsValid() {
				e := t.name(l.Proto, src, dst, uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3]))
				s.addStream(l.Proto, e.stream)
			}
		}
	}
}

// innermost reports whether no network layer follows layer i.
func innermost(p *packet.Packet, i int) bool {
	for _, l := range p.Layers[i+1 : p.N] {
		if !l.Quoted && (l.Proto == proto.IPv4 || l.Proto == proto.IPv6) {
			return false
		}
	}
	return true
}

func addresses(id proto.ID, b []byte) (src, dst netip.Addr) {
	switch {
	case id == proto.IPv4 && len(b) >= 20:
		return netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	case id == proto.IPv6 && len(b) >= 40:
		return netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	}
	return src, dst
}
