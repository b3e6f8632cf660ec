package pcapng

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
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

// writer builds blocks for tests.
type writer struct{ o order }

func (w writer) block(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	size := uint32(len(body) + blockOverhead)
	b := w.o.AppendUint32(w.o.AppendUint32(nil, kind), size)
	return w.o.AppendUint32(append(b, body...), size)
}

func (w writer) option(code uint16, v string) []byte {
	b := w.o.AppendUint16(w.o.AppendUint16(nil, code), uint16(len(v)))
	b = append(b, v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func (w writer) u32s(v ...uint32) (b []byte) {
	for _, n := range v {
		b = w.o.AppendUint32(b, n)
	}
	return b
}

func (w writer) u64(v uint64) string { return string(w.o.AppendUint64(nil, v)) }

func (w writer) section(options ...[]byte) []byte {
	b := w.u32s(byteOrderMagic)
	b = w.o.AppendUint16(w.o.AppendUint16(b, 1), 0)
	b = w.o.AppendUint64(b, ^uint64(0))
	return w.block(blockSection, join(append([][]byte{b}, options...)))
}

func (w writer) iface(link uint16, snap uint32, options ...[]byte) []byte {
	b := w.o.AppendUint16(w.o.AppendUint16(nil, link), 0)
	b = w.o.AppendUint32(b, snap)
	return w.block(blockInterface, join(append([][]byte{b}, options...)))
}

func (w writer) packet(id uint32, ticks uint64, data string, options ...[]byte) []byte {
	b := w.u32s(id, uint32(ticks>>32), uint32(ticks), uint32(len(data)), uint32(len(data)+1))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return w.block(blockEnhanced, join(append([][]byte{b}, options...)))
}

func join(parts [][]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// everything has each block that the reader knows.
func (w writer) everything() []byte {
	return join([][]byte{
		w.section(w.option(OptComment, "a section"), w.option(OptOS, "an OS"), w.option(OptEnd, "")),
		w.iface(1, 96, w.option(OptIfName, "eth0"), w.option(OptIfResolution, "\x09"), w.option(OptIfFCSLen, "\x04"), w.option(OptIfOffset, w.u64(1000))),
		w.packet(0, 1_500_000_001, "abcde",
			w.option(OptComment, "PID=7 TID=8"), w.option(OptFlags, string(w.u32s(1<<9|1<<11|2))), w.option(OptDropCount, w.u64(3)),
			w.option(OptPacketID, w.u64(99)), w.option(OptQueue, string(w.u32s(5))), w.option(OptVerdict, "\x00v"), w.option(OptHash, "\x02hash"), w.option(0x8001, "own")),
		w.block(blockSimple, append(w.u32s(200), make([]byte, 96)...)),
		w.iface(101, 0, w.option(OptIfResolution, "\x8a")),
		w.packet(1, 1536, "\x45", w.option(OptProcess, string(w.u32s(11, 12)))),
		w.packet(1, 1536, "\x46", w.option(OptComment, "PID: 4711\nCmd: x")),
		w.block(blockPacket, append(w.o.AppendUint16(w.o.AppendUint16(nil, 0), 6), w.u32s(0, 5, 1, 1, 0x2a000000)...)),
		w.block(blockSecrets, append(w.u32s(0x544c534b, 4), "keys"...)),
		w.block(blockNames, w.u32s(0)),
		w.block(blockStatistics, append(w.u32s(0, 0, 0), w.option(OptStatIfDrop, w.u64(17))...)),
		w.block(blockJournal, []byte("__REALTIME_TIMESTAMP=1500000\nMESSAGE=m\n")),
		w.block(blockCustom, append(w.u32s(32473), "custom"...)),
		w.block(blockSysdig, append(append(w.o.AppendUint16(nil, 1), w.u64(77)+w.u64(2)...), append(w.u32s(26), 1, 0, 'x', 'y')...)),
		w.block(0x80000001, []byte("1234")),
	})
}

func TestEveryBlock(t *testing.T) {
	type row struct {
		Number   int64
		Kind     trace.Kind
		Time     int64
		Data     string
		Wire     int
		Numbered bool
		Block    uint32
	}
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			w := writer{o}
			res := formattest.Read(t, Format, w.everything(), false)
			if res.Err != io.EOF {
				t.Fatal(res.Err)
			}
			var got []row
			for _, r := range res.Records {
				got = append(got, row{r.Pos.Number, r.Kind, r.Time, string(r.Data[:min(4, len(r.Data))]), r.WireLen, r.Numbered, r.Block})
			}
			want := []row{
				{1, trace.Packet, 1001_500_000_001, "abcd", 6, true, 6},
				{2, trace.Packet, trace.NoTime, "\x00\x00\x00\x00", 200, true, 3},
				{3, trace.Packet, 1_500_000_000, "\x45", 2, true, 6},
				{4, trace.Packet, 1_500_000_000, "\x46", 2, true, 6},
				{5, trace.Packet, 1000_000_000_005, string(w.u32s(0x2a000000)[:1]), 1, true, 2},
				{5, trace.Secrets, trace.NoTime, "keys", 0, false, 0x544c534b},
				{5, trace.Names, trace.NoTime, "\x00\x00\x00\x00", 0, false, 4},
				{5, trace.Statistics, trace.NoTime, "\x00\x00\x00\x00", 0, false, 5},
				{6, trace.Journal, 1_500_000_000, "__RE", 39, true, 9},
				{7, trace.Custom, trace.NoTime, "cust", 8, true, blockCustom},
				{8, trace.Unknown, 77, string(w.o.AppendUint16(nil, 1)) + w.u64(77)[:2], 26, true, blockSysdig},
				{8, trace.ProcessInfo, trace.NoTime, "1234", 0, false, 0x80000001},
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			checkMeta(t, w, res)
		})
	}
}

func checkMeta(t *testing.T, w writer, res formattest.Result) {
	t.Helper()
	want := &trace.Meta{
		Direction: trace.Outbound, Comments: []string{"PID=7 TID=8"}, PID: 7, TID: 8, HasProcess: true, Running: true, DropCount: 3, HasDropCount: true, PacketID: 99, HasPacketID: true,
		Queue: 5, HasQueue: true, ChecksumNotReady: true, Segmented: true, Flags: 1<<9 | 1<<11 | 2, HasFlags: true, Verdicts: []trace.Verdict{{Data: []byte("v")}}, Hash: []byte("\x02hash"),
		Options: []trace.Option{{Code: 0x8001, Value: []byte("own")}},
	}
	// The bytes behind the options are the reader's; a reader over a small input keeps them.
	if d := cmp.Diff(want, res.Records[0].Meta); d != "" {
		t.Error(d)
	}
	if m := res.Records[2].Meta; m == nil || m.PID != 11 || m.TID != 12 || !m.HasProcess {
		t.Errorf("process of epb_processid_threadid: %+v", m)
	}
	if m := res.Records[3].Meta; m == nil || m.PID != 4711 || !m.HasProcess || len(m.Comments) != 1 {
		t.Errorf("process of the comment: %+v", m)
	}
	if r := res.Records[4]; r.Meta == nil || r.Meta.DropCount != 6 {
		t.Errorf("drops of the old packet block: %+v", r.Meta)
	}
	if res.Records[0].FCS != 4 || res.Records[2].FCS != 0 {
		t.Errorf("FCS %d and %d, want 4 and 0", res.Records[0].FCS, res.Records[2].FCS)
	}
	i := res.Info.Interfaces
	if len(i) != 2 || i[0].Name != "eth0" || i[0].IfDrop != 17 || !i[0].HasStatistics || i[1].Link != trace.LinkRaw || res.Info.OS != "an OS" {
		t.Errorf("info %+v", res.Info)
	}
}

func TestSectionsOfBothOrders(t *testing.T) {
	var data []byte
	for _, o := range []order{binary.BigEndian, binary.LittleEndian} {
		w := writer{o}
		data = append(data, join([][]byte{w.section(), w.iface(1, 0), w.packet(0, 1, "p")})...)
	}
	res := formattest.Read(t, Format, data, true)
	if res.Err != io.EOF || len(res.Records) != 2 || res.Records[1].Interface != 1 || res.Records[1].Time != 1000 || res.Info.Interfaces[1].Section != 1 {
		t.Errorf("%+v, %v", res.Records, res.Err)
	}
}

func TestUnknownVersionSkipsItsSection(t *testing.T) {
	w := writer{binary.LittleEndian}
	odd := w.section()
	odd[12] = 2
	data := join([][]byte{w.section(), w.iface(1, 0), w.packet(0, 1, "p"), odd, w.packet(0, 1, "lost"), w.section(), w.iface(1, 0), w.packet(0, 2, "q")})
	res := formattest.Read(t, Format, data, false)
	if res.Err != io.EOF || len(res.Records) != 2 || res.Info.Damage.Records != 1 || res.Info.Damage.Bytes == 0 {
		t.Errorf("%d records, %v, %+v", len(res.Records), res.Err, res.Info.Damage)
	}
}

func TestLyingBlocks(t *testing.T) {
	w := writer{binary.LittleEndian}
	start := join([][]byte{w.section(), w.iface(1, 0), w.packet(0, 1, "good")})
	put := func(b []byte, at int, v uint32) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
	tests := []struct {
		name string
		bad  []byte
	}{
		{"captured length beyond the block", put(w.packet(0, 1, "bad"), 20, 5000)},
		{"interface that nobody described", w.packet(9, 1, "bad")},
		{"short packet block", w.block(blockEnhanced, []byte("1234"))},
		{"short secrets", w.block(blockSecrets, w.u32s(1, 400))},
		{"length below the least", put(w.packet(0, 1, "bad"), 4, 8)},
		{"length beyond all", put(w.packet(0, 1, "bad"), 4, 0xfffffff0)},
		{"length beyond the file", put(w.packet(0, 1, "bad"), 4, 4000)},
		{"two lengths", put(w.packet(0, 1, "bad"), 4, 32)},
		{"odd number of bytes in between", []byte("garbage")},
		{"a section header without its order", put(w.section(), 8, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, pipe := range []bool{false, true} {
				res := formattest.Read(t, Format, join([][]byte{start, tt.bad, w.packet(0, 1, "next"), w.packet(0, 1, "last")}), pipe)
				d := &res.Info.Damage
				if res.Err != io.EOF || len(res.Records) != 3 || string(res.Records[1].Data) != "next" || d.Records != 1 {
					t.Fatalf("%d records, %v, damage %+v", len(res.Records), res.Err, d)
				}
				if d.Bytes != int64(len(tt.bad)) || d.First[0].Offset != int64(len(start)) {
					t.Errorf("%d bytes lost at byte %d, want %d at %d", d.Bytes, d.First[0].Offset, len(tt.bad), len(start))
				}
			}
		})
	}
}

// TestNothingBehindALie: without another block the reader stops, and says how much it could not read.
func TestNothingBehindALie(t *testing.T) {
	w := writer{binary.LittleEndian}
	start := join([][]byte{w.section(), w.iface(1, 0), w.packet(0, 1, "good")})
	for name, tail := range map[string][]byte{
		"garbage":          []byte(strings.Repeat("no block here ", 100)),
		"a lying block":    w.u32s(blockEnhanced, 0xfffffff0, 0, 0, 0),
		"zeros":            make([]byte, 100_000),
		"many block types": join([][]byte{w.u32s(6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6)}),
	} {
		res := formattest.Read(t, Format, append(start[:len(start):len(start)], tail...), false)
		var e *trace.Error
		if !errors.As(res.Err, &e) || e.Offset != int64(len(start)) || len(res.Records) != 1 || res.Info.Damage.Unread != int64(len(tail)) {
			t.Errorf("%s: %d records, %v, unread %d of %d", name, len(res.Records), res.Err, res.Info.Damage.Unread, len(tail))
		}
	}
}

func TestCutAtEveryByte(t *testing.T) {
	for _, o := range orders {
		formattest.Cut(t, Format, writer{o}.everything())
	}
}

func small(n int) []byte {
	w := writer{binary.LittleEndian}
	b := append(w.section(), w.iface(1, 0)...)
	p := w.packet(0, 1, string(make([]byte, 64)))
	for range n {
		b = append(b, p...)
	}
	return b
}

func TestNoAllocation(t *testing.T) {
	formattest.Allocs(t, Format, small(1000))
	w := writer{binary.LittleEndian}
	b := append(w.section(), w.iface(1, 0)...)
	for range 200 {
		b = append(b, w.packet(0, 1, "flags", w.option(OptFlags, "\x01\x00\x00\x00"))...)
	}
	formattest.Allocs(t, Format, b)
}

func BenchmarkBatch(b *testing.B) { formattest.BenchBatch(b, Format, small(100_000), 100_000) }

func BenchmarkNext(b *testing.B) { formattest.Bench(b, Format, small(100_000), 100_000) }

func FuzzPcapng(f *testing.F) {
	formattest.Fuzz(f, Format, writer{binary.LittleEndian}.everything(), writer{binary.BigEndian}.everything())
}
