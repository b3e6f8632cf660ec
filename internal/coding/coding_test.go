package coding

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func packed(t testing.TB, coding, text string) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	if _, err := io.WriteString(w, text); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUndo(t *testing.T) {
	text := strings.Repeat("what was said ", 1000)
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		b := packed(t, c, text)
		if got, err := Undo(b, []string{c}, len(text)); err != nil || string(got) != text {
			t.Errorf("%s: %d bytes, %v", c, len(got), err)
		}
		if got, err := Undo(packed(t, "gzip", string(b)), []string{c, "gzip"}, len(text)); err != nil || string(got) != text {
			t.Errorf("%s in gzip: %d bytes, %v", c, len(got), err)
		}
		if _, err := Undo(b, []string{c}, len(text)-1); !errors.Is(err, errLong) {
			t.Errorf("%s: longer than wanted: %v", c, err)
		}
		if _, err := Undo(b[:len(b)-1], []string{c}, len(text)); err == nil {
			t.Errorf("%s: cut, and no error", c)
		}
	}
	if _, err := Undo(nil, []string{"rot13"}, 1); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := Undo(nil, slices.Repeat([]string{"gzip"}, maxCodings+1), 1); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if got := Of(" GZIP, identity,, br"); !slices.Equal(got, []string{"gzip", "br"}) {
		t.Error(got)
	}
}

func FuzzUndo(f *testing.F) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add(c, packed(f, c, "text"))
	}
	f.Fuzz(func(t *testing.T, codings string, b []byte) {
		const most = 1 << 16
		if out, err := Undo(b, Of(codings), most); err == nil && len(out) > most {
			t.Fatalf("%d bytes", len(out))
		}
	})
}
