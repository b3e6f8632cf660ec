package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = map[string]order{"little": binary.LittleEndian, "big": binary.BigEndian}

// file is a pcap file as a test writes it.
type file struct {
	magic        uint32
	major, minor uint16
	snap, link   uint32
	extra        int // bytes after the file header
	tail         []byte
	swap         bool // original length first
}

func (f file) bytes(o order, packets ...string) []byte {
	b := o.AppendUint32(nil, f.magic)
	b = o.AppendUint16(o.AppendUint16(b, f.major), f.minor)
	b = o.AppendUint64(b, 0)
	b = o.AppendUint32(o.AppendUint32(b, f.snap), f.link)
	b = append(b, make([]byte, f.extra)...)
	for i, p := range packets {
		b = o.AppendUint32(o.AppendUint32(b, 0xf0000000+uint32(i)), 999999)
		n, wire := uint32(len(p)), uint32(len(p)+10)
		if f.swap {
			n, wire = wire, n
		}
		b = o.AppendUint32(o.AppendUint32(b, n), wire)
		b = append(append(b, f.tail...), p...)
	}
	return b
}

func TestVariants(t *testing.T) {
	modified := []byte{0, 0, 0, 0, 0, 0, 4, 0}
	tests := []struct {
		name string
		f    file
		time int64
		link trace.LinkType
	}{
		{"microsecond", file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1}, 999999000, 1},
		{"nanosecond", file{magic: 0xa1b23c4d, major: 2, minor: 4, snap: 65535, link: 1}, 999999, 1},
		{"ss990417", file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1, tail: modified}, 999999000, 1},
		{"ss991029", file{magic: 0xa1b2cd34, major: 2, minor: 4, snap: 65535, link: 1, tail: modified}, 999999000, 1},
		{"ss990915", file{magic: 0xa1b2cd34, major: 2, minor: 4, snap: 65535, link: 1, tail: append(modified, 1, 2, 3, 4)}, 999999000, 1},
		{"nokia", file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1, tail: []byte{9, 9, 9, 9}}, 999999000, 1},
		{"ixia hardware", file{magic: 0x1c0001ac, major: 2, minor: 4, snap: 65535, link: 1, extra: 4}, 999999, 1},
		{"ixia software", file{magic: 0x1c0001ab, major: 2, minor: 4, snap: 65535, link: 1, extra: 4}, 999999000, 1},
		{"aix", file{magic: 0xa1b2c3d4, major: 2, minor: 2, snap: 65535, link: 6, swap: true}, 999999, 1},
		{"2.2", file{magic: 0xa1b2c3d4, major: 2, minor: 2, snap: 65535, link: 1, swap: true}, 999999000, 1},
		{"2.3 in the old order", file{magic: 0xa1b2c3d4, major: 2, minor: 3, snap: 65535, link: 1, swap: true}, 999999000, 1},
		{"DG/UX", file{magic: 0xa1b2c3d4, major: 543, snap: 65535, link: 1, swap: true}, 999999000, 1},
		{"DLT_RAW", file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 12}, 999999000, trace.LinkRaw},
		{"FCS", file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 0x24000001}, 999999000, 1},
	}
	packets := []string{"first packet, of some length", "second", "third packet"}
	for _, tt := range tests {
		for name, o := range orders {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				res := formattest.Read(t, Format, tt.f.bytes(o, packets...), false)
				if res.Err != io.EOF || len(res.Records) != len(packets) {
					t.Fatalf("%d records, %v", len(res.Records), res.Err)
				}
				for i, r := range res.Records {
					want := trace.Record{
						Pos: r.Pos, Time: (0xf0000000+int64(i))*1e9 + tt.time, Kind: trace.Packet, Link: tt.link,
						Data: []byte(packets[i]), WireLen: len(packets[i]) + 10, Numbered: true,
					}
					if tt.name == "FCS" {
						want.FCS = 4
					}
					if len(tt.f.tail) >= 8 {
						want.Meta = &trace.Meta{Direction: trace.Outbound}
					}
					if d := cmp.Diff(want, r); d != "" {
						t.Errorf("record %d: %s", i, d)
					}
				}
			})
		}
	}
}

func TestCutAtEveryByte(t *testing.T) {
	for _, magic := range []uint32{0xa1b2c3d4, 0xa1b23c4d} {
		for _, o := range orders {
			formattest.Cut(t, Format, file{magic: magic, major: 2, minor: 4, snap: 65535, link: 1}.bytes(o, "one", "two packets", ""))
		}
	}
}

func TestAbsurdLengthStops(t *testing.T) {
	good := file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1}.bytes(binary.LittleEndian, "good", "bad")
	binary.LittleEndian.PutUint32(good[44+8:], 0xfffffff0)
	res := formattest.Read(t, Format, good, false)
	var e *trace.Error
	if !errors.As(res.Err, &e) || !errors.Is(e, trace.ErrCorrupt) || e.Offset != 44 || e.Record != 2 || len(res.Records) != 1 {
		t.Errorf("%d records, %v", len(res.Records), res.Err)
	}
	if want := int64(len(good) - 44); res.Info.Damage.Unread != want {
		t.Errorf("unread %d, want %d", res.Info.Damage.Unread, want)
	}
}

// TestLyingLengths: a record whose length cannot be true is skipped, up to the next one that makes sense.
func TestLyingLengths(t *testing.T) {
	packets := []string{"the first packet", "the one that lies", "another packet", "and one more", "the last"}
	le := binary.LittleEndian
	second := 24 + 16 + len(packets[0])
	for name, tt := range map[string]struct {
		spoil func(b []byte) []byte
		read  int   // records
		lost  int64 // bytes
	}{
		"more than any record": {func(b []byte) []byte { le.PutUint32(b[second+8:], 0xfffffff0); return b }, 4, 33},
		"more than the file":   {func(b []byte) []byte { le.PutUint32(b[second+8:], 60_000); return b }, 4, 33},
		"bytes put in between": {func(b []byte) []byte {
			return append(b[:second:second], append([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), b[second:]...)...)
		}, 5, 13},
		"bytes that were taken": {func(b []byte) []byte { return append(b[:second+3:second+3], b[second+20:]...) }, 4, 16},
		"zeros in between": {func(b []byte) []byte {
			return append(b[:second:second], append(make([]byte, 100, 400_000), append([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), b[second:]...)...)...)
		}, -1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pipe := range []bool{false, true} {
				data := tt.spoil(file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1}.bytes(le, packets...))
				res := formattest.Read(t, Format, data, pipe)
				d := &res.Info.Damage
				if tt.read < 0 { // empty records are legal: what follows the zeros must be there all the same
					if n := len(res.Records); n < 5 || string(res.Records[n-1].Data) != "the last" || string(res.Records[n-5+1].Data) != "the one that lies" {
						t.Errorf("%d records, %v, damage %+v", n, res.Err, d)
					}
					continue
				}
				if res.Err != io.EOF || len(res.Records) != tt.read || d.Records != 1 || d.Bytes != tt.lost {
					t.Fatalf("%d records, %v, damage %+v; want %d records, %d bytes lost", len(res.Records), res.Err, d, tt.read, tt.lost)
				}
				if e := d.First[0]; e.Offset != int64(second) || string(res.Records[len(res.Records)-1].Data) != "the last" {
					t.Errorf("%v, last record %q", e, res.Records[len(res.Records)-1].Data)
				}
			}
		})
	}
}

func small(n int) []byte {
	packets := make([]string, n)
	for i := range packets {
		packets[i] = string(bytes.Repeat([]byte{byte(i)}, 64))
	}
	return file{magic: 0xa1b2c3d4, major: 2, minor: 4, snap: 65535, link: 1}.bytes(binary.LittleEndian, packets...)
}

func TestNoAllocation(t *testing.T) { formattest.Allocs(t, Format, small(1000)) }

func BenchmarkBatch(b *testing.B) { formattest.BenchBatch(b, Format, small(100_000), 100_000) }

func BenchmarkNext(b *testing.B) { formattest.Bench(b, Format, small(100_000), 100_000) }

func FuzzPcap(f *testing.F) {
	formattest.Fuzz(f, Format, small(3), file{magic: 0xa1b2cd34, major: 2, minor: 4, snap: 99, link: 1, tail: make([]byte, 8)}.bytes(binary.BigEndian, "x"))
}
