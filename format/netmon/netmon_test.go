package netmon

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

var o = binary.LittleEndian

func utf(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = o.AppendUint16(b, u)
	}
	return b
}

// file is a capture of version 2.minor, or 1.1 when minor is negative, with a
// frame of each media type; comments and processes from 2.2 on.
func file(minor int, media ...uint16) []byte {
	b := make([]byte, 128)
	copy(b, magic2)
	b[4], b[5] = byte(minor), 2
	if minor < 0 {
		copy(b, magic1)
		b[4], b[5] = 1, 1
	}
	o.PutUint16(b[6:], 1)
	for i, v := range []uint16{2020, 1, 3, 1, 0, 0, 0, 0} {
		o.PutUint16(b[8+2*i:], v)
	}
	var table []byte
	for i, m := range media {
		table = o.AppendUint32(table, uint32(len(b)))
		if minor < 0 {
			b = o.AppendUint16(o.AppendUint16(o.AppendUint32(b, uint32(i)), 50), 5)
			b = append(b, "frame"...)
			continue
		}
		b = o.AppendUint32(o.AppendUint32(o.AppendUint64(b, ^uint64(0)), 50), 5) // one microsecond before the start
		b = append(b, "frame"...)
		trailer := o.AppendUint32(o.AppendUint16(nil, m), uint32(i))
		trailer = append(o.AppendUint64(trailer, unixEpoch+15_778_368_000_000_001), 0xff)
		b = append(b, trailer[:(&fileHeader{major: 2, minor: minor}).trailerLen()]...)
	}
	o.PutUint32(b[24:], uint32(len(b)))
	o.PutUint32(b[28:], uint32(len(table)))
	first := table[:4]
	b = append(b, table...)
	if minor < 2 {
		return b
	}
	comment := append(o.AppendUint32(nil, 1), first...)
	comment = append(o.AppendUint32(comment, uint32(len(utf("title")))), utf("title")...)
	rtf := `{\rtf1{\fonttbl{\f0 Arial;}}\b some\b0  text\par more}`
	comment = append(o.AppendUint32(comment, uint32(len(rtf))), rtf...)
	o.PutUint32(b[40:], uint32(len(b)))
	o.PutUint32(b[44:], uint32(len(comment)))
	b = append(b, comment...)
	o.PutUint32(b[48:], uint32(len(b)))
	o.PutUint32(b[52:], 1)
	b = append(o.AppendUint16(b, 2), o.AppendUint32(nil, uint32(len(utf(`C:\a.exe`))))...)
	b = append(b, utf(`C:\a.exe`)...)
	b = append(o.AppendUint32(o.AppendUint32(b, 0), 4711), make([]byte, processTail-4)...)
	return b
}

func TestVersions(t *testing.T) {
	const start = 1577836800 * int64(1e9)
	for minor, want := range map[int]int64{-1: start, 0: start - 1000, 1: start - 1000, 2: start - 1000, 3: start + 100} {
		res := formattest.Read(t, Format, file(minor, 1), false)
		if res.Err != io.EOF || len(res.Records) != 1 || res.Info.Damage.Any() {
			t.Fatalf("2.%d: %d records, %v, %+v", minor, len(res.Records), res.Err, res.Info.Damage)
		}
		r := res.Records[0]
		if r.Time != want || string(r.Data) != "frame" || r.WireLen != 50 || r.Link != trace.LinkEthernet {
			t.Errorf("2.%d: %+v, want time %d", minor, r, want)
		}
		if minor >= 2 {
			meta := &trace.Meta{Comments: []string{"title", "some text\nmore"}, PID: 4711, HasProcess: true, Process: `C:\a.exe`}
			if d := cmp.Diff(meta, r.Meta); d != "" {
				t.Errorf("2.%d: %s", minor, d)
			}
		}
	}
}

func TestMediaTypes(t *testing.T) {
	res := formattest.Read(t, Format, file(3, 1, mediaPayload, mediaEvent, 9, 0xe071, 6), false)
	type row struct {
		Number int64
		Link   trace.LinkType
	}
	var got []row
	for _, r := range res.Records {
		got = append(got, row{r.Pos.Number, r.Link})
	}
	want := []row{{1, 1}, {1, trace.LinkUnknown}, {2, trace.LinkNetMonEvent}, {3, trace.LinkRaw}, {4, 113}, {5, trace.LinkNetMonOther}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A cut file has lost its frame table, or a part of it.
func TestCutAtEveryByte(t *testing.T) {
	for _, minor := range []int{-1, 0, 3} {
		data := file(minor, 1, 1)
		for n := range data {
			res := formattest.Read(t, Format, data[:n], false)
			table := int(o.Uint32(data[24:]))
			if n < table+8 && res.Err == io.EOF {
				t.Fatalf("2.%d cut at %d of a table at %d: no error", minor, n, table)
			}
			if n > 16 && res.Err != io.EOF && !errors.Is(res.Err, trace.ErrTruncated) {
				t.Fatalf("2.%d cut at %d: %v", minor, n, res.Err)
			}
		}
	}
}

func TestOverlappingFramesEnd(t *testing.T) {
	data := file(0, make([]uint16, 400)...)
	at := int(o.Uint32(data[24:]))
	for i := range 400 {
		o.PutUint32(data[at+4*i:], 128)
	}
	o.PutUint32(data[128+12:], uint32(len(data)/4))
	res := formattest.Read(t, Format, data, false)
	if !errors.Is(res.Err, trace.ErrCorrupt) || len(res.Records) > 8 {
		t.Errorf("%d records, %v", len(res.Records), res.Err)
	}
}

func TestNoAllocation(t *testing.T) { formattest.Allocs(t, Format, file(3, make([]uint16, 200)...)) }

func FuzzNetMon(f *testing.F) {
	formattest.Fuzz(f, Format, file(3, 1, mediaEvent), file(-1, 1), file(0, 1), file(1, 9))
}
