package etl

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

// A long is a file that exists only where it is read: a header buffer, then
// buffers of one size. Buffer i holds records whose stamps are start(i), start(i)+1, ...
type long struct {
	header  []byte
	buffers int64
	size    int64 // of a buffer on disk
	records int   // in a buffer
	start   func(i int64) int64
}

const longRecord = 16 // a PERFINFO header alone

func (l *long) length() int64 { return int64(len(l.header)) + l.buffers*l.size }

func (l *long) ReadAt(b []byte, off int64) (int, error) {
	le := binary.LittleEndian
	if off < int64(len(l.header)) {
		return copy(b, l.header[off:]), nil
	}
	if off >= l.length() {
		return 0, io.EOF
	}
	i, at := (off-int64(len(l.header)))/l.size, (off-int64(len(l.header)))%l.size
	if at == 0 {
		clear(b)
		le.PutUint32(b, uint32(l.size))
		le.PutUint32(b[4:], uint32(bufferHeaderLen+l.records*longRecord))
		return len(b), nil
	}
	for n := 0; n+longRecord <= len(b); n += longRecord { // reads begin at a record
		k := (int(at) - bufferHeaderLen + n) / longRecord
		le.PutUint32(b[n:], 0xc0110002)
		le.PutUint32(b[n+4:], 0x0f_00_0000|longRecord)
		le.PutUint64(b[n+8:], uint64(l.start(i)+int64(k)))
	}
	return len(b), nil
}

// longHeader is the header buffer of a 64-bit file with a clock of 10 MHz.
func longHeader() []byte {
	le := binary.LittleEndian
	b := make([]byte, 1024)
	le.PutUint32(b, 1024)
	le.PutUint32(b[4:], bufferHeaderLen+systemHeaderLen+280)
	le.PutUint16(b[54:], bufferTypeHeader)
	r := b[bufferHeaderLen:]
	le.PutUint32(r, 0xc0020002)
	le.PutUint16(r[4:], systemHeaderLen+280)
	body := r[systemHeaderLen:]
	le.PutUint32(body[44:], 8)
	le.PutUint64(body[256:], 10_000_000)
	le.PutUint64(body[264:], 129000000000000000)
	le.PutUint32(body[272:], clockQPC)
	return b
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A file of 20 GB needs its index, 16 bytes a buffer, and nothing else that grows.
func TestMemoryOfALongFile(t *testing.T) {
	l := &long{header: longHeader(), buffers: 20 << 30 / (256 << 10), size: 256 << 10, records: 2, start: func(i int64) int64 { return 10 * i }}
	before := heap()
	r, err := NewReader(l, l.length())
	if err != nil {
		t.Fatal(err)
	}
	var rec trace.Record
	n, most := int64(0), int64(0)
	for ; r.Next(&rec) == nil; n++ {
		if n%(l.buffers/4) == 0 {
			most = max(most, heap()-before)
		}
	}
	if want := 1 + l.buffers*int64(l.records); n != want {
		t.Fatalf("%d records, want %d", n, want)
	}
	index := 16 * int64(cap(r.index))
	if index > 2*16*l.buffers || most > index+1<<20 {
		t.Errorf("%d bytes of memory for %d buffers, %d of them the index", most, l.buffers, index)
	}
	if len(r.open.cursors) > 4 {
		t.Errorf("%d buffers were open together where none overlap", len(r.open.cursors))
	}
	runtime.KeepAlive(r)
}

// Where all buffers overlap, each holds a window of its records, and the order stays.
func TestMemoryOfOverlappingBuffers(t *testing.T) {
	const limit = 1 << 20
	l := &long{header: longHeader(), buffers: 150, size: 64 << 10, records: 2000, start: func(int64) int64 { return 0 }}
	r, err := NewReader(l, l.length())
	if err != nil {
		t.Fatal(err)
	}
	r.memory.limit = limit
	var rec trace.Record
	r.Next(&rec) // the file header
	for k := range int64(l.records) {
		for i := range l.buffers {
			if err := r.Next(&rec); err != nil {
				t.Fatalf("record %d of buffer %d: %v", k, i, err)
			}
			want := int64(len(l.header)) + i*l.size + bufferHeaderLen + longRecord*k
			if rec.Event.RawTime != k || rec.Pos.Offset != want {
				t.Fatalf("time %d at byte %d, want %d at byte %d", rec.Event.RawTime, rec.Pos.Offset, k, want)
			}
			if r.memory.held > limit+limit/4 {
				t.Fatalf("%d bytes held", r.memory.held)
			}
		}
	}
	if err := r.Next(&rec); err != io.EOF {
		t.Error(err)
	}
	if len(r.open.cursors) < int(l.buffers) {
		t.Errorf("%d buffers were open together: the test does not test", len(r.open.cursors))
	}
}

// With little memory a file reads as with enough.
func TestLittleMemoryGivesTheSame(t *testing.T) {
	b, err := os.ReadFile("../../../shared/captures/etl/perfview-net452-x64-compressed.etl")
	if err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	digest := func(limit int64) (sum uint64, n int) {
		r, err := NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		r.memory.limit = limit
		var rec trace.Record
		for ; r.Next(&rec) == nil; n++ {
			for _, v := range []int64{rec.Pos.Offset, rec.Time, rec.Event.RawTime, int64(rec.Event.ID), int64(crc32.ChecksumIEEE(rec.Data))} {
				sum = sum*1_000_003 + uint64(v)
			}
		}
		return sum, n
	}
	want, n := digest(budget)
	if got, m := digest(128 << 10); got != want || m != n {
		t.Errorf("%d records with digest %x, want %d with %x", m, got, n, want)
	}
}
