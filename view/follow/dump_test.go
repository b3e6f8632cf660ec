package follow

import (
	"strings"
	"testing"
)

// TestSame: a line of sixteen bytes at once is what one byte after another is, and a text without its runs.
func TestSame(t *testing.T) {
	for from := range 256 {
		b := make([]byte, 37)
		for i := range b {
			b[i] = byte(from*7 + i*i)
		}
		b = append(b, byte(from), ' ', byte(from))
		for n := range len(b) {
			slow := ""
			for at := 0; at < n; at += dumpWidth {
				slow += string(dumpAny(nil, b[at:min(n, at+dumpWidth)], int64(from)<<20+int64(at), "\t"))
			}
			if got := string(dump(nil, b[:n], int64(from)<<20, "\t")); got != slow {
				t.Fatalf("%q in hexadecimal:\n%swant\n%s", b[:n], got, slow)
			}
			short := []byte(nil)
			for i, c := range b[:n] {
				switch {
				case c == '\r' && i+1 < n && b[i+1] == '\n':
					continue
				case c != '\n' && c != '\t' && (c < ' ' || c > '~'):
					c = '.'
				}
				short = append(short, c)
			}
			if got, rest := clear(nil, b[:n], ASCII, false); string(got) != string(short) || len(rest) > 0 {
				t.Fatalf("%q as text: %q, want %q", b[:n], got, short)
			}
		}
	}
	if got := string(dump(nil, []byte("0123456789abcdef"), 1<<32-8, "")); !strings.HasPrefix(got, "FFFFFFF8  30") {
		t.Error(got)
	}
	if got := string(dump(nil, []byte("0123456789abcdef!"), 1<<32+8, "")); !strings.Contains(got, "\n100000018  21 ") {
		t.Error(got)
	}
}
