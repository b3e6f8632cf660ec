package flow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A player plays decoded packets to a tracker again and again. The sequence
// numbers move on in the decoded header only: the bytes stay, and with them the checksum that is verified.
type player struct {
	tr      *Tracker
	records []trace.Record
	packets []packet.Packet
	seen    Sighting
	number  int64
}

// add decodes a whole frame of raw IP with a right checksum.
func (pl *player) add(f frame) {
	b := f.bytes()
	b = append(b, make([]byte, f.payload)...)
	pseudo := append(bytes.Clone(b[12:20]), 0, 6, byte((len(b)-20)>>8), byte(len(b)-20))
	binary.BigEndian.PutUint16(b[20+16:], ^onesSum(b[20:], pseudo))
	binary.BigEndian.PutUint16(b[10:], ^onesSum(b[:20]))
	pl.records = append(pl.records, trace.Record{Kind: trace.Packet, Link: trace.LinkRaw, Data: b, WireLen: len(b)})
}

// onesSum is the one's complement sum of 16-bit words (RFC 1071).
func onesSum(parts ...[]byte) uint16 {
	s := uint32(0)
	for _, b := range parts {
		for i, c := range b {
			s += uint32(c) << (8 * (1 - i&1))
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func (pl *player) decode(b testing.TB) {
	var d packet.Decoder
	pl.packets = make([]packet.Packet, len(pl.records))
	for i := range pl.records {
		d.Decode(&pl.records[i], &pl.packets[i])
		if c := pl.packets[i].Checksum(); c != packet.ChecksumGood {
			b.Fatalf("checksum %d", c)
		}
	}
	pl.tr = NewTracker(0)
}

// play gives packet i to the tracker with its numbers moved on.
func (pl *player) play(i int, seq, ack uint32) *Sighting {
	p := &pl.packets[i]
	pl.number++
	p.Record.Pos.Number = pl.number
	p.Record.Time += 1_000_000
	h := p.TCP
	p.TCP.Seq, p.TCP.Ack = h.Seq+seq, h.Ack+ack
	pl.tr.Add(p, &pl.seen)
	p.TCP = h
	return &pl.seen
}

var benchEnds = [2]netip.AddrPort{netip.MustParseAddrPort("10.1.2.3:40000"), netip.MustParseAddrPort("10.3.2.1:80")}

// bulk is one transfer: two segments and their acknowledgement.
func bulk(payload int) *player {
	pl := &player{}
	stamps := []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1}
	for i := range 2 {
		pl.add(frame{src: benchEnds[0], dst: benchEnds[1], flags: tcp.ACK, seq: uint32(1 + i*payload), ack: 1, window: 500, payload: payload, options: stamps})
	}
	pl.add(frame{src: benchEnds[1], dst: benchEnds[0], flags: tcp.ACK, seq: 1, ack: uint32(1 + 2*payload), window: 500, options: stamps})
	return pl
}

func BenchmarkTrackerBulk(b *testing.B) {
	for _, payload := range []int{64, 512, 1448} {
		b.Run(fmt.Sprint(payload), func(b *testing.B) {
			pl := bulk(payload)
			pl.decode(b)
			b.ReportAllocs()
			i, moved := 0, uint32(0)
			for b.Loop() {
				if i < 2 {
					pl.play(i, moved, 0)
					i++
				} else {
					pl.play(i, 0, moved)
					moved += 2 * uint32(payload)
					i = 0
				}
			}
		})
	}
}

// BenchmarkTrackerRequests has requests and answers on many connections in turn.
func BenchmarkTrackerRequests(b *testing.B) {
	for _, connections := range []int{100, 10_000} {
		b.Run(fmt.Sprint(connections), func(b *testing.B) {
			pl := &player{}
			pl.add(frame{src: benchEnds[0], dst: benchEnds[1], flags: tcp.ACK | tcp.PSH, seq: 1, ack: 1, window: 500, payload: 100})
			pl.add(frame{src: benchEnds[1], dst: benchEnds[0], flags: tcp.ACK | tcp.PSH, seq: 1, ack: 101, window: 500, payload: 200})
			pl.decode(b)
			b.ReportAllocs()
			order := rand.New(rand.NewPCG(1, 1)).Perm(connections)
			moved := make([]uint32, connections)
			n, half := 0, 0
			for b.Loop() {
				c := order[n%connections]
				port := uint16(20000 + c)
				if half == 0 {
					pl.packets[0].SrcPort = port
					pl.play(0, 100*moved[c], 200*moved[c])
				} else {
					pl.packets[1].DstPort = port
					pl.play(1, 200*moved[c], 100*moved[c])
					moved[c]++
					n++
				}
				half ^= 1
			}
		})
	}
}

// BenchmarkTrackerShort has a connection of ten packets after another.
func BenchmarkTrackerShort(b *testing.B) {
	for _, compact := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "compact"}[compact], func(b *testing.B) { benchmarkShort(b, compact) })
	}
}

func benchmarkShort(b *testing.B, compact bool) {
	pl := &player{}
	put := func(from int, flags tcp.Flags, seq, ack uint32, payload int) {
		pl.add(frame{src: benchEnds[from], dst: benchEnds[1-from], flags: flags, seq: seq, ack: ack, window: 500, payload: payload})
	}
	put(0, tcp.SYN, 0, 0, 0)
	put(1, tcp.SYN|tcp.ACK, 0, 1, 0)
	put(0, tcp.ACK, 1, 1, 0)
	put(0, tcp.ACK|tcp.PSH, 1, 1, 100)
	put(1, tcp.ACK, 1, 101, 0)
	put(1, tcp.ACK|tcp.PSH, 1, 101, 300)
	put(0, tcp.ACK, 101, 301, 0)
	put(0, tcp.ACK|tcp.FIN, 101, 301, 0)
	put(1, tcp.ACK|tcp.FIN, 301, 102, 0)
	put(0, tcp.ACK, 102, 302, 0)
	pl.decode(b)
	b.ReportAllocs()
	fresh := func() {
		if pl.tr = NewTracker(0); compact {
			pl.tr.Compact()
		}
	}
	fresh()
	i, n := 0, uint32(0)
	for b.Loop() {
		p := &pl.packets[i]
		a := netip.AddrFrom4([4]byte{10, byte(n >> 24), byte(n >> 16), 1}) // 65,536 ports of each client
		if pl.records[i].Data[12+2] == 2 {
			p.Src, p.SrcPort = a, uint16(n)
		} else {
			p.Dst, p.DstPort = a, uint16(n)
		}
		pl.play(i, 0, 0)
		if i++; i == len(pl.packets) {
			i = 0
			n++
			if n%200_000 == 0 {
				fresh()
			}
		}
	}
}

// TestNoAllocation plays traffic in order: once the blocks are there, nothing is allocated.
func TestNoAllocation(t *testing.T) {
	pl := bulk(1448)
	pl.decode(t)
	moved := uint32(0)
	round := func() {
		for range 20 { // sixty segments under way, then all of them acknowledged
			pl.play(0, moved, 0)
			pl.play(1, moved, 0)
			moved += 2 * 1448
		}
		pl.play(2, 0, moved-2*1448)
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations in a round of segments in order", n)
	}
}

func netipPort(a, i, port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(a), byte(i >> 16), byte(i >> 8), byte(i)}), uint16(port))
}
