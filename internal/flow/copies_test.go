package flow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// A recording is one record of a packet: the i-th of the list, or a copy of it.
type recording struct {
	rec  trace.Record
	copy bool
}

// told is what a tracker says of the records that are no copies, and of each conversation, without the copies.
func told(t *testing.T, list []recording) (seen []Sighting, convs []Conversation, copies int64) {
	t.Helper()
	tr := NewTracker(0)
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	for i := range list {
		d.Decode(&list[i].rec, &p)
		tr.Add(&p, &s)
		if list[i].copy {
			if s.Duplicate && (s.Analysis != 0 || s.Of.Number != list[i].rec.Pos.Number-1) {
				t.Errorf("record %d is a copy of %d, with the verdicts %v", list[i].rec.Pos.Number, s.Of.Number, s.Analysis)
			}
			continue
		}
		if s.Duplicate {
			t.Errorf("record %d of %v > %v is no copy of record %d", list[i].rec.Pos.Number, p.Src, p.Dst, s.Of.Number)
		}
		s.Conv, s.Quoted = nil, nil
		seen = append(seen, s)
	}
	tr.End()
	for _, c := range tr.Conversations() {
		v := *c
		copies += v.Copies.Count()
		v.Copies, v.Dir[0].Sightings, v.Dir[1].Sightings = nil, 0, 0
		convs = append(convs, v)
	}
	return seen, convs, copies
}

// numbered are generated frames over IPv4 whose senders number their packets.
func numbered(frames []frame) []recording {
	var list []recording
	for i := range frames {
		f := &frames[i]
		if !f.src.Addr().Is4() {
			continue
		}
		b := f.bytes()
		binary.BigEndian.PutUint16(b[4:], uint16(len(list)+2))
		list = append(list, recording{rec: trace.Record{
			Pos: trace.Pos{Number: int64(2*i + 1), Offset: int64(100 * i)}, Time: generatedStart*1e9 + f.time,
			Kind: trace.Packet, Link: trace.LinkRaw, Data: b, WireLen: f.wire(b),
		}})
	}
	return list
}

// recordedTwice adds a copy of each record, some time later, with a TTL that is lower by some hops.
func recordedTwice(once []recording, hops byte, delay int64) []recording {
	twice := slices.Clone(once)
	for _, r := range once {
		r.copy = true
		r.rec.Pos.Number++
		r.rec.Time += delay
		r.rec.Data = bytes.Clone(r.rec.Data)
		r.rec.Data[8] -= hops
		twice = append(twice, r)
	}
	slices.SortStableFunc(twice, func(a, b recording) int { return int(a.rec.Time - b.rec.Time) })
	return twice
}

// Whatever happens on a network, a capture that has each packet twice says the same as one that has it once.
func TestEveryPacketTwice(t *testing.T) {
	for _, g := range generators {
		once := numbered(g.frames(5))
		slices.SortStableFunc(once, func(a, b recording) int { return int(a.rec.Time - b.rec.Time) })
		want, wantConvs, copies := told(t, once)
		if copies != 0 {
			t.Errorf("%s: %d copies in a capture without any", g.name, copies)
		}
		for _, kind := range []struct {
			name  string
			hops  byte
			delay int64
		}{{"mirrored", 0, 5_000}, {"mirrored late", 0, 300_000}, {"routed", 1, 20_000}, {"routed late", 2, 1_500_000}, {"held", 3, 100_000_000}} {
			t.Run(g.name+" "+kind.name, func(t *testing.T) {
				got, convs, copies := told(t, recordedTwice(once, kind.hops, kind.delay))
				missed := int64(len(once)) - copies
				t.Logf("%d of %d copies recognised", copies, len(once))
				if missed > 0 && (g.name == "streams" && kind.name != "held" || kind.name == "mirrored" && missed*50 > copies) {
					t.Errorf("%d copies missed", missed)
				}
				if missed > 0 {
					return // numbers that jump by half their space, or what waited for longer than the packets that are kept
				}
				for i := range want {
					if !reflect.DeepEqual(got[i], want[i]) {
						t.Fatalf("record %d: %+v, want %+v", once[i].rec.Pos.Number, got[i], want[i])
					}
				}
				if !reflect.DeepEqual(convs, wantConvs) {
					t.Errorf("other conversations: %d and %d", len(convs), len(wantConvs))
				}
			})
		}
	}
}

// TestBothSidesOfARouter merges what a router saw on its two sides: what is said
// of the one side must not change, with real loss and real queues.
func TestBothSidesOfARouter(t *testing.T) {
	requireCaptures(t)
	for _, name := range []string{"echo", "nagle_delack", "zero_window", "loss2pct", "rate20mbit_bufferbloat", "refused"} {
		t.Run(name, func(t *testing.T) {
			in := records(t, filepath.Join(captures, "lab", "points", name+".rtr_in.pcap"))
			merged := slices.Concat(in, records(t, filepath.Join(captures, "lab", "points", name+".rtr_out.pcap")))
			slices.SortStableFunc(merged, func(a, b trace.Record) int { return int(a.Time - b.Time) })
			one, both := resent(in), resent(merged)
			if both.resent != one.resent || both.dupAcks != one.dupAcks || both.payload != one.payload || both.copies == 0 {
				t.Errorf("the near side alone: %+v, with the far side: %+v", one, both)
			}
			t.Logf("%d records, %d of them copies, %d retransmissions", len(merged), both.copies, both.resent)
		})
	}
}

// records are the packets of a capture.
func records(t *testing.T, path string) (list []trace.Record) {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	for {
		var rec trace.Record
		switch err := rd.Next(&rec); {
		case errors.Is(err, io.EOF):
			return list
		case err != nil:
			t.Fatal(err)
		}
		rec.Data = bytes.Clone(rec.Data)
		list = append(list, rec)
	}
}

// sums are what the connections of a capture add up to.
type sums struct{ resent, dupAcks, payload, copies int64 }

func resent(list []trace.Record) (sum sums) {
	tr := NewTracker(0)
	var d packet.Decoder
	var p packet.Packet
	var s Sighting
	for i := range list {
		list[i].Pos.Number = int64(i + 1)
		d.Decode(&list[i], &p)
		tr.Add(&p, &s)
	}
	for _, c := range tr.Conversations() {
		if c.TCP == nil {
			continue
		}
		sum.copies += c.Copies.Count()
		for i := range c.Dir {
			sum.resent += c.Dir[i].Retransmissions
			sum.dupAcks += c.Dir[i].DupAcks
			sum.payload += c.Dir[i].Payload
		}
	}
	return sum
}
