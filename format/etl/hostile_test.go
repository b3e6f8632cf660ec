package etl_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/trace"
)

// tiny builds an uncompressed 64-bit file: the header buffer and one buffer of
// n EVENT records whose stamps step by 10 ticks of a 10 MHz clock.
func tiny(n int) []byte {
	le := binary.LittleEndian
	header := make([]byte, 32+280)
	le.PutUint16(header, 2)
	le.PutUint16(header[2:], 0xc002)
	le.PutUint16(header[4:], uint16(len(header)))
	le.PutUint64(header[16:], 1000)
	body := header[32:]
	body[4], body[5] = 6, 1
	le.PutUint32(body[8:], 7601)
	le.PutUint32(body[12:], 1)
	le.PutUint64(body[16:], 129000000000010000)
	le.PutUint32(body[44:], 8)
	le.PutUint64(body[256:], 10_000_000)
	le.PutUint64(body[264:], 129000000000000000)
	le.PutUint32(body[272:], 1)
	var records []byte
	for i := range n {
		r := make([]byte, 88)
		le.PutUint16(r, 84)
		le.PutUint16(r[2:], 0xc013)
		le.PutUint32(r[12:], 4)
		le.PutUint64(r[16:], uint64(1000+10*i))
		le.PutUint16(r[40:], uint16(1000+i))
		le.PutUint32(r[80:], uint32(i))
		records = append(records, r...)
	}
	return append(buffer(header, 4), buffer(records, 0)...)
}

func buffer(records []byte, kind uint16) []byte {
	const size = 1024
	b := bytes.Repeat([]byte{0xff}, size)
	clear(b[:72])
	le := binary.LittleEndian
	le.PutUint32(b, size)
	le.PutUint32(b[4:], uint32(72+len(records)))
	le.PutUint16(b[52:], 0x21)
	le.PutUint16(b[54:], kind)
	copy(b[72:], records)
	return b
}

func TestTimesAndNumbers(t *testing.T) {
	b := tiny(8)
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var rec trace.Record
	for i := range 9 {
		if err := r.Next(&rec); err != nil {
			t.Fatal(err)
		}
		step := max(0, i-1) * 10
		if want := int64(129000000000000000-116444736000000000)*100 + int64(step)*100; rec.Time != want {
			t.Errorf("record %d: time %d, want %d", i, rec.Time, want)
		}
		if rec.Pos.Number != int64(i+1) {
			t.Errorf("record %d has number %d", i, rec.Pos.Number)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(tiny(8))
	f.Add(tiny(8)[:1500])
	for _, c := range compressions {
		f.Add(recompress(tiny(3), c.code, c.compress))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		visited := 0
		if err := r.Prepass(func(*trace.EventHeader) bool { return true }, func(*trace.Record) { visited++ }); err != nil {
			return
		}
		var rec trace.Record
		for read := 0; r.Next(&rec) == nil; read++ {
			if read > len(b)/8 {
				t.Fatalf("%d records of %d bytes", read, len(b))
			}
			if len(rec.Data) > len(b)*1000 {
				t.Fatalf("payload of %d bytes", len(rec.Data))
			}
		}
	})
}
