package nbss_test

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto/nbss"
)

// encoded is the encoded form of a name, RFC 1001, 14.1.
func encoded(name string, kind byte) string {
	var b strings.Builder
	b.WriteByte(32)
	for _, c := range []byte(name + strings.Repeat(" ", 15-len(name)) + string(rune(kind))) {
		b.WriteByte('A' + c>>4)
		b.WriteByte('A' + c&15)
	}
	return b.String() + "\x00"
}

func request() string {
	names := encoded("SERVER", 0x20) + encoded("CLIENT", 0)
	return "\x81\x00\x00" + string(rune(len(names))) + names
}

func TestExtent(t *testing.T) {
	for _, c := range []struct {
		bytes  string
		direct bool
		want   int
	}{
		{"\x00\x00\x00\x10", true, 20},
		{"\x00\x01\x00\x10", true, 4 + 0x10010},
		{"\x00\x10\x00\x10", true, 4 + 0x100010},
		{"\x00\x10\x00\x10", false, -1},
		{"\x00\x10\x00\x10\xfeSMB", false, 4 + 0x100010},
		{"\x00\x01\x00\x10", false, 4 + 0x10010},
		{"\x00\x00\x00\x00\x00\x00\x00\x00", true, -1},
		{"\x00\x00\x00\x04\x00\x00\x00\x00", false, 8},
		{"\x85\x00\x00\x00", false, 4},
		{"\x85\x00\x00\x01", false, -1},
		{"\x83\x00\x00\x01\x80", false, 5},
		{"\x84\x00\x00\x06", false, 10},
		{"\x82\x00\x00\x00", false, 4},
		{request(), false, 72},
		{"\x86\x00\x00\x00", false, -1},
		{"\x00\x00\x00", true, 0},
		{"", true, 0},
	} {
		if got := nbss.Extent([]byte(c.bytes), c.direct); got != c.want {
			t.Errorf("%q, direct %v: %d, want %d", c.bytes, c.direct, got, c.want)
		}
	}
}

func TestName(t *testing.T) {
	for b, want := range map[string]string{
		encoded("SERVER", 0x20):                          "SERVER<20>",
		encoded("", 0):                                   "<00>",
		"\x20" + strings.Repeat("A", 31) + "z\x00":       "",
		"\x20" + strings.Repeat("A", 32):                 "",
		encoded("X", 1)[:33] + "\x03abc\x00":             "X<01>",
		encoded("X", 1)[:33] + "\xffabc":                 "",
		"\x1f" + strings.Repeat("A", 32) + "\x00 and so": "",
	} {
		if got, n := nbss.Name([]byte(b)); got != want || (n > 0) != (want != "") || n > len(b) {
			t.Errorf("%q: %q, %d bytes; want %q", b, got, n, want)
		}
	}
}

// values are the fields of b with this name.
func values(t testing.TB, b []byte, name string) (all []string) {
	for i := range nbss.Fields.Fields {
		f := &nbss.Fields.Fields[i]
		f.All(b, func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			if f.Name == name {
				all = append(all, v.String())
			}
			return true
		})
	}
	return all
}

func TestFields(t *testing.T) {
	for _, c := range [][3]string{
		{request(), "nbss.called_name", "SERVER<20>"}, {request(), "nbss.calling_name", "CLIENT<00>"}, {request(), "nbss.length", "68"},
		{"\x83\x00\x00\x01\x82", "nbss.error_code", "130"}, {"\x84\x00\x00\x06\x0a\x00\x00\x01\x00\x8b", "nbss.retarget_ip_address", "10.0.0.1"},
		{"\x84\x00\x00\x06\x0a\x00\x00\x01\x00\x8b", "nbss.retarget_port", "139"}, {"\x00\x00\x00\x01\x82", "nbss.error_code", ""},
	} {
		if got := strings.Join(values(t, []byte(c[0]), c[1]), " "); got != c[2] {
			t.Errorf("%q: %s is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestEveryCut(t *testing.T) {
	b := []byte(request())
	for n := range b {
		values(t, b[:n:n], "")
		nbss.Extent(b[:n:n], false)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := []byte(request())
	if n := testing.AllocsPerRun(100, func() { nbss.Extent(b, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte(request()), false)
	f.Add([]byte("\x00\x00\x00\x04\xfeSMB"), true)
	f.Fuzz(func(t *testing.T, b []byte, direct bool) {
		values(t, b, "")
		if n := nbss.Extent(b, direct); n < -1 || n > 4+1<<24 {
			t.Errorf("a frame of %d bytes", n)
		}
	})
}
