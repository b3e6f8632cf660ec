package etl_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/fixture/xca"
	"github.com/wiretale/wiretale/trace"
)

// session is a file of n buffers whose clock has this frequency and whose header record has this stamp and time.
func session(n int, clock uint32, frequency, stamp, start uint64) []byte {
	le := binary.LittleEndian
	b := many(n)
	h := b[tinyHeader:]
	le.PutUint64(b[72+16:], stamp)
	le.PutUint64(h[256:], frequency)
	le.PutUint64(h[264:], start)
	le.PutUint32(h[272:], clock)
	for i := range n {
		for k := range 8 {
			r := b[(1+i)*tinyBuffer+72+k*tinyRecord:]
			le.PutUint64(r[16:], stamp+uint64(8*i+k)*frequency/1000) // one each millisecond
		}
	}
	return b
}

func times(t *testing.T, b []byte) (out []int64) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range trace.Records(r) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec.Time)
	}
	if r.Info().Damage.Any() {
		t.Errorf("damage: %v", r.Info().Damage)
	}
	return out
}

// Files that were put together, headers included, read as the events of all of
// them in order of time, each by its own clock and compression.
func TestSections(t *testing.T) {
	const day = 129000000000000000
	parts := [][]byte{
		session(3, 1, 10_000_000, 1000, day),
		session(2, 1, 10_000_000, 500, day+36_000_000_000),                                                      // an hour later, after a restart
		recompress(session(3, 1, 3_312_788, 9_000_000_000, day+50_000), fixture.Huffman, xca.Huffman),           // at the same time as the first one, another machine
		recompress(session(2, 2, 10_000_000, day-36_000_000_000, day-36_000_000_000), fixture.LZNT1, xca.LZNT1), // the system's clock, an hour before
		recompress(session(2, 3, 10_000_000, 77, day+1_000_000), fixture.Xpress, xca.Plain),                     // cycles, without a speed: 10 MHz
	}
	var want []int64
	for _, p := range parts {
		want = append(want, times(t, p)...)
	}
	slices.Sort(want)
	for turn := range parts {
		got := times(t, slices.Concat(append(slices.Clone(parts[turn:]), parts[:turn]...)...))
		if len(got) != len(want) {
			t.Fatalf("turn %d: %d records, want %d", turn, len(got), len(want))
		}
		for i := range got { // clocks have ticks of their own: to the microsecond
			if d := got[i] - want[i]; d < -1000 || d > 1000 {
				t.Fatalf("turn %d: record %d is at %d, want %d", turn, i+1, got[i], want[i])
			}
		}
	}
}

// A header buffer in the middle that is damaged ends nothing.
func TestSectionWithoutHeader(t *testing.T) {
	b := slices.Concat(many(2), many(2))
	clear(b[3*tinyBuffer+tinyHeader:][:280])
	binary.LittleEndian.PutUint16(b[3*tinyBuffer+72+4:], 40)
	if got, _, _ := numbers(t, b); len(got) != 32 {
		t.Errorf("%d events, want 32", len(got))
	}
}
