package flow

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

const us = 1000

// An ipPacket is what the tests change of a packet; the rest is fixed.
type ipPacket struct {
	v6       bool
	proto    byte // 6 or 17
	id       uint16
	ttl, tos byte
	sum      uint16 // of the transport
	src      byte   // last byte of the sender's address
	seq      uint32
	payload  string
	noLength bool
}

func (p ipPacket) bytes() []byte {
	be := binary.BigEndian
	if p.ttl == 0 {
		p.ttl = 64
	}
	var t []byte
	if p.proto == 6 {
		t = []byte{0x10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 9, 0x50, 0x10, 4, 0, 0, 0, 0, 0}
		be.PutUint32(t[4:], p.seq)
		be.PutUint16(t[16:], p.sum)
	} else {
		t = []byte{0x10, 0, 0, 53, 0, byte(8 + len(p.payload)), 0, 0}
		be.PutUint16(t[6:], p.sum)
	}
	t = append(t, p.payload...)
	if p.v6 {
		h := make([]byte, 40)
		h[0], h[1], h[6], h[7] = 0x60|p.tos>>4, p.tos<<4, p.proto, p.ttl
		if !p.noLength {
			be.PutUint16(h[4:], uint16(len(t)))
		}
		h[8], h[23], h[24], h[39] = 0xfe, 1+p.src, 0xfe, 9
		return append(h, t...)
	}
	h := []byte{0x45, p.tos, 0, 0, 0, 0, 0, 0, p.ttl, p.proto, 0, 0, 10, 0, 0, 1 + p.src, 10, 0, 0, 9}
	if !p.noLength {
		be.PutUint16(h[2:], uint16(20+len(t)))
	}
	be.PutUint16(h[4:], p.id)
	be.PutUint16(h[10:], uint16(p.ttl)*31) // any: routers write another
	return append(h, t...)
}

// A look is one record of a packet at a place of the stack.
type look struct {
	at        int64  // microseconds
	component uint16 // place
	edge      uint16
	dir       trace.Direction
	p         ipPacket
	cut       int    // bytes captured of the frame, 0 for all
	link      string // "ether" when empty, "wifi", "raw"
	group     uint64
	count     uint16 // appearance, 0 when the recorder does not count
	drop      uint32
	arp       byte // not 0: an ARP request for this host
}

func (l look) frame() ([]byte, trace.LinkType) {
	kind := []byte{8, 0}
	body := l.p.bytes()
	switch {
	case l.arp != 0:
		kind = []byte{8, 6}
		body = []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, l.arp}
	case l.p.v6:
		kind = []byte{0x86, 0xdd}
	}
	switch l.link {
	case "raw":
		return body, trace.LinkRaw
	case "unknown":
		return body, trace.LinkUnknown
	case "wifi":
		h := []byte{0x88, 2, 0, 0, 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0}
		return append(append(h, kind...), body...), trace.LinkWiFi
	}
	return append(append([]byte{2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1}, kind...), body...), trace.LinkEthernet
}

// of tells, for each look, the number of the look that it is a further sighting of, 0 for a packet of its own;
// negative for a report of a drop.
func of(t *testing.T, tr *Tracker, looks []look) []int {
	t.Helper()
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	var out []int
	for i, l := range looks {
		data, link := l.frame()
		meta := trace.Meta{
			Direction: l.dir, PacketID: l.group, HasPacketID: true, Appearance: l.count, PacketNumber: 1,
			Layer: fmt.Sprintf("component %d", l.component), Component: l.component, Edge: l.edge, HasEdge: true,
		}
		if l.drop != 0 {
			meta.Drop = &trace.Drop{Reason: l.drop}
		}
		rec := trace.Record{Pos: trace.Pos{Number: int64(i + 1)}, Time: l.at * us, Kind: trace.Packet, Link: link, Data: data, WireLen: len(data), Meta: &meta, Interface: -1}
		if l.cut > 0 && l.cut < len(data) {
			rec.Data = data[:l.cut]
		}
		d.Decode(&rec, &p)
		tr.Add(&p, &s)
		if s.Nth < 1 && !s.Resegmented {
			t.Errorf("look %d is no sighting", i+1)
		}
		n := 0
		if s.Duplicate {
			n = int(s.Of.Number)
			if s.Since != (l.at-looks[n-1].at)*us {
				t.Errorf("look %d: %d ns after look %d", i+1, s.Since, n)
			}
		}
		if l.drop != 0 {
			n = -max(n, 100)
			if s.Duplicate {
				n = -int(s.Of.Number)
			}
		}
		out = append(out, n)
	}
	return out
}

// first is what of says of a drop that no sighting came before.
const first = -100

func TestSightings(t *testing.T) {
	udp := ipPacket{proto: 17, payload: "query"}
	udp6 := ipPacket{v6: true, proto: 17, payload: "query"}
	long := ipPacket{proto: 17, payload: string(make([]byte, 160))}
	other := ipPacket{proto: 17, payload: string(make([]byte, 159)) + "x"}
	const in, out = trace.Inbound, trace.Outbound
	tests := []struct {
		name  string
		looks []look
		want  []int
	}{
		{"edges of one component", []look{{at: 0, component: 1, edge: 1, p: udp}, {at: 3, component: 1, edge: 2, p: udp}, {at: 5, component: 2, edge: 1, p: udp}}, []int{0, 1, 1}},
		{"another id at each component, as 24H2 gives", []look{{at: 0, component: 1, p: udp, group: 1}, {at: 1, component: 2, p: udp, group: 2}}, []int{0, 1}},
		{"the same datagram sent again", []look{{at: 0, component: 1, p: udp}, {at: 1, component: 1, p: udp}}, []int{0, 0}},
		{"sent again, both through two components, one behind the other", []look{
			{at: 0, component: 1, p: udp}, {at: 1, component: 2, p: udp}, {at: 100, component: 1, p: udp}, {at: 101, component: 2, p: udp}}, []int{0, 1, 0, 3}},
		{"sent again, both through two components, in a batch", []look{
			{at: 0, component: 1, p: udp}, {at: 1, component: 1, p: udp}, {at: 2, component: 2, p: udp}, {at: 3, component: 2, p: udp}}, []int{0, 0, 1, 2}},
		{"after the window", []look{{at: 0, component: 1, p: udp}, {at: 2001, component: 2, p: udp}}, []int{0, 0}},
		{"each hop within the window", []look{{at: 0, component: 1, p: udp}, {at: 1500, component: 2, p: udp}, {at: 3000, component: 3, p: udp}}, []int{0, 1, 1}},
		{"other IP identification", []look{{at: 0, component: 1, p: udp}, {at: 1, component: 2, p: ipPacket{proto: 17, id: 7, payload: "query"}}}, []int{0, 0}},
		{"IPv6 has none: the payload tells", []look{{at: 0, component: 1, p: udp6}, {at: 1, component: 2, p: ipPacket{v6: true, proto: 17, payload: "Query"}}}, []int{0, 0}},
		{"IPv6 with another hop limit and class", []look{{at: 0, component: 1, p: udp6}, {at: 1, component: 2, p: ipPacket{v6: true, proto: 17, ttl: 63, tos: 8, payload: "query"}}}, []int{0, 1}},
		{"Wi-Fi, Ethernet and no link layer", []look{{at: 0, component: 1, p: udp, link: "wifi"}, {at: 1, component: 2, p: udp}, {at: 2, component: 3, p: udp, link: "raw"}}, []int{0, 1, 1}},
		{"forwarded: TTL and checksum rewritten", []look{
			{at: 0, component: 1, dir: in, p: udp}, {at: 9, component: 2, dir: out, p: ipPacket{proto: 17, ttl: 63, payload: "query"}}}, []int{0, 1}},
		{"a TTL does not grow", []look{{at: 0, component: 1, p: udp}, {at: 9, component: 2, p: ipPacket{proto: 17, ttl: 65, payload: "query"}}}, []int{0, 0}},
		{"in and out of the same component", []look{{at: 0, component: 1, dir: in, p: udp}, {at: 9, component: 1, dir: out, p: ipPacket{proto: 17, ttl: 63, payload: "query"}}}, []int{0, 1}},
		{"translated addresses are another conversation", []look{{at: 0, component: 1, p: udp}, {at: 9, component: 2, p: ipPacket{proto: 17, src: 5, payload: "query"}}}, []int{0, 0}},
		{"the checksum is computed on the way", []look{{at: 0, component: 1, p: udp}, {at: 1, component: 2, p: ipPacket{proto: 17, sum: 0xabcd, payload: "query"}}}, []int{0, 1}},
		{"the length is filled in on the way", []look{{at: 0, component: 1, p: ipPacket{proto: 17, payload: "query", noLength: true}}, {at: 1, component: 2, p: udp}}, []int{0, 1}},
		{"cut to different lengths", []look{{at: 0, component: 1, p: long, cut: 128, link: "wifi"}, {at: 1, component: 2, p: long, cut: 128}, {at: 2, component: 3, p: long}}, []int{0, 1, 1}},
		{"whole packets that differ at their end", []look{{at: 0, component: 1, p: long}, {at: 1, component: 2, p: other}}, []int{0, 0}},
		{"the recorder's id goes further than the window", []look{{at: 0, component: 1, p: udp, group: 7, count: 1}, {at: 500_000, component: 2, p: udp, group: 7, count: 2}}, []int{0, 1}},
		{"and tells packets of the same bytes apart", []look{
			{at: 0, component: 1, p: udp, group: 7, count: 1}, {at: 1, component: 1, p: udp, group: 8, count: 1}, {at: 2, component: 2, p: udp, group: 8, count: 2}, {at: 3, component: 2, p: udp, group: 7, count: 2}}, []int{0, 0, 2, 1}},
		{"an id without a count groups nothing", []look{{at: 0, component: 1, p: udp, group: 7}, {at: 500_000, component: 2, p: udp, group: 7}}, []int{0, 0}},
		{"ARP has no network layer", []look{{at: 0, component: 1, arp: 5}, {at: 1, component: 2, arp: 5, link: "wifi"}, {at: 2, component: 1, arp: 5}, {at: 3, component: 2, arp: 6}}, []int{0, 1, 0, 0}},
		{"nothing decoded", []look{{at: 0, component: 1, p: udp, link: "unknown"}, {at: 1, component: 2, p: udp, link: "unknown"}, {at: 2, component: 3, p: other, link: "unknown"}}, []int{0, 1, 0}},
		{"dropped on the way in, by each of three listeners", []look{
			{at: 0, component: 1, p: udp}, {at: 9, component: 3, p: udp, link: "raw", drop: 902}, {at: 11, component: 3, p: udp, link: "raw", drop: 902}, {at: 13, component: 3, p: udp, link: "raw", drop: 909}}, []int{0, -1, -1, -1}},
		{"dropped before it left", []look{{at: 0, component: 3, p: udp, link: "raw", drop: 902}, {at: 9000, component: 3, p: udp, link: "raw", drop: 902}}, []int{first, first}},
		{"a drop is of the packet that was there last", []look{{at: 0, component: 1, p: udp}, {at: 100, component: 1, p: udp}, {at: 101, component: 3, p: udp, drop: 902}}, []int{0, 0, -2}},
		{"dropped while its IP header is built", []look{
			{at: 0, component: 3, p: ipPacket{proto: 6, seq: 5, ttl: 1}, drop: 1204}, {at: 18, component: 3, p: ipPacket{proto: 6, seq: 5, id: 9, ttl: 128}, drop: 1204}, {at: 19, component: 3, p: ipPacket{proto: 6, seq: 5, ttl: 1}, drop: 918}}, []int{first, -1, -1}},
		{"which no card sees", []look{{at: 0, component: 1, p: ipPacket{proto: 6, seq: 5}}, {at: 18, component: 2, p: ipPacket{proto: 6, seq: 5, id: 9}}}, []int{0, 0}},
		{"a drop that was followed by a sighting", []look{{at: 0, component: 3, p: udp, drop: 902}, {at: 2, component: 2, p: udp}, {at: 3, component: 1, p: udp}}, []int{first, 0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, of(t, NewTracker(0), tt.looks)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A dropped packet is no traffic: it counts once as dropped, and as a packet only when it was seen otherwise.
func TestDropsAreNoTraffic(t *testing.T) {
	udp := ipPacket{proto: 17, payload: "query"}
	tr := NewTracker(0)
	of(t, tr, []look{
		{at: 0, component: 1, p: udp}, {at: 2, component: 3, p: udp, drop: 902}, {at: 3, component: 3, p: udp, drop: 909},
		{at: 9000, component: 3, p: ipPacket{proto: 17, id: 2, payload: "query"}, drop: 902},
	})
	d := tr.Conversations()[0].Dir[0]
	if d.Packets != 1 || d.Bytes != 47 || d.Payload != 5 || d.Dropped != 2 || d.Sightings != 2 {
		t.Errorf("%+v", d)
	}
	tr = NewTracker(0)
	of(t, tr, []look{{at: 0, component: 3, p: ipPacket{proto: 6, payload: "data"}, drop: 902}})
	c := tr.Conversations()[0]
	if d := c.Dir[0]; d.Packets != 0 || d.Bytes != 0 || d.Dropped != 1 || !c.First.Seen() || c.TCP.Sides[0].LastData.Seen() {
		t.Errorf("%+v", c)
	}
}

// Large send offload and receive coalescing show the same bytes in other segments.
func TestSegmentsOfOneSend(t *testing.T) {
	part := func(seq uint32, n int) ipPacket {
		return ipPacket{proto: 6, id: uint16(seq), seq: seq, payload: string(make([]byte, n))}
	}
	const up, down = 2, 1
	tests := []struct {
		name    string
		looks   []look
		payload int64
		packets int64
		resent  int64
	}{
		{"sent large, cut below", []look{
			{at: 0, component: up, p: part(1, 300)}, {at: 5, component: down, p: part(1, 100)}, {at: 6, component: down, p: part(101, 100)}, {at: 7, component: down, p: part(201, 100)}}, 300, 1, 0},
		{"received small, joined above", []look{
			{at: 0, component: down, p: part(1, 100)}, {at: 1, component: down, p: part(101, 100)}, {at: 2, component: down, p: part(201, 100)}, {at: 5, component: up, p: part(1, 300)}}, 300, 3, 0},
		{"not all of it was seen below", []look{
			{at: 0, component: down, p: part(1, 100)}, {at: 1, component: down, p: part(201, 100)}, {at: 5, component: up, p: part(1, 300)}}, 500, 3, 1},
		{"sent again in other pieces: it passes the same place", []look{
			{at: 0, component: up, p: part(1, 300)}, {at: 500, component: up, p: part(1, 100)}}, 400, 2, 1},
		{"sent again whole", []look{
			{at: 0, component: up, p: part(1, 300)}, {at: 500, component: down, p: ipPacket{proto: 6, id: 9, seq: 1, payload: string(make([]byte, 300))}}}, 600, 2, 1},
		{"later than the window", []look{
			{at: 0, component: up, p: part(1, 300)}, {at: 5000, component: down, p: part(1, 100)}}, 400, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := NewTracker(0)
			of(t, tr, tt.looks)
			d := tr.Conversations()[0].Dir[0]
			// What comes within three milliseconds counts as out of order.
			if again := d.Retransmissions + d.OutOfOrder; d.Payload != tt.payload || d.Packets != tt.packets || again != tt.resent {
				t.Errorf("%d bytes in %d packets, %d sent again; want %d in %d, %d", d.Payload, d.Packets, again, tt.payload, tt.packets, tt.resent)
			}
		})
	}
}

// A fragment is seen at several places as any other packet. Only its first sighting completes the datagram.
func TestSightingsOfFragments(t *testing.T) {
	whole := ipPacket{proto: 17, payload: "0123456789abcdef"}.bytes()
	first, last := append([]byte(nil), whole[:20+16]...), append(append([]byte(nil), whole[:20]...), whole[36:]...)
	for _, f := range [][]byte{first, last} {
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
	}
	binary.BigEndian.PutUint16(first[6:], 0x2000)
	binary.BigEndian.PutUint16(last[6:], 2)
	tr := NewTracker(0)
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	again := 0
	for i, f := range [][]byte{first, first, last, last, last} {
		place := []uint16{1, 2, 1, 2, 3}[i]
		rec := trace.Record{Pos: trace.Pos{Number: int64(i + 1)}, Time: int64(i), Kind: trace.Packet, Link: trace.LinkRaw, Data: f, WireLen: len(f), Meta: &trace.Meta{Layer: "x", Component: place, HasEdge: true}}
		d.Decode(&rec, &p)
		if tr.Add(&p, &s); s.Duplicate {
			again++
		}
	}
	packets := int64(0)
	for _, c := range tr.Conversations() {
		packets += c.Dir[0].Packets + c.Dir[1].Packets
	}
	if packets != 2 || again != 3 {
		t.Errorf("%d packets and %d further sightings, want 2 and 3", packets, again)
	}
}

// Layers of a recorder that numbers no edges are told apart by their names.
func TestSightingsByLayer(t *testing.T) {
	tr := NewTracker(0)
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	data := ipPacket{proto: 17, payload: "query"}.bytes()
	for i, want := range []struct {
		layer string
		again bool
	}{{"filter", false}, {"miniport", true}, {"miniport", false}} {
		rec := trace.Record{Pos: trace.Pos{Number: int64(i + 1)}, Time: int64(i), Kind: trace.Packet, Link: trace.LinkRaw, Data: data, WireLen: len(data), Meta: &trace.Meta{Layer: want.layer}}
		d.Decode(&rec, &p)
		if tr.Add(&p, &s); s.Duplicate != want.again {
			t.Errorf("look %d at %s: %+v", i+1, want.layer, s)
		}
	}
}

// A stream of packets, each seen at twelve places.
type passage struct {
	tr   *Tracker
	d    packet.Decoder
	p    packet.Packet
	s    Sighting
	meta trace.Meta
	rec  trace.Record
	n    uint16
}

func newPassage() *passage {
	p := &passage{tr: NewTracker(0), meta: trace.Meta{Layer: "component", HasEdge: true}}
	data := ipPacket{proto: 17, payload: string(make([]byte, 200))}.bytes()
	p.rec = trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: trace.LinkRaw, Data: data, WireLen: len(data), Meta: &p.meta}
	return p
}

func (p *passage) next() {
	p.meta.Edge = p.n % 12
	binary.BigEndian.PutUint16(p.rec.Data[4:], p.n/12)
	p.n++
	p.d.Decode(&p.rec, &p.p)
	p.tr.Add(&p.p, &p.s)
}

func TestSightingsDoNotAllocate(t *testing.T) {
	p := newPassage()
	p.next()
	if n := testing.AllocsPerRun(1000, p.next); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkSightings(b *testing.B) {
	p := newPassage()
	b.ReportAllocs()
	for b.Loop() {
		p.next()
	}
}
