package etl_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/trace"
)

// place is a record by where it lies.
type place struct {
	buffer int64 // offset of its buffer
	end    int64 // where it ends in an uncompressed file, 0 in a compressed buffer
	pos    trace.Pos
	raw    int64
	size   int
}

// places reads a file and returns its records in order, and how reading ended.
func places(t *testing.T, b []byte) (out []place, end error) {
	t.Helper()
	r, err := etl.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	starts, packed := buffers(b)
	var rec trace.Record
	for {
		if end = r.Next(&rec); end != nil {
			return out, end
		}
		i, exact := slices.BinarySearch(starts, rec.Pos.Offset)
		if !exact {
			i--
		}
		p := place{buffer: starts[i], pos: rec.Pos, raw: rec.Event.RawTime, size: rec.Event.Total}
		p.pos.Number = 0
		if !packed[i] {
			p.end = rec.Pos.Offset + int64(rec.Event.Total)
		}
		out = append(out, p)
	}
}

// buffers is where the buffers of a file begin, and which are compressed.
func buffers(b []byte) (starts []int64, packed []bool) {
	for at := 0; at+72 <= len(b); at += int(binary.LittleEndian.Uint32(b[at:])) {
		starts = append(starts, int64(at))
		packed = append(packed, b[at+52]&0x40 != 0)
	}
	return starts, packed
}

// checkCut reads the first n bytes of a file. All records that lie before the
// cut come, in order; of a compressed buffer that is cut those that can be
// had. Then an error says where.
func checkCut(t *testing.T, whole []byte, all []place, n int) {
	t.Helper()
	starts, packed := buffers(whole)
	i, boundary := slices.BinarySearch(starts, int64(n))
	got, err := places(t, whole[:n])
	var e *trace.Error
	switch {
	case n == len(whole) || boundary && n > 0:
		if err != io.EOF {
			t.Errorf("cut at byte %d, between buffers: %v", n, err)
		}
	case !errors.As(err, &e):
		t.Fatalf("cut at byte %d: the end is %v", n, err)
	case e.Offset < starts[max(i-1, 0)] || e.Offset > int64(n):
		t.Errorf("cut at byte %d: the error is at byte %d: %v", n, e.Offset, err)
	case !errors.Is(err, trace.ErrTruncated):
		t.Errorf("cut at byte %d: %v does not say that the file is cut", n, err)
	}
	if got == nil {
		if n > len(whole) || i > 1 {
			t.Errorf("cut at byte %d: nothing was read: %v", n, err)
		}
		return
	}
	last := i - 1 // the buffer with the cut
	inLast := 0
	for _, p := range got {
		if p.buffer == starts[last] {
			inLast++
		}
	}
	var want []place
	for _, p := range all {
		switch {
		case p.buffer < starts[last], p.end > 0 && p.end <= int64(n):
			want = append(want, p)
		case p.buffer == starts[last] && packed[last] && inLast > 0:
			want = append(want, p)
			inLast--
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("cut at byte %d: %d records, want %d", n, len(got), len(want))
	}
}

func fixtures(t *testing.T) map[string][]byte {
	t.Helper()
	const conversation = `
0.1 packet 4 out 10.0.0.1:49152 > 10.0.0.2:80 S
0.2 packet 4 in 10.0.0.2:80 > 10.0.0.1:49152 SA
0.3 filler 40
0.4 udp 8 out 10.0.0.1:5353 > 10.0.0.2:53 "question"
0.5 process 4 a.exe key=1
`
	out := map[string][]byte{"tiny": tiny(8)}
	for _, settings := range []string{
		"cpus=3", "pointer=4 windows=6.1.7600", "cpus=2 compressed=xpress", "cpus=2 compressed=huffman windows=10.0.19045", "cpus=2 compressed=lznt1",
	} {
		list, err := fixture.Parse([]byte("-- a.etl --\ntrace " + settings + conversation))
		if err != nil {
			t.Fatal(err)
		}
		if out[settings], err = list[0].Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// short drops what ends buffers with nothing, so that a file can be cut everywhere in little time.
func short(b []byte) []byte {
	le := binary.LittleEndian
	var out []byte
	for at := 0; at < len(b); {
		size := int(le.Uint32(b[at:]))
		buf := bytes.Clone(b[at : at+size])
		if buf[52]&0x40 == 0 {
			buf = buf[:min(size, int(le.Uint32(buf[4:]))+16)]
			le.PutUint32(buf, uint32(len(buf)))
		}
		out = append(out, buf...)
		at += size
	}
	return out
}

func TestFixturesCutAtEveryByte(t *testing.T) {
	for name, b := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			b := short(b)
			all, err := places(t, b)
			if err != io.EOF || len(all) < 9 {
				t.Fatal(len(all), err)
			}
			for n := range len(b) + 1 {
				checkCut(t, b, all, n)
			}
		})
	}
}

// Real files are cut in their first and last 4 KB, around the ends of buffers, and at other places.
func TestRealFilesCut(t *testing.T) {
	for _, file := range sharedFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all, err := places(t, b)
			if err != io.EOF {
				t.Fatal(err)
			}
			// Large files are read in less time from their first buffers on.
			starts, _ := buffers(b)
			if last := 5; len(starts) > last {
				b = b[:starts[last]]
				all = slices.DeleteFunc(all, func(p place) bool { return p.buffer >= starts[last] })
			}
			step := 1 + len(b)>>12
			for n := 0; n < min(4096, len(b)); n += step {
				checkCut(t, b, all, n)
			}
			for n := max(0, len(b)-4096); n <= len(b); n += step {
				checkCut(t, b, all, n)
			}
			rnd := rand.New(rand.NewPCG(3, 4))
			for range 20 {
				checkCut(t, b, all, rnd.IntN(len(b)))
				at := int(starts[rnd.IntN(min(5, len(starts)))])
				checkCut(t, b, all, min(len(b), max(0, at+rnd.IntN(160)-80)))
			}
		})
	}
}
