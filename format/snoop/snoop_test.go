package snoop

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

func file(link uint32, drops []uint32) []byte {
	o := binary.BigEndian
	b := o.AppendUint32(o.AppendUint32([]byte(magic), 2), link)
	for i, d := range drops {
		for _, v := range []uint32{100, 5, recordLen + 8, d, 0xf0000000 + uint32(i), 7} {
			b = o.AppendUint32(b, v)
		}
		b = append(b, "frame\x00\x00\x00"...)
	}
	return b
}

func TestRecords(t *testing.T) {
	res := formattest.Read(t, Format, file(4, []uint32{0, 3, 3}), true)
	if res.Err != io.EOF || len(res.Records) != 3 {
		t.Fatalf("%d records, %v", len(res.Records), res.Err)
	}
	r := res.Records[1]
	if string(r.Data) != "frame" || r.WireLen != 100 || r.Link != trace.LinkEthernet || r.Time != 0xf0000001*int64(1e9)+7000 {
		t.Errorf("%+v", r)
	}
	if r.Meta == nil || r.Meta.DropCount != 3 || res.Records[2].Meta != nil {
		t.Errorf("drops %+v, then %+v", r.Meta, res.Records[2].Meta)
	}
}

func TestCutAtEveryByte(t *testing.T) { formattest.Cut(t, Format, file(4, []uint32{0, 1})) }

func TestNoAllocation(t *testing.T) { formattest.Allocs(t, Format, file(4, make([]uint32, 200))) }

func FuzzSnoop(f *testing.F) {
	formattest.Fuzz(f, Format, file(4, []uint32{0, 1}), file(0x80000004, []uint32{2}))
}
