package all_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// header is a header of SMB 2 whose next one lies so many bytes further.
func header(next byte) string {
	b := []byte("\xfeSMB\x40" + strings.Repeat("\x00", 59))
	b[20] = next
	return string(b)
}

func TestSMBLayers(t *testing.T) {
	for _, c := range []struct {
		bytes string
		n     int
		want  string
	}{
		{"\x00\x00\x00\x50" + header(0) + strings.Repeat("x", 16), 84, "nbss 0-84 smb2 4-80"},
		{"\x00\x00\x00\x50" + header(0), 84, "nbss 0-84 smb2 4-80"},
		{"\x00\x00\x00\x90" + header(72) + "12345678" + header(0), 148, "nbss 0-148 smb2 4-72 smb2 76-72 beside"},
		{"\x00\x00\x00\x90" + header(72) + "12345678" + header(0)[:20], 148, "nbss 0-148 smb2 4-72 smb2 76-72 beside"},
		{"\x00\x00\x00\x90" + header(255), 148, "nbss 0-148 smb2 4-144"},
		{"\x00\x00\x00\x40\xfdSMB", 68, "nbss 0-68 smb2 4-64"},
		{"\x00\x00\x00\x40\xffSMB", 68, "nbss 0-68 smb 4-64"},
		{"\x00\x00\x00\x04abcd", 8, "nbss 0-8"},
		{"\x85\x00\x00\x00", 4, "nbss 0-4"},
		{"\x00\x00\x00", 8, "nbss 0-8"},
	} {
		var got []string
		all.SMBLayers([]byte(c.bytes), c.n, func(l proto.UnitLayer) {
			s := fmt.Sprintf("%s %d-%d", l.ID, l.Off, l.Len)
			if l.Beside {
				s += " beside"
			}
			got = append(got, s)
		})
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %s, want %s", c.bytes, s, c.want)
		}
	}
}

// A chain of thousands of headers is cut off.
func TestChainIsBounded(t *testing.T) {
	b := "\x00\x01\x00\x00" + strings.Repeat(header(64), 1024)
	n := 0
	all.SMBLayers([]byte(b), len(b), func(proto.UnitLayer) { n++ })
	if n > 30 {
		t.Errorf("%d layers", n)
	}
}

func TestExtents(t *testing.T) {
	session := func(port uint16) proto.Session {
		for _, s := range all.Streams() {
			for _, p := range s.Ports {
				if p == port {
					return s.New()
				}
			}
		}
		t.Fatalf("nothing on port %d", port)
		return nil
	}
	for _, c := range []struct {
		port  uint16
		bytes string
		n     int
		want  proto.Extent
	}{
		{445, "\x00\x00\x01\x00", 4, 260},
		{445, "\x00\x00", 2, proto.More},
		{445, "no frame", 1460, 1460},
		{445, "\x00\x00", 1460, 1460},
		{445, "", 1460, proto.NotThis},
		{139, "\x00\x10\x00\x00", 4, 4},
		{53, "\x00\x20", 2, 34},
		{53, "\x00", 1, proto.More},
		{53, "\x00", 90, 90},
		{53, "\x00\x02ab", 4, proto.NotThis},
	} {
		if got := session(c.port).Extent(&proto.Piece{Data: []byte(c.bytes), Len: c.n}); got != c.want {
			t.Errorf("port %d, %q of %d bytes: %d, want %d", c.port, c.bytes, c.n, got, c.want)
		}
	}
}
