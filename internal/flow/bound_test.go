package flow

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"runtime"
	"testing"
	"unsafe"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

func TestAddDoesNotAllocate(t *testing.T) {
	w := newWire(t)
	w.open()
	seq := uint32(1)
	if n := testing.AllocsPerRun(1000, func() {
		w.seg(20, 0, "", seq, 1, 100)
		seq += 100
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// floodPacket is the SYN of the n-th of many half-open connections.
func floodPacket(p *packet.Packet, rec *trace.Record, n int) {
	rec.Pos.Number, rec.Time, rec.Kind, rec.WireLen = int64(n+1), int64(n), trace.Packet, 54
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], uint32(n>>8)+10<<24)
	p.Record, p.Transport, p.TTL, p.VLAN = rec, proto.TCP, 64, -1
	p.Src, p.Dst = netip.AddrFrom4(a), netip.AddrFrom4([4]byte{10, 255, 255, 255})
	p.SrcPort, p.DstPort = uint16(n), 80
	p.TCP = tcp.Header{SrcPort: uint16(n), DstPort: 80, Seq: uint32(n), Flags: tcp.SYN, Window: 1000}
}

func TestAMillionHalfOpenConnections(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func() *Tracker
		most  int64 // bytes for each
	}{
		{"plain", func() *Tracker { return NewTracker(0) }, 1850},
		{"compact", func() *Tracker { tr := NewTracker(0); tr.Compact(); return tr }, 330},
	} {
		t.Run(tt.name, func(t *testing.T) { flood(t, tt.begin(), tt.most) })
	}
}

func flood(t *testing.T, tr *Tracker, most int64) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var p packet.Packet
	var rec trace.Record
	var s Sighting
	for i := range n {
		floodPacket(&p, &rec, i)
		tr.Add(&p, &s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := int64(after.HeapAlloc-before.HeapAlloc) / int64(n)
	t.Logf("%d bytes a connection; Conversation is %d bytes, with TCP and its analysis %d", per, unsafe.Sizeof(Conversation{}), unsafe.Sizeof(tcpFlow{}))
	count := 0
	for c := range tr.All() {
		if c.ID != count || c.Stream != count || c.TCP.SYNs != 1 {
			t.Fatalf("conversation %d: %+v", count, c)
		}
		count++
	}
	if count != n {
		t.Errorf("%d conversations, want %d", count, n)
	}
	if per > most {
		t.Errorf("%d bytes a half-open connection", per)
	}
	runtime.KeepAlive(tr)
}

// blocks counts what a list has in its blocks.
func (u *unacked) blocks() (n int) {
	for b := u.head; b != nil; b = b.next {
		n++
	}
	return n
}

// One side sends and is never acknowledged: in order, and all over the place. The list ends at its bound, and a
// segment costs the same at the end as at the start: what follows would not end otherwise.
func TestUnacknowledgedIsBounded(t *testing.T) {
	n := 10_000_000
	if testing.Short() {
		n = 500_000
	}
	for name, seq := range map[string]func(i int) uint32{
		"in order":  func(i int) uint32 { return uint32(i) * 100 },
		"scattered": func(i int) uint32 { return uint32(i*7919%100_000) * 100 },
		"backwards": func(i int) uint32 { return -uint32(i) * 100 },
	} {
		t.Run(name, func(t *testing.T) {
			if name != "in order" {
				n = min(n, 1_000_000)
			}
			w := newWire(t)
			w.open()
			for i := range n {
				w.seg(100-int64(i%7), 0, "A", 1+seq(i), 1, 100) // the clock goes back and forth
				if i%64 == 0 {
					w.seg(100, 1, "A", 1, 1, 0)
				}
			}
			u := &w.tr.pairs.at(0).flow.tcp.side[0].unacked
			if u.n > maxUnacked || u.blocks() > maxUnacked/blockLen+1 {
				t.Errorf("%d segments in %d blocks", u.n, u.blocks())
			}
			if name != "in order" {
				return
			}
			if w.seg(200, 1, "A", 1, 1<<30, 0); u.n != 0 || u.blocks() != 0 { // everything that is in the list
				t.Errorf("%d segments in %d blocks after the acknowledgement", u.n, u.blocks())
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, flows := range []int{1, 1000, 100_000} {
		b.Run(map[int]string{1: "one", 1000: "thousand", 100_000: "hundredThousand"}[flows], func(b *testing.B) {
			tr := NewTracker(0)
			var p packet.Packet
			var rec trace.Record
			var s Sighting
			for i := range flows {
				floodPacket(&p, &rec, i)
				tr.Add(&p, &s)
			}
			p.PayloadLen, p.TCP.Flags = 1000, tcp.ACK
			b.SetBytes(1054)
			b.ReportAllocs()
			i, seq := 0, uint32(0)
			for b.Loop() {
				i = (i + 7919) % flows
				var a [4]byte
				binary.BigEndian.PutUint32(a[:], uint32(i>>8)+10<<24)
				p.Src, p.SrcPort = netip.AddrFrom4(a), uint16(i)
				seq += 1000
				p.TCP.Seq = seq
				tr.Add(&p, &s)
			}
		})
	}
}

// FuzzTracker feeds random packets, some of them twice: bytes choose the ends, the flags and the numbers. A tracker that packs says the same,
// unless the clock was set back: then it has forgotten packets whose copies may come again.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 0, 1, 0x12, 0, 0, 1, 0, 0, 0x10, 1, 0, 1, 9})
	f.Add([]byte{0, 2, 255, 255, 0, 0, 1, 0x11, 255, 255, 255, 3, 0, 4, 0, 1, 1, 200, 8, 1, 1, 1, 1, 1})
	f.Add([]byte{2, 2, 0, 7, 0, 0, 7, 0x12, 0, 9, 1, 0, 6, 0x10, 1, 9, 1, 9, 7, 0x10, 2, 3, 1, 100, 11, 0x18, 5, 9, 1, 9, 14, 0x18, 5, 60, 1, 7})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWire(t)
		other := NewTracker(0) // packs as often as it can, and must say the same
		other.Compact()
		other.cold.least, other.cold.floor = 0, 0
		var seen Sighting
		packets, high, setBack := int64(0), int64(0), false
		for n := int64(1); len(data) >= 6; n++ {
			from := int(data[0] & 1)
			w.base[from] = uint32(data[0]&0xf0) << 24
			w.seg(n*int64(data[5]&7), from, "", uint32(data[2])<<8|uint32(data[3]), 0, int(data[5]))
			other.Add(&w.p, &seen)
			w.p.TCP.Flags = tcp.Flags(data[1])
			w.p.TCP.Ack = uint32(data[4]) << 4
			w.p.TCP.Window = uint16(data[4])
			w.p.TCP.Options = data[:min(len(data), 9)]
			w.p.IPID, w.p.TTL = uint16(data[3]), 64
			w.rec.Pos.Number++
			w.tr.Add(&w.p, &w.seen)
			other.Add(&w.p, &seen)
			other.sweep(2)
			packets += 2
			if data[0]&2 != 0 { // the same packet once more, perhaps further on its way
				w.rec.Pos.Number++
				w.rec.Time += int64(data[3]) << 14
				w.p.TTL -= data[0] >> 2 & 3
				w.tr.Add(&w.p, &w.seen)
				other.Add(&w.p, &seen)
				packets++
			}
			setBack = setBack || w.rec.Time < high-sightingWindow
			high = max(high, w.rec.Time)
			if !setBack && (w.seen.Duplicate != seen.Duplicate || w.seen.Of != seen.Of) {
				t.Errorf("record %d: a copy of %d, when packed of %d", n, w.seen.Of.Number, seen.Of.Number)
			}
			data = data[6:]
		}
		w.tr.End()
		other.End()
		i := 0
		for c := range other.All() {
			if !setBack && !reflect.DeepEqual(c, w.tr.Conversations()[i]) {
				t.Errorf("conversation %d when packed: %+v", i, c)
			}
			i++
		}
		total := int64(0)
		for i, c := range w.tr.Conversations() {
			if c.ID != i || c.Stream != i {
				t.Errorf("conversation %d has id %d and stream %d", i, c.ID, c.Stream)
			}
			total += c.Dir[0].Packets + c.Dir[1].Packets + c.Copies.Count()
			if c.Dir[0].Sightings+c.Dir[1].Sightings != c.Copies.Count() {
				t.Errorf("%d and %d sightings, %d copies", c.Dir[0].Sightings, c.Dir[1].Sightings, c.Copies.Count())
			}
			if c.TCP.Sides[0].Scale > maxScale || c.TCP.FirstFIN > 1 || c.TCP.RSTClass == ResetNone != !c.TCP.RST.Seen() {
				t.Errorf("connection %+v", c.TCP)
			}
		}
		if total != packets {
			t.Errorf("%d packets counted, %d fed", total, packets)
		}
	})
}
