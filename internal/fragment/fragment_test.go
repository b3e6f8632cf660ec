package fragment

import (
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

const second = int64(1e9)

// v4 is a fragment of 10.0.0.1 for 10.0.0.2: offset and length in units of 8 bytes.
func v4(id byte, offset, units int, more bool) []byte {
	b := make([]byte, 20+8*units)
	b[0], b[3], b[5], b[8], b[9] = 0x45, byte(len(b)), id, 64, 17
	b[7] = byte(offset)
	if more {
		b[6] = 0x20
	}
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	return b
}

// v6 is the same over IPv6.
func v6(id byte, offset, units int, more bool) []byte {
	b := make([]byte, 48+8*units)
	b[0], b[5], b[6], b[7] = 0x60, byte(8+8*units), 44, 64
	b[23], b[39] = 1, 2
	b[40], b[43], b[47] = 17, byte(offset<<3), id
	if more {
		b[43] |= 1
	}
	return b
}

type frame struct {
	at   int64 // seconds
	data []byte
}

func feed(r *Recorder, list ...frame) {
	var d packet.Decoder
	var p packet.Packet
	for i, f := range list {
		rec := trace.Record{Kind: trace.Packet, Link: trace.LinkRaw, Data: f.data, WireLen: len(f.data), Time: f.at * second, Pos: trace.Pos{Number: int64(i + 1)}, Interface: -1}
		d.Decode(&rec, &p)
		r.Add(&p)
	}
}

func TestDatagrams(t *testing.T) {
	type counts struct{ complete, incomplete, firstOnly, noFirst int64 }
	for _, tt := range []struct {
		name string
		list []frame
		end  int64
		want counts
	}{
		{"whole", []frame{{0, v4(1, 0, 2, true)}, {0, v4(1, 2, 2, false)}}, 10, counts{complete: 1}},
		{"backwards", []frame{{0, v4(1, 2, 2, false)}, {0, v4(1, 0, 2, true)}}, 10, counts{complete: 1}},
		{"copied", []frame{{0, v4(1, 0, 2, true)}, {0, v4(1, 0, 2, true)}, {0, v4(1, 2, 2, false)}, {0, v4(1, 2, 2, false)}}, 10, counts{complete: 1}},
		{"first only", []frame{{0, v4(1, 0, 2, true)}, {0, v4(2, 0, 2, true)}}, 10, counts{incomplete: 2, firstOnly: 2}},
		{"no first", []frame{{0, v4(1, 2, 2, false)}}, 10, counts{incomplete: 1, noFirst: 1}},
		{"hole", []frame{{0, v4(1, 0, 2, true)}, {0, v4(1, 4, 2, false)}}, 10, counts{incomplete: 1}},
		{"too early to say", []frame{{0, v4(1, 0, 2, true)}}, 3, counts{}},
		{"the same number again", []frame{{0, v4(1, 0, 2, true)}, {8, v4(1, 0, 2, true)}, {8, v4(1, 2, 2, false)}}, 20, counts{complete: 1, incomplete: 1, firstOnly: 1}},
		{"IPv6", []frame{{0, v6(1, 0, 2, true)}, {0, v6(1, 2, 2, false)}, {0, v6(2, 0, 2, true)}}, 10, counts{complete: 1, incomplete: 1, firstOnly: 1}},
		{"an atomic fragment", []frame{{0, v6(1, 0, 2, false)}}, 10, counts{}},
	} {
		var r Recorder
		feed(&r, tt.list...)
		so := r.SoFar(tt.end * second)
		r.End(tt.end * second)
		for _, one := range []*Recorder{&so, &r} {
			var got counts
			for _, w := range one.Ways {
				got = counts{got.complete + w.Complete, got.incomplete + w.Incomplete, got.firstOnly + w.FirstOnly, got.noFirst + w.NoFirst}
			}
			if got != tt.want {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

// Whatever fragments say, what is kept is bounded, and what is counted adds up.
func FuzzFragments(f *testing.F) {
	f.Add(append(v4(1, 0, 2, true), v4(1, 2, 2, false)...), byte(36))
	f.Add(v6(1, 0, 2, true), byte(64))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		var r Recorder
		var list []frame
		n := max(int(size), 20)
		for at := int64(0); len(data) > 0; at++ {
			list = append(list, frame{at, data[:min(n, len(data))]})
			data = data[min(n, len(data)):]
		}
		feed(&r, list...)
		r.End(int64(len(list)+10) * second)
		var sum int64
		for _, w := range r.Ways {
			sum += w.Complete + w.Incomplete
			if w.FirstOnly+w.NoFirst > w.Incomplete || len(w.Examples) > maxExamples {
				t.Errorf("%+v", w)
			}
		}
		if sum > int64(len(list)) {
			t.Errorf("%d datagrams of %d frames", sum, len(list))
		}
	})
}
