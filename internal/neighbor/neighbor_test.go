package neighbor

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

const ms = int64(1e6)

// feed decodes frames of Ethernet, each at its time in milliseconds.
func feed(r *Recorder, list ...frame) {
	var d packet.Decoder
	var p packet.Packet
	for i, f := range list {
		b, err := hex.DecodeString(strings.ReplaceAll(f.hex, " ", ""))
		if err != nil {
			panic(err)
		}
		rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: b, WireLen: len(b), Time: f.at * ms, Pos: trace.Pos{Number: int64(i + 1)}, Interface: -1}
		d.Decode(&rec, &p)
		r.Add(&p)
	}
}

type frame struct {
	at  int64
	hex string
}

// arp is a message of 10.0.0.src for 10.0.0.dst; the link-layer address ends with mac.
func arp(at int64, op, mac, src, dst string) frame {
	return frame{at, "ffffffffffff 0200000000" + mac + " 0806 0001 0800 06 04 00" + op + " 0200000000" + mac + " 0a0000" + src + " 000000000000 0a0000" + dst}
}

func TestRows(t *testing.T) {
	var r Recorder
	feed(&r,
		arp(0, "01", "01", "01", "02"), arp(1, "01", "01", "01", "02"), // a copy
		arp(1000, "01", "01", "01", "02"), arp(2000, "01", "01", "01", "02"),
		arp(9000, "01", "01", "01", "02"), // a new attempt
		arp(9001, "02", "02", "02", "01"), // answered
		arp(20000, "01", "01", "00", "01"),
	)
	r.End()
	if len(r.Queries) != 2 {
		t.Fatalf("%d queries, want 2", len(r.Queries))
	}
	q := r.Queries[0]
	if q.Requests != 4 || q.Silent.Times != 3 || q.Silent.First.Pos.Number != 1 || q.Silent.Last.Pos.Number != 4 {
		t.Errorf("%+v", q)
	}
	if s := r.Stations[0]; s.Addr != q.Asker || s.Answered != 1 || len(s.Claims) != 1 || s.Claims[0].Count != 5 {
		t.Errorf("%+v", s)
	}
}

func TestSwitches(t *testing.T) {
	var r Recorder
	feed(&r, arp(0, "02", "01", "05", "09"), arp(1, "02", "02", "05", "09"), arp(2000, "02", "01", "05", "09"), arp(90000, "02", "02", "05", "09"))
	s := r.Stations[0]
	if s.Switches != 2 || len(s.Claims) != 2 || s.Claims[1].Count != 2 {
		t.Errorf("%+v: want 2 switches, the third is no contradiction after a minute and a half", s)
	}
}

// Whatever a frame holds: no panic, and no more than it can say.
func FuzzAdd(f *testing.F) {
	b, _ := hex.DecodeString(strings.ReplaceAll(arp(0, "01", "01", "01", "02").hex, " ", ""))
	f.Add(b)
	nd, _ := hex.DecodeString("333300000002020000000001" + "86dd" + "60000000" + "0020" + "3aff" +
		"fe800000000000000000000000000001" + "ff0200000000000000000001ff000002" + "87000000" + "00000000" + "fe800000000000000000000000000002" + "0101020000000001")
	f.Add(nd)
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Recorder
		var d packet.Decoder
		var p packet.Packet
		rec := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: b, WireLen: len(b), Pos: trace.Pos{Number: 1}, Interface: -1}
		d.Decode(&rec, &p)
		r.Add(&p)
		r.End()
		if len(r.Queries) > 1 || len(r.Stations) > 2 {
			t.Fatalf("one frame: %d queries, %d stations", len(r.Queries), len(r.Stations))
		}
	})
}

func TestDiscovery(t *testing.T) {
	const head, from, to = "333300000002 020000000001 86dd 60000000 0020 3aff", "fe800000000000000000000000000001", "fe800000000000000000000000000002"
	ask := head + from + "ff0200000000000000000001ff000002" + "87000000 00000000" + to + "0101 020000000001"
	tell := head + to + from + "88000000 60000000" + to + "0201 020000000002"
	var r Recorder
	feed(&r, frame{0, ask}, frame{1000, ask}, frame{2000, ask}, frame{9000, ask}, frame{9001, tell})
	r.End()
	if len(r.Queries) != 1 || r.Queries[0].Silent.Times != 3 || len(r.Stations) != 2 || r.Stations[1].Claims[0].MAC != (MAC{2, 0, 0, 0, 0, 2}) {
		t.Errorf("%+v %+v", r.Queries, r.Stations)
	}
}
