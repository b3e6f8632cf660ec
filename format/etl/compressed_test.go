package etl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/fixture/xca"
	"github.com/wiretale/wiretale/trace"
)

var compressions = []struct {
	name     string
	code     fixture.Compression
	compress func([]byte) []byte
}{{"lznt1", fixture.LZNT1, xca.LZNT1}, {"xpress", fixture.Xpress, xca.Plain}, {"huffman", fixture.Huffman, xca.Huffman}}

// recompress compresses the buffers of an uncompressed file, the first one excepted, as merging tools do.
func recompress(b []byte, code fixture.Compression, compress func([]byte) []byte) []byte {
	le := binary.LittleEndian
	first := le.Uint32(b)
	out := bytes.Clone(b[:first])
	le.PutUint32(out[44:], uint32(code))
	for at := first; int(at) < len(b); at += le.Uint32(b[at:]) {
		saved := le.Uint32(b[at+4:])
		body := compress(b[at+72 : at+saved])
		head := bytes.Clone(b[at : at+72])
		le.PutUint32(head, uint32(72+len(body)))
		le.PutUint16(head[52:], le.Uint16(head[52:])|0x40)
		out = append(append(out, head...), body...)
	}
	return out
}

// listing is all that records say, their offsets excepted, and how reading ended.
func listing(t *testing.T, b []byte) (rows []string, end error) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range trace.Records(r) {
		if err != nil {
			return rows, err
		}
		h := *rec.Event
		schema, traits, extended := crc32.ChecksumIEEE(h.Schema), crc32.ChecksumIEEE(h.Traits), crc32.ChecksumIEEE(h.Extended)
		h.Schema, h.Traits, h.Extended = nil, nil, nil
		rows = append(rows, fmt.Sprint(rec.Pos.Number, rec.Time, h, schema, traits, extended, len(rec.Data), crc32.ChecksumIEEE(rec.Data)))
	}
	if r.Info().Damage.Any() {
		t.Errorf("damage: %v", r.Info().Damage)
	}
	return rows, nil
}

func compareCompressed(t *testing.T, plain []byte) {
	t.Helper()
	want, err := listing(t, plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range compressions {
		packed := recompress(plain, c.code, c.compress)
		got, err := listing(t, packed)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s, %d bytes of %d: %v, (-plain +%s):\n%.2000s", c.name, len(packed), len(plain), err, c.name, diff)
		}
	}
}

// A real trace reads the same in each of the three compressions; its buffers have more than 64 KB.
func TestRealFileCompressed(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(shared, "small-system-misc-ping.etl"))
	if err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	compareCompressed(t, b)
}

// sampleTrace is a file of one processor whose payloads are the samples of package xca, in pieces.
func sampleTrace() []byte {
	le := binary.LittleEndian
	out := tiny(0)[:1024]
	stamp := uint64(2000)
	for _, s := range xca.Samples() {
		var records []byte
		for data := s.Data; len(data) > 0; {
			n := min(len(data), 60_000)
			r := make([]byte, 80, 80+n)
			le.PutUint16(r, uint16(80+n))
			le.PutUint16(r[2:], 0xc013)
			le.PutUint64(r[16:], stamp)
			stamp++
			r = append(r, data[:n]...)
			records = append(records, append(r, make([]byte, -len(r)&7)...)...)
			data = data[n:]
		}
		head := make([]byte, 72)
		le.PutUint32(head, uint32(72+len(records)))
		le.PutUint32(head[4:], uint32(72+len(records)))
		out = append(append(out, head...), records...)
	}
	return out
}

func TestSamplesCompressed(t *testing.T) { compareCompressed(t, sampleTrace()) }

// The header of a file says which compression its buffers have; without a known code it is plain XPRESS.
func TestCompressionByTheHeader(t *testing.T) {
	plain := tiny(8)
	want, _ := listing(t, plain)
	for _, c := range compressions {
		packed := recompress(plain, c.code, c.compress)
		for _, code := range []uint32{0, 2, 3, 4, 5, 0x30003} {
			binary.LittleEndian.PutUint32(packed[44:], code)
			r, err := etl.NewReader(bytes.NewReader(packed), int64(len(packed)))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, err := range trace.Records(r) {
				if err == nil {
					n++
				}
			}
			says := fixture.Compression(code & 0xffff)
			if says < fixture.LZNT1 || says > fixture.Huffman {
				says = fixture.Xpress
			}
			if all := n == len(want) && !r.Info().Damage.Any(); all != (says == c.code) {
				t.Errorf("%s, header says %#x: %d records of %d, damage %v", c.name, code, n, len(want), r.Info().Damage)
			}
		}
	}
}
