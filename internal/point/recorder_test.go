package point

import (
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// ethernet is the frame of a segment between fixed endpoints, with DSCP 46, a TTL of 61 and checksums of 0.
func ethernet(six, back bool, seq, ack uint32, flags byte, payload []byte) []byte {
	be := binary.BigEndian
	b := make([]byte, 14, 128)
	if six {
		be.PutUint16(b[12:], 0x86dd)
		b = append(b, 0x6b, 0x80, 0, 0, 0, byte(20+len(payload)), 6, 61)
		b = append(b, make([]byte, 32)...)
		b[22], b[37], b[38], b[53] = 0x20, 1, 0x20, 2
		if back {
			b[37], b[53] = 2, 1
		}
	} else {
		be.PutUint16(b[12:], 0x0800)
		b = append(b, 0x45, 46<<2, 0, byte(40+len(payload)), 0x12, byte(seq), 0x40, 0, 61, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
		if back {
			b[29], b[33] = 2, 1
		}
	}
	ports := []byte{0x9c, 0x40, 0, 80}
	if back {
		ports = []byte{0, 80, 0x9c, 0x40}
	}
	b = append(b, ports...)
	b = be.AppendUint32(b, seq)
	b = be.AppendUint32(b, ack)
	b = append(b, 5<<4, flags, 0x20, 0x11, 0, 0, 0, 0)
	return append(b, payload...)
}

// TestTakenFramesLeaveTheSamePrints gives a recorder frames that the tracker took as they are, and another one the same frames decoded.
func TestTakenFramesLeaveTheSamePrints(t *testing.T) {
	for _, six := range []bool{false, true} {
		b := trace.Batch{Source: 1, First: 1000, Offset: 24}
		var tracker *flow.Tracker
		var frames [][]byte
		add := func(back bool, seq, ack uint32, flags byte, payload string) {
			frames = append(frames, ethernet(six, back, seq, ack, flags, []byte(payload)))
		}
		add(false, 100, 0, flagSYN, "")
		add(true, 700, 101, flagSYN|flagACK, "")
		add(false, 101, 701, flagACK, "")
		add(false, 101, 701, flagACK|8, "a request that is longer than bytes that are looked at, so that both hashes of it are there: 7 by 7, bb")
		add(true, 701, 204, flagACK, "")
		add(true, 701, 204, flagACK|8, "a short answer b7")
		add(true, 718, 204, flagACK|flagFIN, "")
		add(false, 204, 719, flagACK|flagFIN, "")
		whole, taken := NewRecorder(0, 1), NewRecorder(0, 1)
		var decoder packet.Decoder
		var record trace.Record
		var p packet.Packet
		n := 0
		for i, frame := range frames {
			f := trace.Frame{Time: int64(i+1) * 1_000_001, Len: uint32(len(frame)), Wire: uint32(len(frame)), At: uint32(i * 200), Number: uint32(i), Link: uint16(trace.LinkEthernet)}
			b.Data = frame
			l, mark, ok := flow.LaneOf(trace.LinkEthernet, frame, len(frame))
			if !ok {
				t.Fatal("no lane")
			}
			if tracker == nil { // checksums are not asked for
				tracker = flow.NewLane(1, l)
				tracker.Light()
			}
			var seen flow.Sighting
			b.Fill(&f, &record)
			decoder.Decode(&record, &p)
			conv, _, _ := tracker.AddFrame(&b, &f, mark, &seen)
			if conv == nil {
				tracker.AddOwn(&p, &seen, mark)
				whole.Add(&p, &seen)
				taken.Add(&p, &seen)
				continue
			}
			n++
			tracker.Tell(&seen)
			whole.Add(&p, &seen)
			s := tracker.Taken(frame)
			taken.AddTaken(conv, record.Pos.Number, record.Time, &s)
		}
		if n < 3 {
			t.Errorf("IPv6 %v: %d of %d frames taken as they are", six, n, len(frames))
		}
		for i := range whole.prints {
			if got, want := taken.prints[i], whole.prints[i]; got != want {
				t.Errorf("IPv6 %v, frame %d: %+v\nwant %+v", six, i, got, want)
			}
		}
		if len(whole.anchors.list) == 0 || len(whole.anchors.list) != len(taken.anchors.list) {
			t.Fatalf("%d anchors, want %d", len(taken.anchors.list), len(whole.anchors.list))
		}
		for i, want := range whole.anchors.list {
			if got := taken.anchors.list[i]; got != want {
				t.Errorf("anchor %d: %+v, want %+v", i, got, want)
			}
		}
		if taken.net != whole.net || taken.unit != whole.unit {
			t.Errorf("%d packets in units of %d, want %d in %d", taken.net, taken.unit, whole.net, whole.unit)
		}
	}
}
