package tracefs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/record/event"
)

func layout(t testing.TB, order binary.ByteOrder) Layout {
	t.Helper()
	b, err := os.ReadFile("testdata/header_page.txt")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseLayout(string(b), order)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// page reads bytes in hex, with comments.
func page(t testing.TB, text string) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		part, err := hex.DecodeString(strings.Join(strings.Fields(line), ""))
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, part...)
	}
	return b
}

// list is the records of a page in words.
func list(p Page) string {
	var s []string
	for {
		at, b, ok := p.Next()
		if !ok {
			return strings.Join(s, ", ")
		}
		s = append(s, fmt.Sprintf("%d:%x", at, b))
	}
}

const everyKind = `
	e803000000000000  4800000000000000   # time 1000, 72 bytes
	41010000 aabbccdd                    # 4 bytes, 10 later
	a0000000 08000000 11223344           # length in the second word, 5 later
	de000000 01000000                    # time goes on: 6 + 1<<27
	22000000 0102030405060708            # 8 bytes, 1 later
	3d000000 04000000                    # 1 later one that was taken back, of 8 bytes
	7f000000 00000000                    # the time is 3
	21000000 eeeeeeee                    # 1 later
	1d000000 ffffffff                    # nothing more, whatever lies there
`

func TestPage(t *testing.T) {
	l := layout(t, binary.LittleEndian)
	if l.Size() != 4096 {
		t.Errorf("%d bytes", l.Size())
	}
	p, err := l.Page(page(t, everyKind))
	if err != nil || p.Lost {
		t.Fatal(err, p.Lost)
	}
	want := fmt.Sprintf("1010:aabbccdd, 1015:11223344, %d:0102030405060708, 4:eeeeeeee", 1015+6+1<<27+1)
	if got := list(p); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// TestPageOfBigEndian: the other order of bytes has the bits of a word the other way round too.
func TestPageOfBigEndian(t *testing.T) {
	l := layout(t, binary.BigEndian)
	p, err := l.Page(page(t, `
		00000000000003e8 000000008000000c   # overwritten before
		0800000a aabbccdd                   # 4 bytes, 10 later
		e8000000                            # padding
	`))
	if err != nil {
		t.Fatal(err)
	}
	if got := list(p); got != "1010:aabbccdd" || !p.Lost {
		t.Error(got, p.Lost)
	}
}

// TestPageIsChecked: lengths that lie end a page, and one that is too short is refused.
func TestPageIsChecked(t *testing.T) {
	l := layout(t, binary.LittleEndian)
	for name, text := range map[string]string{
		"short":           "0000000000000000",
		"length of a lie": "0000000000000000 ff0f000000000000 41010000",
	} {
		if p, err := l.Page(page(t, text)); err == nil {
			t.Errorf("%s: %s", name, list(p))
		}
	}
	for name, text := range map[string]string{
		"longer than the page": "0000000000000000 0800000000000000 42010000 aabbccdd",
		"length of nothing":    "0000000000000000 0800000000000000 20000000 03000000",
		"length of much":       "0000000000000000 0800000000000000 20000000 ffffffff",
		"taken back, too long": "0000000000000000 0800000000000000 3d000000 ffffffff",
		"taken back, of none":  "0000000000000000 0800000000000000 3d000000 00000000",
		"half a word":          "0000000000000000 0200000000000000 4101",
	} {
		p, err := l.Page(page(t, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := list(p); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestLayoutIsChecked: a header of pages that is not the one that is known is refused.
func TestLayoutIsChecked(t *testing.T) {
	b, err := os.ReadFile("testdata/header_page.txt")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"timestamp": "stamp", "commit;\toffset:8": "commit;\toffset:4", "size:4080": "size:0"} {
		if _, err := ParseLayout(strings.Replace(string(b), from, to, 1), binary.LittleEndian); err == nil {
			t.Errorf("%s for %s is taken", to, from)
		}
	}
}

// FuzzPage: records lie in their page, and what they say upsets nobody: not the decoders, not the tracker.
func FuzzPage(f *testing.F) {
	f.Add(page(f, everyKind))
	b := page(f, everyKind)
	decoders := map[uint16]*decoder{}
	for i := range points {
		p := &points[i]
		if _, err := os.Stat("testdata/formats/" + p.name + ".txt"); err != nil {
			continue
		}
		d, lacks := newDecoder(p, format(f, p.name), binary.LittleEndian)
		if lacks != "" {
			f.Fatal(lacks)
		}
		decoders[uint16(len(decoders))] = d // by numbers that are soon found
		one := bytes.Clone(b[:16])
		one[8] = 84
		one = append(append(one, 0x14|0x20, 0, 0, 0), make([]byte, 80)...)
		one[20] = byte(len(decoders) - 1)
		for i := 22; i < len(one); i++ {
			one[i] = byte(i)
		}
		one[24], one[25], one[26], one[27] = 9, 0, 0, 0
		f.Add(one)
	}
	l := layout(f, binary.LittleEndian)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := l.Page(b)
		if err != nil {
			return
		}
		tr := NewTracker(TrackOptions{Follow: []uint32{9}, Namespace: true, Evidence: true, Find: func(tid uint32) *Thread { return &Thread{TID: tid, PID: tid &^ 1} }})
		var r record
		total := 0
		for {
			at, rec, ok := p.Next()
			if !ok {
				break
			}
			if total += len(rec) + 4; total > len(b) {
				t.Fatalf("%d bytes of records in %d", total, len(b))
			}
			if len(rec) < 2 {
				continue
			}
			if d := decoders[uint16(rec[0])%uint16(len(decoders))]; d != nil {
				r.time = int64(at)
				d.decode(rec, &r)
				tr.Take(&r)
			}
		}
		tr.waiting(1 << 62)
		tr.tell(1<<62, func(e *event.Event) bool {
			if e.Kind == 0 {
				t.Fatalf("%+v", e)
			}
			return true
		})
	})
}
