package plot

import (
	"runtime"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// bulk calls visit with the rows of a transfer over the conversation: each two
// segments are acknowledged after a window of others, one of a hundred comes twice.
func bulk(opt Options, n int, visit func(*engine.Row)) {
	const size, flight = 1448, 50
	var (
		rec  trace.Record
		p    = packet.Packet{Record: &rec, Transport: proto.TCP}
		seen = flow.Sighting{Conv: opt.Conv, TCP: true, ScaleKnown: true}
		row  = engine.Row{Record: &rec, Packet: &p, Sighting: &seen}
		seq  = uint32(1)
	)
	opt.Conv.Proto = proto.TCP
	rec.Kind, rec.WireLen = trace.Packet, size+66
	for i := range n {
		rec.Time = opt.Start + int64(i)*1e5
		from := 0
		p.PayloadLen, seen.RelSeq, seen.RelAck = size, seq, 1
		seen.Analysis = 0
		p.TCP.Flags = tcp.ACK
		switch {
		case i%3 == 2:
			from = 1
			p.PayloadLen, seen.RelSeq, seen.RelAck = 0, 1, max(seq, flight*size)-flight*size+1
			seen.Window = uint32(1<<20 + i%1000*100)
		case i%100 == 0 && i > 0:
			seen.RelSeq, seen.Analysis = seq-5*size, flow.Retransmission
		default:
			seq += size
		}
		ends := &opt.Conv.Ends
		p.Src, p.SrcPort, p.Dst, p.DstPort = ends[from].Addr(), ends[from].Port(), ends[1-from].Addr(), ends[1-from].Port()
		visit(&row)
	}
}

// TestBulk: a conversation of a million packets leaves a bounded number of
// points, takes bounded memory, and gives a picture of bounded size.
func TestBulk(t *testing.T) {
	c := analyse(t, write(t, "x.pcap", story()))
	const packets = 1_000_000
	for _, kind := range Kinds {
		opt := options(t, c, kind.Name)
		opt.End = opt.Start + packets*1e5
		if opt.Conv == nil {
			opt.Conv = c.Conversations.At(0)
		}
		opt.Interval = time.Second / 100
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		collector := Collect(opt)
		bulk(opt, packets, collector.Add)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 8<<20 {
			t.Errorf("%s keeps %d bytes", kind.Name, kept)
		}
		p := New(opt, collector, []string{"x.pcap"}, time.UTC)
		points := 0
		for _, panel := range p.Panels {
			for _, s := range panel.Series {
				points += len(s.Points)
				if len(s.Points) > perColumn*opt.Columns {
					t.Errorf("%s, %s: %d points", kind.Name, s.Name, len(s.Points))
				}
			}
		}
		if points < opt.Columns {
			t.Errorf("%s: only %d points", kind.Name, points)
		}
		if n := len(picture(t, p, SVG, UsualSize)); n > 2<<20 {
			t.Errorf("%s: SVG of %d bytes", kind.Name, n)
		}
	}
}

func BenchmarkCollect(b *testing.B) {
	c := analyse(b, write(b, "x.pcap", story()))
	for _, kind := range Kinds {
		b.Run(kind.Name, func(b *testing.B) {
			opt := options(b, c, kind.Name)
			if opt.Conv == nil {
				opt.Conv = c.Conversations.At(0)
			}
			const packets = 100_000
			opt.End = opt.Start + packets*1e5
			for b.Loop() {
				bulk(opt, packets, Collect(opt).Add)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/packets, "ns/packet")
		})
	}
}
