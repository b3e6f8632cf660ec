package plot

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// segmentSize is how many bytes of the input make one segment: a step in time,
// numbers, lengths, flags and marks; what follows of the input are options.
const segmentSize = 32

// row makes a segment of the conversation from segmentSize bytes.
func row(b, options []byte, now *int64, conv *flow.Conversation, r *engine.Row) {
	le := binary.LittleEndian
	*now += int64(le.Uint64(b)) >> (b[31] & 63)
	p, s := r.Packet, r.Sighting
	r.Record.Time = *now
	r.Record.WireLen = int(le.Uint16(b[20:]))
	p.TCP = tcp.Header{Ack: le.Uint32(b[16:]), Flags: tcp.Flags(b[22]), Options: options}
	p.PayloadLen = int(le.Uint16(b[20:]))
	from := int(b[23] & 1)
	p.Src, p.SrcPort, p.Dst, p.DstPort = conv.Ends[from].Addr(), conv.Ends[from].Port(), conv.Ends[1-from].Addr(), conv.Ends[1-from].Port()
	*s = flow.Sighting{Conv: conv, TCP: true, RelSeq: le.Uint32(b[8:]), RelAck: le.Uint32(b[12:]), Window: le.Uint32(b[24:]), ScaleKnown: b[28]&1 != 0}
	for i, v := range []flow.Analysis{flow.Retransmission, flow.OutOfOrder, flow.DuplicateAck, flow.ZeroWindow, flow.KeepAlive} {
		if b[29]>>i&1 != 0 {
			s.Analysis |= v
		}
	}
}

// FuzzPlot: any segments at any times give a bounded number of points in order of time, and a picture.
func FuzzPlot(f *testing.F) {
	for i := range Kinds {
		f.Add(uint8(i), bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, segmentSize/2), []byte{1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9})
	}
	f.Add(uint8(145), bytes.Repeat([]byte{0xff, 0, 0x80}, 2*segmentSize), []byte{5, 2})
	c := analyse(f, write(f, "x.pcap", story()))
	f.Fuzz(func(t *testing.T, kind uint8, input, options []byte) {
		opt := Options{
			Kind: Kinds[int(kind)%len(Kinds)], Conv: c.Conversations.At(0), Interval: time.Second, Columns: 4,
			Unit: UnitBits, Smooth: 2, Filters: Filters(),
		}
		opt.Start, opt.End, _ = Span(c)
		opt.End += int64(10 * time.Second)
		collector := Collect(opt)
		r := engine.Row{Record: new(trace.Record), Packet: &packet.Packet{Transport: proto.TCP}, Sighting: new(flow.Sighting)}
		r.Packet.Record = r.Record
		now := opt.Start
		for b := input; len(b) >= segmentSize; b = b[segmentSize:] {
			row(b, options, &now, opt.Conv, &r)
			collector.Add(&r)
		}
		p := New(opt, collector, []string{"x.pcap"}, time.UTC)
		for _, panel := range p.Panels {
			for _, s := range panel.Series {
				inOrder(t, s.Name, s.Points, &opt)
			}
		}
		svg := picture(t, p, SVG, Size{minSide, minSide})
		if i := bytes.Index(svg, []byte("NaN")); i >= 0 {
			t.Fatalf("no number: %q", svg[max(0, i-40):i+10])
		}
		if kind > 127 { // painting takes long
			picture(t, p, PNG, Size{minSide, minSide})
		}
	})
}

func inOrder(t *testing.T, name string, points []Point, opt *Options) {
	t.Helper()
	if len(points) > perColumn*opt.Columns+2 {
		t.Fatalf("%s: %d points", name, len(points))
	}
	for i, p := range points {
		if i > 0 && p.Time < points[i-1].Time {
			t.Fatalf("%s: point %d is at %d, the one before at %d", name, i, p.Time, points[i-1].Time)
		}
	}
}
