package ber_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/ber"
)

func TestNext(t *testing.T) {
	long := "\x04\x82\x01\x00" + strings.Repeat("x", 256)
	for _, c := range []struct {
		bytes string
		want  string // tag, offset of the content, its end, its length; "" for no element
		size  int
	}{
		{"\x02\x01\x05", "2 2-3 1", 3},
		{"\x30\x00", "48 2-2 0", 2},
		{"\x30\x05\x02", "48 2-3 5", 7},
		{long, "4 4-260 256", 260},
		{long[:5], "4 4-5 256", 260},
		{"\x04\x84\x00\x00\x00\x02ab", "4 6-8 2", 8},
		{"\x04\x88\x00\x00\x00\x00\x00\x00\x00\x02ab", "4 10-12 2", 12},
		{"\x04\x85\x01\x00\x00\x00\x00a", "", -1},
		{"\x04\x84\x80\x00\x00\x00a", "", -1},
		{"\x04\x84\x7f\xff\xff\xffa", "4 6-7 2147483647", 2147483653},
		{"\x30\x80\x00\x00", "", -1},
		{"\x30\x82\x01", "", 0},
		{"\x30", "", 0},
		{"", "", 0},
		{"\x1f\x81\x01\x01a", "31 4-5 1", 5},
		{"\x1f\x81", "", 0},
		{"\x1f\x81\x81\x81\x81\x81\x01\x01", "", -1},
	} {
		got := ""
		if e, ok := ber.Next([]byte(c.bytes), 0, len(c.bytes)); ok {
			got = fmt.Sprintf("%d %d-%d %d", e.Tag, e.Body, e.End, e.Len)
		}
		if n := ber.Size([]byte(c.bytes)); got != c.want || n != c.size {
			t.Errorf("%.20q: %q, size %d; want %q, %d", c.bytes, got, n, c.want, c.size)
		}
	}
}

func TestNumbersAndIdentifiers(t *testing.T) {
	for bytes, want := range map[string]uint64{"": 0, "\x05": 5, "\xff": ^uint64(0), "\x00\xff": 255, "\x00\xff\xff\xff\xff": 1<<32 - 1} {
		if got := ber.Uint([]byte(bytes)); got != want {
			t.Errorf("%q: %d, want %d", bytes, got, want)
		}
	}
	for bytes, want := range map[string]string{
		"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02": "1.2.840.113554.1.2.2", "\x88\x37": "2.999", "\x2b": "1.3",
		"": "", "\x2a\x86": "", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01": "",
	} {
		if got, ok := ber.Dotted([]byte(bytes)); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", bytes, got, ok, want)
		}
	}
}

// grammar has a node of each kind, and one that holds itself.
var grammar = func() *ber.Grammar {
	tree := &ber.Node{Name: "t.tree", Kind: ber.List, Tag: ber.Context(0, true)}
	tree.Of = []*ber.Node{tree}
	return ber.Compile(&ber.Node{Name: "t.message_element", Tag: ber.SequenceTag, Of: []*ber.Node{
		{Name: "t.unsigned", Kind: ber.Unsigned, Tag: ber.Integer, Keep: 1},
		{Name: "t.signed", Kind: ber.Signed, Tag: ber.Context(1, true), Explicit: true},
		{Name: "t.flag", Kind: ber.Flag, Tag: ber.Boolean},
		{Name: "t.text", Kind: ber.Text, Tag: ber.OctetString},
		{Name: "t.time", Kind: ber.Time, Tag: 0x18},
		{Name: "t.oid", Kind: ber.OID, Tag: 6},
		{Name: "t.bits", Kind: ber.Bits, Tag: 3, Flags: []string{"t.first", "", "t.third"}},
		{Name: "t.choice", Kind: ber.Choice, Of: []*ber.Node{
			{Name: "t.left", Kind: ber.Text, Tag: ber.Context(2, false)},
			{Name: "t.right", Kind: ber.Readable, Tag: ber.Context(3, false), Number: 7},
		}},
		tree,
		{Name: "t.octets", Kind: ber.Octets, Tag: ber.Context(4, false), Choose: func(k *ber.Kept, _ []byte) int { return int(k[0].U) - 1 }, Cases: []*ber.Node{
			{Name: "t.inside", Kind: ber.Unsigned, Tag: ber.Integer},
		}},
	}})
}()

// values are all fields of the message b.
func values(b []byte, spans func(name string, s field.Span)) (all []string) {
	fields := grammar.Fields(func(b []byte, yield func(off, n int) bool) { yield(0, len(b)) })
	for i := range fields {
		f := &fields[i]
		f.All(b, func(s field.Span, v field.Value) bool {
			spans(f.Name, s)
			if v.Type != f.Type {
				v = field.S("of another type")
			}
			all = append(all, strings.TrimPrefix(f.Name, "t.")+"="+v.String())
			return true
		})
	}
	return all
}

const whole = "\x30\x58" + "\x02\x01\x01" + "\xa1\x03\x02\x01\xfe" + "\x01\x01\xff" + "\x04\x03abc" + "\x18\x0f20261127212000Z" + "\x06\x03\x2a\x03\x04" +
	"\x03\x02\x00\xa0" + "\x05\x00" + "\x83\x02\x01\x02" + "\xa0\x04\xa0\x00\xa0\x00" + "\x84\x03\x02\x01\x2a"

func TestGrammar(t *testing.T) {
	b := []byte(whole)
	b[1] = byte(len(b) - 2)
	ignore := func(string, field.Span) {}
	const want = "message_element= unsigned=1 signed=-2 flag=1 text=abc time=2026-11-27T21:20:00Z oid=1.2.3.4 bits=a0 first=1 third=1 choice=7 right=01:02 tree=2 tree=0 tree=0 octets=02012a inside=42"
	if got := strings.Join(values(b, ignore), " "); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for bytes, want := range map[string]string{
		"\x30\x05\x04\x03abc":                      "message_element= text=abc",
		"\x30\x06\x04\x01a\x02\x01\x05":            "message_element= text=a", // out of order
		"\x30\x07\x04\x05ab":                       "message_element=",        // cut
		"\x30\x03\x18\x01x":                        "message_element=",        // no time
		"\x30\x11\x18\x0f99990909000000Z":          "message_element=",        // beyond nanoseconds
		"\x30\x04\x03\x02\x05\x20":                 "message_element= bits=20 first=0 third=1",
		"\x30\x06\x02\x01\x05\x84\x01z":            "message_element= unsigned=5 octets=7a",
		"\x31\x00":                                 "",
		"\x30\x04\xa1\x02\x02\x05":                 "message_element=",
		"\x30\x05\x83\x03a\x00\x00":                "message_element= choice=7 right=61:00:00",
		"\x30\x04\x83\x02a\x00":                    "message_element= choice=7 right=a",
		"\x30\x0a\x1f\x81\x01\x01a\x04\x03abc":     "message_element= text=abc",
		"\x30\x07\x02\x05\x00\xff\xff\xff\xff":     "message_element= unsigned=4294967295",
		"\x30\x08\x02\x01\x02\x84\x03\x02\x01\x2a": "message_element= unsigned=2 octets=02012a",
		"\x30\x08\x02\x01\x00\x84\x03\x02\x01\x2a": "message_element= unsigned=0 octets=02012a",
		"\x30\x05\x02\x03\x00\x00":                 "message_element=",
		"\x30\x06\x02\x01\x01\x84\x01\x02":         "message_element= unsigned=1 octets=02",
	} {
		if got := strings.Join(values([]byte(bytes), ignore), " "); got != want {
			t.Errorf("%q: %s, want %s", bytes, got, want)
		}
	}
}

// A message that nests thousands deep is read to some depth.
func TestDepthIsBounded(t *testing.T) {
	b := []byte("\xa0\x00")
	for len(b) < 60000 {
		b = append([]byte{0xa0, 0x82, byte(len(b) >> 8), byte(len(b))}, b...)
	}
	b = append([]byte{0x30, 0x82, byte(len(b) >> 8), byte(len(b))}, b...)
	if n := len(values(b, func(string, field.Span) {})); n < 50 || n > 500 {
		t.Errorf("%d values", n)
	}
}

func inside(t testing.TB, b []byte) {
	values(b, func(name string, s field.Span) {
		if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
			t.Errorf("%s at %+v of %d bytes", name, s, len(b))
		}
	})
}

func TestEveryCut(t *testing.T) {
	for n := range len(whole) + 1 {
		inside(t, []byte(whole[:n]))
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("\x30\x82\x00\x06\xa0\x04\xa0\x02\xa0\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		inside(t, b)
		if n := ber.Size(b); n > 0 && n < len(b) {
			inside(t, b[n:])
		}
	})
}
