package point

import (
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
)

// FuzzAnalyse gives two points frames of one conversation or two, with any numbers and times: whatever they are, the analysis ends,
// counts each packet once, and gives a clock that its own samples do not contradict.
func FuzzAnalyse(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10\x11\x12\x13\x14\x15\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10\x11\x12\x13\x14\x15"))
	f.Add([]byte("\xff\x01\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var at [2][]record
		for len(data) >= 16 && len(at[0])+len(at[1]) < 400 {
			r := fuzzed(data[:16])
			if data[0]&1 != 0 {
				at[0] = append(at[0], r)
			}
			if data[0]&2 != 0 {
				r.time += int64(int8(data[15])) << (data[14] % 56)
				at[1] = append(at[1], r)
			}
			data = data[16:]
		}
		pa, ra, ta := recorded(0, at[0])
		pb, rb, tb := recorded(1, at[1])
		var convs flow.Conversations
		convs.Add(ta)
		base := convs.Len()
		convs.Add(tb)
		rb.Number(base)
		r := AnalyseMatches([]Point{*pa, *pb}, []*Recorder{ra, rb}, &convs)
		for i := range r.Pairs {
			p := &r.Pairs[i]
			n := int64(0)
			for _, m := range p.Meetings {
				for d := range 2 {
					w := &m.Ways[d]
					if w.Matched < 0 || w.Lost < 0 || w.Only < 0 || w.Outside < 0 {
						t.Fatalf("negative counts: %+v", w)
					}
					n += w.Matched
				}
			}
			if most := int64(min(len(at[0]), len(at[1]))); n > int64(len(at[0])) || most == 0 && n > 0 {
				t.Fatalf("%d packets matched of %d and %d", n, len(at[0]), len(at[1]))
			}
			for i := range p.Clock.Segments {
				if s := &p.Clock.Segments[i]; s.Error < 0 || s.SumError < 0 || s.Slowest > s.Drift || s.Fastest < s.Drift {
					t.Fatalf("clock %+v", s)
				}
			}
		}
		for _, h := range r.Hops() {
			h.Total()
		}
		r.Classes()
		for i := range convs.Len() {
			if f := r.Follow(convs.At(i)); f != nil {
				for p := range at {
					for k := range at[p] {
						if x := f.Of(p, int64(k+1)); x != nil && x.Records[p] == 0 {
							t.Fatalf("record %d of point %d is of a packet that the point has not", k+1, p)
						}
					}
				}
			}
		}
		for i := range r.Pairs {
			r.Pairs[i].Queue(AtoB)
			r.Pairs[i].Queue(BtoA)
		}
		for i := range at {
			for k, rec := range at[i] {
				if _, err := r.Clock(i).At(int64(k+1), rec.time); err < 0 {
					t.Fatalf("record %d of point %d: error %d", k+1, i, err)
				}
			}
		}
	})
}

// fuzzed is a record from 16 bytes: which conversation and way, its numbers, size and time.
func fuzzed(b []byte) record {
	a, c := [4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2 + b[0]>>7}
	port := uint16(1000 + int(b[0]>>6&1))
	seq, ack := uint32(b[2])<<4, uint32(b[3])<<4
	payload := make([]byte, int(b[4])*8)
	if len(payload) > 0 {
		payload[0] = b[5]
	}
	src, dst, sp, dp := a, c, port, uint16(80)
	if b[0]&4 != 0 {
		src, dst, sp, dp = c, a, 80, port
	}
	frame := ipFrame(src, dst, 6, uint16(b[6]), 64-b[7]&3, tcpSegment(sp, dp, seq, ack, b[1]&0x17, 100, payload))
	if b[0]&8 != 0 {
		frame = ipFrame(src, dst, 17, uint16(b[6]), 64-b[7]&3, udpDatagram(sp, dp, payload))
	}
	wire := len(frame)
	if b[0]&16 != 0 {
		frame = frame[:min(len(frame), 60)]
	}
	return record{int64(binary.LittleEndian.Uint64(b[8:])), frame, wire, 0, 1}
}
