package flow

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/wiretale/wiretale/proto/tcp"
)

// memory is what the heap holds.
func memory() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// One connection carries a hundred gigabytes: sequence numbers wrap 23 times,
// counters do not, no segment gets a verdict, and memory stays where it is.
func TestAHundredGigabytes(t *testing.T) {
	const size, window = 65_160, 100 // bytes of a segment; segments between two acknowledgements
	total := int64(100_000_000_000)
	if testing.Short() {
		total = 10_000_000_000
	}
	w := newWire(t)
	w.base = [2]uint32{1 << 31, 1<<32 - 5}
	w.open()
	before := memory()
	seq, sent := uint32(1), int64(0)
	for i := int64(0); sent < total; i++ {
		if s := w.seg(20+i/1000, 0, "A", seq, 1, size); s.Analysis.Has(Flagged) {
			t.Fatalf("byte %d: %v", sent, s.Analysis)
		}
		seq, sent = seq+size, sent+size
		if i%window == window-1 {
			w.seg(20+i/1000, 1, "A", 1, seq, 0)
		}
	}
	if grown := memory() - before; grown > 1<<20 {
		t.Errorf("%d bytes more than at the beginning", grown)
	}
	c := w.conv()
	d := &c.Dir[0]
	if d.Payload != sent || d.Retransmissions+d.Gaps+d.OutOfOrder != 0 {
		t.Errorf("%d of %d bytes, %d retransmissions, %d gaps, %d out of order", d.Payload, sent, d.Retransmissions, d.Gaps, d.OutOfOrder)
	}
	if d.MaxInFlight != size*window {
		t.Errorf("%d bytes in flight, want %d", d.MaxInFlight, size*window)
	}
}

// Numbers, flags, options, lengths and times from nowhere: whatever a segment
// says, it costs the same, memory is bounded, and no measured time is negative.
func TestNoSegmentIsTooAbsurd(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 30_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	w := newWire(t)
	w.open()
	before := memory()
	options := make([]byte, 40)
	for range n {
		from := r.IntN(2)
		w.rec.Pos.Number++
		w.rec.Time = int64(r.Uint64()) // any time that 64 bits hold
		w.p.SrcPort, w.p.DstPort, w.p.Src, w.p.Dst = ends[from].Port(), ends[1-from].Port(), ends[from].Addr(), ends[1-from].Addr()
		for i := range options {
			options[i] = []byte{0, 1, 2, 3, 4, 5, 8, 30, 34, 254, 255, byte(r.Uint32())}[r.IntN(12)]
		}
		length := 20 + 4*r.IntN(11)
		w.p.PayloadLen = []int{0, 1, 1460, 1 << 20, r.IntN(1 << 31)}[r.IntN(5)]
		w.p.TCP = tcp.Header{
			SrcPort: w.p.SrcPort, DstPort: w.p.DstPort, Seq: r.Uint32(), Ack: r.Uint32(), Window: uint16(r.Uint32()), Len: length,
			Flags: tcp.Flags(r.Uint32()) & 0x1ff &^ tcp.SYN, Options: options[:length-20],
		}
		w.tr.Add(&w.p, &w.seen)
	}
	if grown := memory() - before; grown > 8<<20 {
		t.Errorf("%d bytes more than at the beginning", grown)
	}
	for i := range w.tr.Conversations() {
		c := w.tr.Conversations()[i]
		for d := range c.Dir {
			if rtt := c.Dir[d].AckRTT; rtt.Min < 0 || rtt.Max < 0 || rtt.Mean() < 0 {
				t.Errorf("round trip from %d to %d, mean %d", rtt.Min, rtt.Max, rtt.Mean())
			}
		}
	}
}
