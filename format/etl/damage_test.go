package etl_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/trace"
)

// Places in the file that tiny builds: its buffers have 1024 bytes, its records 88.
const (
	tinyBuffer = 1024
	tinyRecord = 88
	tinyHeader = 72 + 32 // of the TRACE_LOGFILE_HEADER
)

// numbers are the payloads of a tiny file's events, which count from 0; and how reading ended.
func numbers(t *testing.T, b []byte) (out []uint32, info *trace.Info, end error) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, err
	}
	var rec trace.Record
	for {
		if end = r.Next(&rec); end != nil {
			break
		}
		if rec.Event.Header == trace.HeaderEvent {
			out = append(out, binary.LittleEndian.Uint32(rec.Data))
		}
	}
	if again := r.Next(&rec); again != end {
		t.Errorf("Next after the end: %v, then %v", end, again)
	}
	return out, r.Info(), end
}

// many is a file of n buffers with 8 events each, numbered and stamped in order.
func many(n int) []byte {
	out := tiny(0)[:tinyBuffer]
	for i := range n {
		b := tiny(8)[tinyBuffer:]
		for k := range 8 {
			r := b[72+k*tinyRecord:]
			binary.LittleEndian.PutUint64(r[16:], uint64(1000+10*(8*i+k)))
			binary.LittleEndian.PutUint32(r[80:], uint32(8*i+k))
		}
		out = append(out, b...)
	}
	return out
}

func count(from, to uint32) (out []uint32) {
	for ; from < to; from++ {
		out = append(out, from)
	}
	return out
}

// A session that was not closed has no end time, and counts that are wrong: the file is read to its end.
func TestUnfinalised(t *testing.T) {
	b := many(3)
	h := b[tinyHeader:]
	clear(h[16:24])                               // EndTime
	binary.LittleEndian.PutUint32(h[36:], 1)      // BuffersWritten
	binary.LittleEndian.PutUint32(h[48:], 0xffff) // EventsLost
	got, info, err := numbers(t, b)
	if err != io.EOF || !slices.Equal(got, count(0, 24)) {
		t.Errorf("%v, %v", got, err)
	}
	if s := info.Session; s.Finalised || s.End != 0 || s.Buffers != 4 || info.Damage.Any() {
		t.Errorf("%+v, damage %+v", s, info.Damage)
	}
}

// The buffers of a circular file begin anywhere.
func TestCircular(t *testing.T) {
	b := many(5)
	binary.LittleEndian.PutUint32(b[tinyHeader+32:], 2) // EVENT_TRACE_FILE_MODE_CIRCULAR
	for turn := range 5 {
		body := b[tinyBuffer:]
		cut := turn * tinyBuffer
		rotated := slices.Concat(b[:tinyBuffer], body[cut:], body[:cut])
		got, info, err := numbers(t, rotated)
		if err != io.EOF || !slices.Equal(got, count(0, 40)) || info.Damage.Any() {
			t.Errorf("turned by %d: %v, %v", turn, got, err)
		}
	}
}

// A damaged buffer is skipped and counted, and the next one is found: also
// where compressed buffers lie at odd places.
func TestDamagedBuffer(t *testing.T) {
	plain := many(5)
	files := map[string][]byte{"plain": plain}
	for _, c := range compressions {
		files[c.name] = recompress(plain, c.code, c.compress)
	}
	for name, whole := range files {
		starts, _ := buffers(whole)
		for i := 1; i < len(starts); i++ {
			for _, size := range []uint32{0, 71, 0xffffffff} {
				b := bytes.Clone(whole)
				binary.LittleEndian.PutUint32(b[starts[i]:], size)
				got, info, err := numbers(t, b)
				lost := uint32(8 * (i - 1))
				want := append(count(0, lost), count(lost+8, 40)...)
				var e *trace.Error
				if i == len(starts)-1 {
					if !errors.As(err, &e) || e.Offset != starts[i] || info.Damage.Unread != int64(len(b))-starts[i] {
						t.Errorf("%s, last buffer, size %d: %v, %+v", name, size, err, info.Damage)
					}
				} else if err != io.EOF || info.Damage.Bytes != starts[i+1]-starts[i] {
					t.Errorf("%s, buffer %d, size %d: %v, %+v", name, i, size, err, info.Damage)
				}
				if !slices.Equal(got, want) || len(info.Damage.First) == 0 || info.Damage.First[0].Offset != starts[i] {
					t.Errorf("%s, buffer %d, size %d: %v, damage %v", name, i, size, got, info.Damage)
				}
			}
		}
	}
}

// A record that does not fit ends its buffer, and only that.
func TestDamagedRecord(t *testing.T) {
	for _, c := range []struct {
		name string
		at   int // in the record
		b    []byte
	}{
		{"size 0", 0, []byte{0, 0}}, {"size of less than the header", 0, []byte{79, 0}}, {"size of more than the buffer", 0, []byte{0xff, 0xff}},
		{"type", 2, []byte{0x77}}, {"marker", 3, []byte{0x55}},
	} {
		b := many(3)
		at := 2*tinyBuffer + 72 + 3*tinyRecord
		copy(b[at+c.at:], c.b)
		got, info, err := numbers(t, b)
		want := append(count(0, 11), count(16, 24)...)
		d := info.Damage
		if err != io.EOF || !slices.Equal(got, want) || d.Records != 1 || d.Bytes != 5*tinyRecord || d.First[0].Offset != int64(at) {
			t.Errorf("%s: %v, %v, %+v", c.name, got, err, d)
		}
	}
}

// Without the header record nothing says what time is: the file is refused, and the error says where and what.
func TestHeaderRecordDamaged(t *testing.T) {
	whole := many(2)
	for _, c := range []struct {
		name, want string
		damage     func(b []byte) []byte
	}{
		{"size of the buffer", "buffer size 16", func(b []byte) []byte { b[0], b[1] = 16, 0; return b }},
		{"end of the records", "saved offset", func(b []byte) []byte { b[4], b[5], b[6] = 0xff, 0xff, 0xff; return b }},
		{"no record", "no TRACE_LOGFILE_HEADER", func(b []byte) []byte { clear(b[72:tinyBuffer]); return b }},
		{"another record", "no TRACE_LOGFILE_HEADER", func(b []byte) []byte { return b[tinyBuffer:] }},
		{"a short record", "etl file header", func(b []byte) []byte { binary.LittleEndian.PutUint16(b[76:], 100); return b }},
	} {
		_, _, err := numbers(t, c.damage(bytes.Clone(whole)))
		var e *trace.Error
		if !errors.As(err, &e) || !errors.Is(err, trace.ErrCorrupt) || e.Offset > 72 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Sizes that a file claims cost nothing: memory goes by what is there.
func TestClaimedSizes(t *testing.T) {
	claims := map[string]func(b []byte){
		"buffer":       func(b []byte) { binary.LittleEndian.PutUint32(b, 16<<20) },
		"records":      func(b []byte) { binary.LittleEndian.PutUint32(b, 16<<20); binary.LittleEndian.PutUint32(b[4:], 16<<20) },
		"decompressed": func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 16<<20); b[52] |= 0x40 },
	}
	for name, claim := range claims {
		for code := range uint32(5) {
			b := many(1)
			binary.LittleEndian.PutUint32(b[44:], code)
			claim(b[tinyBuffer:])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, info, err := numbers(t, b)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%s, compression %d: %d bytes allocated for a file of %d", name, code, used, len(b))
			}
			if err == nil || !info.Damage.Any() {
				t.Errorf("%s, compression %d: %v and no damage", name, code, err)
			}
		}
	}
}

// Whatever the clock and the stamps: no overflow, and the order of time holds.
func TestClocks(t *testing.T) {
	stamps := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, 999, 1000, 1001, 1 << 40, math.MaxInt64 - 1, math.MaxInt64}
	for clock := range uint32(5) {
		for _, frequency := range []int64{math.MinInt64, -1, 0, 1, 3, 3_312_788, 10_000_000, 1_000_000_000, math.MaxInt64} {
			for _, start := range []uint64{0, 1, 129000000000000000, math.MaxInt64, math.MaxUint64} {
				b := tiny(0)[:tinyBuffer]
				h := b[tinyHeader:]
				binary.LittleEndian.PutUint32(h[52:], uint32(frequency)) // CpuSpeedInMHz
				binary.LittleEndian.PutUint64(h[256:], uint64(frequency))
				binary.LittleEndian.PutUint64(h[264:], start)
				binary.LittleEndian.PutUint32(h[272:], clock)
				for _, stamp := range stamps {
					one := tiny(1)[tinyBuffer:]
					binary.LittleEndian.PutUint64(one[72+16:], uint64(stamp))
					b = append(b, one...)
				}
				checkOrder(t, fmt.Sprintf("clock %d, frequency %d, start %d", clock, frequency, start), b, len(stamps)+1)
			}
		}
	}
}

func checkOrder(t *testing.T, name string, b []byte, want int) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	n, last, raw := 0, int64(math.MinInt64), int64(math.MinInt64)
	for rec, err := range trace.Records(r) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if rec.Time < last || rec.Time == trace.NoTime || rec.Event.RawTime < raw {
			t.Errorf("%s: stamp %d is %d after stamp %d at %d", name, rec.Event.RawTime, rec.Time, raw, last)
		}
		last, raw = rec.Time, rec.Event.RawTime
	}
	if n != want {
		t.Errorf("%s: %d records of %d", name, n, want)
	}
}

// Stamps that go back within a buffer do not: the order of the buffer holds.
func TestTimeGoesBack(t *testing.T) {
	b := many(2)
	for _, k := range []int{2, 5} {
		binary.LittleEndian.PutUint64(b[tinyBuffer+72+k*tinyRecord+16:], uint64(7))
	}
	got, info, err := numbers(t, b)
	if err != io.EOF || !slices.Equal(got, count(0, 16)) || info.Damage.Any() {
		t.Errorf("%v, %v", got, err)
	}
	checkBack := func(rec *trace.Record, last int64) {
		if rec.Time < last {
			t.Errorf("record %d: time %d after %d", rec.Pos.Number, rec.Time, last)
		}
	}
	r, _ := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	last := int64(math.MinInt64)
	for rec, err := range trace.Records(r) {
		if err != nil {
			t.Fatal(err)
		}
		checkBack(rec, last)
		last = rec.Time
	}
}
