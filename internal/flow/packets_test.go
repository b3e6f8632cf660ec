package flow

import (
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A wire feeds segments written in one line each to a tracker.
type wire struct {
	t    testing.TB
	tr   *Tracker
	rec  trace.Record
	p    packet.Packet
	seen Sighting
	base [2]uint32 // added to sequence numbers, for tests of the wrap
}

const ms = 1_000_000

var ends = [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("10.0.0.2:80")}

func newWire(t testing.TB) *wire { return &wire{t: t, tr: NewTracker(0)} }

// seg sends a segment from end 0 or 1. Time is in milliseconds, numbers are relative to base.
func (w *wire) seg(time int64, from int, flags string, seq, ack uint32, length int) *Sighting {
	w.rec = trace.Record{Pos: trace.Pos{Number: w.rec.Pos.Number + 1}, Time: time * ms, Kind: trace.Packet, WireLen: 54 + length, Link: trace.LinkEthernet}
	src, dst := ends[from], ends[1-from]
	w.p = packet.Packet{Record: &w.rec, Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(), Transport: proto.TCP, PayloadLen: length, VLAN: -1, TTL: 64}
	w.p.TCP = tcp.Header{SrcPort: src.Port(), DstPort: dst.Port(), Seq: w.base[from] + seq, Window: 1000}
	for _, c := range flags {
		w.p.TCP.Flags |= map[rune]tcp.Flags{'S': tcp.SYN, 'A': tcp.ACK, 'F': tcp.FIN, 'R': tcp.RST, 'P': tcp.PSH}[c]
	}
	if w.p.TCP.Flags&tcp.ACK != 0 {
		w.p.TCP.Ack = w.base[1-from] + ack
	}
	w.tr.Add(&w.p, &w.seen)
	return &w.seen
}

func (w *wire) open() {
	w.seg(0, 0, "S", 0, 0, 0)
	w.seg(10, 1, "SA", 0, 1, 0)
	w.seg(11, 0, "A", 1, 1, 0)
}

func (w *wire) conv() *Conversation {
	w.t.Helper()
	if len(w.tr.Conversations()) == 0 {
		w.t.Fatal("no conversation")
	}
	return w.tr.Conversations()[len(w.tr.Conversations())-1]
}

func TestHandshake(t *testing.T) {
	w := newWire(t)
	w.seg(0, 0, "S", 0, 0, 0)
	w.seg(5, 0, "S", 0, 0, 0)
	w.seg(15, 1, "SA", 0, 1, 0)
	w.seg(16, 0, "A", 1, 1, 0)
	c := w.conv()
	if len(w.tr.Conversations()) != 1 || !c.Opened || c.Ends != ends {
		t.Fatalf("conversation %+v", c)
	}
	server, client, ok := c.TCP.RTT()
	if !ok || server != 10*ms || client != 1*ms || c.TCP.SYNs != 2 || !c.TCP.Established {
		t.Errorf("round trip %d + %d, %d SYNs, established %v", server, client, c.TCP.SYNs, c.TCP.Established)
	}
	if c.Dir[0].Retransmissions != 1 {
		t.Errorf("%d retransmissions, want the second SYN", c.Dir[0].Retransmissions)
	}
}

// Packets of the connection that come before its SYN do not make the server the client.
func TestClientIsWhoSentTheSYN(t *testing.T) {
	w := newWire(t)
	w.seg(0, 1, "SA", 0, 1, 0)
	w.seg(1, 0, "S", 0, 0, 0)
	c := w.conv()
	if len(w.tr.Conversations()) != 1 || c.Ends != ends || c.Dir[0].Packets != 1 || c.Dir[1].Packets != 1 {
		t.Errorf("%d conversations, ends %v", len(w.tr.Conversations()), c.Ends)
	}
	w = newWire(t)
	w.base = [2]uint32{100, 200}
	w.seg(0, 1, "A", 1, 1, 50)
	s := w.seg(1, 0, "S", 0, 0, 0)
	if c := w.conv(); c.Ends != ends || s.Dir != 0 || c.Dir[1].Payload != 50 {
		t.Errorf("ends %v, sender %d", c.Ends, s.Dir)
	}
}

func TestPortReuseStartsAnInstance(t *testing.T) {
	w := newWire(t)
	w.open()
	w.seg(20, 0, "S", 77777, 0, 0)
	if n := len(w.tr.Conversations()); n != 2 || w.conv().Stream != 1 {
		t.Errorf("%d conversations", n)
	}
}

func TestResetClasses(t *testing.T) {
	tests := map[string]struct {
		play func(w *wire)
		want ResetClass
		by   int
	}{
		"refused": {func(w *wire) { w.seg(0, 0, "S", 0, 0, 0); w.seg(1, 1, "RA", 0, 1, 0) }, ResetRefused, 1},
		"idle":    {func(w *wire) { w.open(); w.seg(99, 1, "RA", 1, 1, 0) }, ResetIdle, 1},
		"data outstanding": {func(w *wire) {
			w.open()
			w.seg(20, 0, "PA", 1, 1, 100)
			w.seg(21, 1, "R", 1, 0, 0)
		}, ResetInProgress, 1},
		"after FIN": {func(w *wire) { w.open(); w.seg(20, 0, "FA", 1, 1, 0); w.seg(21, 1, "RA", 1, 2, 0) }, ResetAfterFIN, 1},
		"after close": {func(w *wire) {
			w.open()
			w.seg(20, 0, "FA", 1, 1, 0)
			w.seg(21, 1, "FA", 1, 2, 0)
			w.seg(22, 0, "RA", 2, 2, 0)
		}, ResetAfterClose, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			tt.play(w)
			tcp := w.conv().TCP
			if tcp.RSTClass != tt.want || tcp.RSTBy != tt.by || tcp.Refused != (tt.want == ResetRefused) {
				t.Errorf("class %d by %d, want %d by %d", tcp.RSTClass, tcp.RSTBy, tt.want, tt.by)
			}
		})
	}
}

func TestClosing(t *testing.T) {
	w := newWire(t)
	w.open()
	w.seg(20, 1, "FA", 1, 1, 0)
	w.seg(21, 0, "A", 1, 2, 0)
	w.seg(22, 0, "FA", 1, 2, 0)
	w.seg(23, 1, "A", 2, 2, 0)
	c := w.conv().TCP
	if c.FirstFIN != 1 || !c.Sides[1].FINAcked || !c.Sides[0].FINAcked || c.RST.Seen() {
		t.Errorf("closing %+v", c)
	}
}

// Numbers wrap at 2^32 and nothing changes by it.
func TestSequenceNumbersWrap(t *testing.T) {
	for _, base := range []uint32{0, 1, 1<<31 - 500, 1<<32 - 1000, 1<<32 - 1} {
		w := newWire(t)
		w.base = [2]uint32{base, ^base}
		w.open()
		w.seg(20, 0, "A", 1, 1, 600)
		w.seg(21, 0, "A", 601, 1, 600)
		s := w.seg(22, 0, "A", 2401, 1, 600) // a segment of 1,200 is missing
		if s.RelSeq != 2401 || s.NextSeq != 3001 || !s.Analysis.Has(LostSegment) {
			t.Errorf("base %d: %+v", base, s)
		}
		s = w.seg(23, 0, "A", 1201, 1, 600)
		if !s.Analysis.Has(OutOfOrder) || s.Analysis.Has(Resent) {
			t.Errorf("base %d: late segment %+v", base, s)
		}
		s = w.seg(44, 0, "A", 601, 1, 600) // later than the round trip of the handshake
		if !s.Analysis.Has(Resent) {
			t.Errorf("base %d: repeated segment %+v", base, s)
		}
		if d := w.conv().Dir[0]; d.Gaps != 1 || d.OutOfOrder != 1 || d.Retransmissions != 1 {
			t.Errorf("base %d: %+v", base, d)
		}
	}
}

func TestDupAcksAndZeroWindow(t *testing.T) {
	w := newWire(t)
	w.open()
	w.seg(20, 1, "A", 1, 1, 100)
	w.seg(21, 0, "A", 1, 101, 0)
	for range 3 {
		if s := w.seg(22, 0, "A", 1, 101, 0); !s.Analysis.Has(DuplicateAck) {
			t.Errorf("no duplicate acknowledgement: %+v", s)
		}
	}
	if got := w.conv().Dir[0].DupAcks; got != 3 {
		t.Errorf("%d duplicate acknowledgements", got)
	}
}

// A quotation gives the pair its number but is no traffic of it.
func TestICMPErrorQuotes(t *testing.T) {
	w := newWire(t)
	w.seg(0, 0, "S", 0, 0, 0)
	w.rec.Pos.Number++
	w.p = packet.Packet{Record: &w.rec, Src: netip.MustParseAddr("10.9.9.9"), Dst: ends[0].Addr(), Transport: proto.ICMP, ICMPType: 3, ICMPCode: 1,
		QuotedSrc: ends[0].Addr(), QuotedDst: ends[1].Addr(), QuotedTransport: proto.TCP, QuotedSrcPort: ends[0].Port(), QuotedDstPort: ends[1].Port()}
	w.tr.Add(&w.p, &w.seen)
	c := w.tr.Conversations()[0]
	if c.Dir[0].Packets != 1 || c.Dir[1].Packets != 0 || w.seen.Quoted != c || w.seen.Conv == c {
		t.Errorf("sighting %+v", w.seen)
	}
	if c.ICMP == nil || c.ICMP.From.String() != "10.9.9.9" {
		t.Errorf("ICMP error %+v", c.ICMP)
	}
}
