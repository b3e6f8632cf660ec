package flow

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// twins are two sets of lanes that get the same frames: one decodes them all, the other takes frames where it can.
type twins struct {
	t                testing.TB
	general, express [Lanes]*Tracker
	batch            trace.Batch
	decoder          [2]packet.Decoder
	record           [2]trace.Record
	packet           [2]packet.Packet
	seen             [2]Sighting
	frames           int
	taken, plain     int
}

func newTwins(t testing.TB, light bool) *twins {
	w := &twins{t: t, batch: trace.Batch{Source: 1, Offset: 24}}
	for i := range Lanes {
		for _, set := range []*[Lanes]*Tracker{&w.general, &w.express} {
			set[i] = NewLane(1, i)
			if set[i].Compact(); light {
				set[i].Light()
			}
			set[i].ShareHosts(set[0])
		}
		w.general[i].general = true
	}
	return w
}

// add gives a frame of Ethernet to both, and wants the same of both.
func (w *twins) add(b []byte, wire int, at int64) {
	w.t.Helper()
	w.frames++
	d := trace.Frame{Time: at, Len: uint32(len(b)), Wire: uint32(wire), At: uint32(w.frames * 100), Number: uint32(w.frames), Link: uint16(trace.LinkEthernet)}
	w.batch.Data = b
	lane, mark, ok := LaneOf(trace.LinkEthernet, b, wire)
	if !ok {
		for i, set := range []*[Lanes]*Tracker{&w.general, &w.express} {
			w.batch.Fill(&d, &w.record[i])
			w.decoder[i].Decode(&w.record[i], &w.packet[i])
			for l, lanes := 0, LanesOf(&w.packet[i]); l < Lanes; l++ {
				if lanes.Has(l) {
					set[l].Add(&w.packet[i], &w.seen[i])
				}
			}
		}
		return
	}
	for i, tr := range []*Tracker{w.general[lane], w.express[lane]} {
		w.seen[i] = Sighting{Dir: 9, RTO: 9, hole: 9}
		if c, n, _ := tr.AddFrame(&w.batch, &d, mark, &w.seen[i]); c != nil {
			if w.taken++; !tr.plain.told {
				w.plain++
			}
			if tr.Tell(&w.seen[i]); c != w.seen[i].Conv || n > int(w.seen[i].NextSeq-w.seen[i].RelSeq) {
				w.t.Fatalf("frame %d: %d bytes of payload, %+v", w.frames, n, w.seen[i])
			}
			continue
		}
		w.batch.Fill(&d, &w.record[i])
		w.decoder[i].Decode(&w.record[i], &w.packet[i])
		tr.AddOwn(&w.packet[i], &w.seen[i], mark)
	}
	w.compare(lane, mark)
}

// compare wants the same of the packet, and the same state of its conversation, to the last field.
func (w *twins) compare(lane int, mark Mark) {
	w.t.Helper()
	a, b := w.seen[0], w.seen[1]
	if a.Conv, b.Conv = nil, nil; a != b {
		w.t.Fatalf("frame %d as it is: %+v\nwant %+v", w.frames, b, a)
	}
	var states [2]tcpFlow
	var lists [2][2][]sent
	var weighs [2][2]weighed
	for i, tr := range []*Tracker{w.general[lane], w.express[lane]} {
		f := tr.marked[mark%marks].entry.flow
		if f.tcp == nil {
			return
		}
		if f.tcp.side[0].unacked.n+f.tcp.side[1].unacked.n > 100 && w.frames%64 != 0 {
			return // it takes long
		}
		states[i], lists[i] = bare(f.tcp)
		weighs[i] = f.weighed
	}
	if !reflect.DeepEqual(states[0], states[1]) || !reflect.DeepEqual(lists[0], lists[1]) || weighs[0] != weighs[1] {
		w.t.Fatalf("after frame %d: %+v %v %v\nwant %+v %v %v", w.frames, states[1], lists[1], weighs[1], states[0], lists[0], weighs[0])
	}
	if x, y := w.general[lane].clock, w.express[lane].clock; x != y {
		w.t.Fatalf("after frame %d: %v, want %v", w.frames, y, x)
	}
}

// end merges both and wants the same of them.
func (w *twins) end() {
	w.t.Helper()
	want, got := Merge(w.general[:], nil), Merge(w.express[:], nil)
	if !reflect.DeepEqual(got.Conversations(), want.Conversations()) {
		w.t.Errorf("conversations differ after %d frames", w.frames)
	}
	for i, h := range want.Hosts() {
		if g := got.Hosts()[i]; !reflect.DeepEqual(g, h) {
			w.t.Errorf("host after %d frames: %+v\nwant %+v", w.frames, g, h)
		}
	}
}

// ethernet is the whole frame of a segment, with a right checksum.
func (f *frame) ethernet() []byte {
	b := append(f.segment(), make([]byte, f.payload)...)
	head, kind := 20, byte(0x08)
	addresses := b[12:20]
	if !f.src.Addr().Is4() {
		head, kind = 40, 0x86
		addresses = b[8:40]
	} else {
		binary.BigEndian.PutUint16(b[10:], ^onesSum(b[:20]))
	}
	n := len(b) - head
	pseudo := append(append([]byte{}, addresses...), 0, 6, byte(n>>8), byte(n))
	binary.BigEndian.PutUint16(b[head+16:], ^onesSum(b[head:], pseudo))
	second := byte(0)
	if kind == 0x86 {
		second = 0xdd
	}
	return append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, kind, second}, b...)
}

// spoil is what happens to a frame on its way, and at the recorder.
func (w *twins) spoil(r *rand.Rand, b []byte, at int64) {
	four := b[12] == 8
	switch r.IntN(400) {
	case 0:
		b[len(b)-1]++ // a checksum that is wrong
	case 1:
		b = append(b[:12:12], append([]byte{0x81, 0, 0, 7}, b[12:]...)...)
	case 2:
		b = append(b, make([]byte, r.IntN(8))...)
	case 3:
		w.add(b[:len(b)-min(r.IntN(60), len(b)-14)], len(b), at)
		return
	case 4:
		b[22-r.IntN(2)]-- // TTL of one, hop limit of the other; else a part of something else
	case 5:
		if four {
			b[20] ^= 0x20 // a fragment
		}
	case 6:
		b[6]++
	case 7:
		if four {
			b[24], b[25] = 0, 0
		}
	case 8:
		w.add(b, len(b), at)
		at += pick[int64](r, 0, 1000, 1_999_999, 2_000_001)
		if four && r.IntN(2) == 0 {
			b[22]--
		}
	case 9:
		at = trace.NoTime
	}
	w.add(b, len(b), at)
}

// A frame that is taken as it is says the same as one that is decoded, and leaves the same state.
func TestFramesSayTheSame(t *testing.T) {
	for i := range 2 * len(generators) {
		g := generators[i/2]
		w := newTwins(t, i%2 == 1)
		r := rand.New(rand.NewPCG(5, 5))
		frames := g.frames(23)
		for i := range frames {
			if f := &frames[i]; f.quoted == 0 {
				w.spoil(r, f.ethernet(), generatedStart*1e9+f.time)
			} else {
				b := f.bytes()
				w.add(append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, b...), 14+len(b), generatedStart*1e9+f.time)
			}
		}
		w.end()
		t.Logf("%s: of %d frames %d are taken, %d are plain", g.name, w.frames, w.taken, w.plain)
		if w.plain < 100 || w.taken < w.plain+1000 {
			t.Errorf("%s: %d frames are taken, %d are plain", g.name, w.taken, w.plain)
		}
	}
}

// FuzzFrame takes eight bytes for a segment: who sent it, when, and how far from what is expected it is.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 0, 1, 0, 1, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 100, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 9, 0, 1, 0})
	f.Add([]byte{8, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 9, 0, 1, 0, 8, 0, 0, 0, 1, 0, 40, 0, 9, 0, 0, 0, 0, 0, 60, 0, 8, 1, 0, 0, 9, 0, 1, 9, 9, 0, 0, 1, 0, 9, 1, 0})
	f.Add([]byte{0, 0, 0, 0, 99, 0, 1, 8, 1, 0, 0, 0, 99, 0, 1, 8, 0, 0, 1, 0, 99, 0, 1, 8, 0, 0, 255, 0, 99, 0, 1, 8, 1, 0, 0, 2, 0, 0, 1, 8, 1, 0, 0, 2, 0, 0, 1, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newTwins(t, len(data)%16 >= 8)
		at := generatedStart * int64(1e9)
		next := [4][2]uint32{{7, ^uint32(9)}, {0, 1 << 31}, {1, 1}, {1 << 31, 3}}
		flags := [8]tcp.Flags{tcp.ACK, tcp.ACK | tcp.PSH, tcp.SYN, tcp.SYN | tcp.ACK, tcp.FIN | tcp.ACK, tcp.RST, tcp.ACK | tcp.URG, 0}
		for ; len(data) >= 8 && w.frames < 1000; data = data[8:] {
			from, pair := int(data[0]&1), int(data[0]>>1&3)
			ends := [2]netip.AddrPort{netipPort(10, pair, 1024), benchEnds[1]}
			if pair == 3 {
				ends = [2]netip.AddrPort{netip.MustParseAddrPort("[fd00::1]:99"), netip.MustParseAddrPort("[fd00::2]:98")}
			}
			n := &next[pair]
			s := frame{src: ends[from], dst: ends[1-from], flags: flags[data[1]&7], window: uint16(data[5])<<5 ^ 0x1000, payload: int(data[4]) * int(1+data[1]>>5)}
			s.seq, s.ack = n[from]+uint32(int32(int8(data[2]))), n[1-from]+uint32(int32(int8(data[3])))
			if data[0]&8 != 0 {
				s.options = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{1, 1, 8, 10}, uint32(data[6])), uint32(data[2])^1)
			}
			if data[0]&16 != 0 {
				s.options = append(s.options, 1, 1, 5, 10, 0, 0, 0, data[2], 0, 0, 0, data[3])
			}
			if end := s.seq + uint32(s.payload); after(end, n[from]) {
				n[from] = end
			}
			if s.flags&(tcp.SYN|tcp.FIN) != 0 {
				n[from]++
			}
			at += int64(int8(data[6])) * 300_000
			b := s.ethernet()
			if data[7]&8 != 0 {
				b[22] -= data[7] >> 4 & 3
			}
			if data[7]&7 == 1 {
				b[len(b)-1] ^= data[7]
			}
			w.add(b, len(b), at)
			if data[7]&7 == 2 {
				w.add(b, len(b), at+int64(data[7])*10_000)
			}
		}
		w.end()
	})
}
