package flow

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// feed gives generated frames to trackers, one after another for each frame.
func feed(t testing.TB, frames []frame, visit func(p *packet.Packet)) {
	t.Helper()
	var d packet.Decoder
	var p packet.Packet
	offset := int64(24)
	for i := range frames {
		f := &frames[i]
		b := f.bytes()
		rec := trace.Record{Pos: trace.Pos{Number: int64(i + 1), Offset: offset}, Time: generatedStart*1e9 + f.time, Kind: trace.Packet, Link: trace.LinkRaw, Data: b, WireLen: f.wire(b)}
		offset += int64(16 + len(b))
		d.Decode(&rec, &p)
		visit(&p)
	}
}

// bare is a conversation's state without what is the same only in meaning: pointers, and how a list is kept.
func bare(f *tcpFlow) (b tcpFlow, lists [2][]sent) {
	b = *f
	for i := range b.side {
		b.side[i].unacked.each(func(s *sent) { lists[i] = append(lists[i], *s) })
		b.side[i].unacked = unacked{}
	}
	t := f.flow.trail()
	b.flow.passed = nil
	if t != nil && t.n > 0 {
		sorted := &trail{last: t.last, newest: t.newest}
		for i := range t.n {
			sorted.list = append(sorted.list, *t.at(i))
		}
		b.flow.passed = sorted
	}
	b.flow.tcp, b.flow.TCP, b.flow.ID, b.entry, b.touched, b.echoes = nil, nil, 0, nil, false, [2]*Samples{}
	b.flow.weighed = [2]weighed{} // settled before
	return b, lists
}

// What is packed is all of a conversation, whatever state it is in.
func TestPackedIsTheSame(t *testing.T) {
	tr := NewTracker(3)
	var s Sighting
	longest, total, n := 0, 0, 0
	feed(t, chatterCapture(7, 60, 120, true), func(p *packet.Packet) {
		tr.Add(p, &s)
		if s.Conv == nil || s.Conv.TCP == nil {
			return
		}
		e, _ := tr.pair(conversationProto(p), p, p.SrcPort, p.DstPort, nil)
		f := e.flow.tcp
		w := packer{}
		w.conversation(f)
		longest, total, n = max(longest, len(w.b)), total+len(w.b), n+1
		g := new(tcpFlow)
		r := packer{b: bytes.Clone(w.b), reading: true, blocks: &tr.blocks}
		r.conversation(g)
		if len(r.b) != 0 {
			t.Fatalf("%d bytes left", len(r.b))
		}
		g.flow.Proto = f.flow.Proto
		want, wantLists := bare(f)
		got, gotLists := bare(g)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotLists, wantLists) {
			t.Fatalf("record %d:\n%+v\n%+v\n%v %v", p.Record.Pos.Number, got, want, gotLists, wantLists)
		}
	})
	t.Logf("%d bytes on average, %d at most", total/n, longest)
}

// A tracker that packs a conversation after every segment says the same of the next one.
func TestCompactSaysTheSame(t *testing.T) {
	for _, g := range generators {
		frames := g.frames(11)
		plain, compact := NewTracker(0), NewTracker(0)
		compact.Compact()
		compact.cold.least, compact.cold.floor = 0, 0
		var a, b Sighting
		feed(t, frames, func(p *packet.Packet) {
			plain.Add(p, &a)
			compact.Add(p, &b)
			x, y := a, b
			compact.sweep(2)
			compact.sweep(3)
			x.Conv, y.Conv, x.Quoted, y.Quoted = nil, nil, nil, nil
			if !reflect.DeepEqual(x, y) {
				t.Fatalf("%s, record %d: %+v, want %+v", g.name, p.Record.Pos.Number, y, x)
			}
		})
		plain.End()
		compact.End()
		packed := len(compact.cold.places)
		i := 0
		for c := range compact.All() {
			if want := plain.Conversations()[i]; !reflect.DeepEqual(c, want) {
				t.Fatalf("%s, conversation %d: %+v, want %+v", g.name, i, c, want)
			}
			i++
		}
		if packed == 0 || i != len(plain.Conversations()) || !reflect.DeepEqual(compact.Conversations(), plain.Conversations()) {
			t.Errorf("%s: %d conversations, %d of them packed, want %d", g.name, i, packed, len(plain.Conversations()))
		}
	}
}

// shortFlow is a connection from its SYN to its last acknowledgement.
func shortFlow(r *rand.Rand, i int, now *int64, put func(frame)) {
	c := netipPort(10, i%64, 1024+i/64)
	s := benchEnds[1]
	a, b := r.Uint32(), r.Uint32()
	step := func(from int, f frame) {
		*now += 20_000 + r.Int64N(300_000)
		f.time, f.src, f.dst, f.window = *now, c, s, 500
		if from == 1 {
			f.src, f.dst = s, c
		}
		put(f)
	}
	mss := []byte{2, 4, 5, 0xb4, 1, 3, 3, 7}
	step(0, frame{flags: tcp.SYN, seq: a, options: mss})
	step(1, frame{flags: tcp.SYN | tcp.ACK, seq: b, ack: a + 1, options: mss})
	step(0, frame{flags: tcp.ACK, seq: a + 1, ack: b + 1})
	step(0, frame{flags: tcp.ACK | tcp.PSH, seq: a + 1, ack: b + 1, payload: 200})
	step(1, frame{flags: tcp.ACK | tcp.PSH, seq: b + 1, ack: a + 201, payload: 1000})
	step(0, frame{flags: tcp.ACK | tcp.FIN, seq: a + 201, ack: b + 1001})
	step(1, frame{flags: tcp.ACK | tcp.FIN, seq: b + 1001, ack: a + 202})
	step(0, frame{flags: tcp.ACK, seq: a + 202, ack: b + 1002})
}

// TestFinishedConversationsAreSmall measures what a finished conversation costs.
func TestFinishedConversationsAreSmall(t *testing.T) {
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	for _, compact := range []bool{false, true} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		tr := NewTracker(0)
		if compact {
			tr.Compact()
		}
		r := rand.New(rand.NewPCG(3, 3))
		var s Sighting
		var frames []frame
		now := int64(0)
		for i := range n {
			frames = frames[:0]
			shortFlow(r, i, &now, func(f frame) { frames = append(frames, f) })
			feed(t, frames, func(p *packet.Packet) { tr.Add(p, &s) })
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		each := int64(after.HeapAlloc-before.HeapAlloc) / int64(n)
		packed := 0
		for _, c := range tr.cold.chunks {
			packed += len(c)
		}
		t.Logf("compact %v: %d bytes a finished conversation, %d of them packed", compact, each, packed/n)
		if live := int64(2 * leastLive * 2000 / n); compact && each > 320+live { // what is not packed counts for the rest
			t.Errorf("%d bytes a finished conversation", each)
		}
		runtime.KeepAlive(tr)
	}
}
