package dns_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dns"
)

// wire is a name in its form on the wire.
func wire(name string) []byte {
	var b []byte
	for _, l := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' }) {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}

// header is a header with flags and counts.
func header(flags uint16, counts ...uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x12, 0x34}, flags)
	for i := range 4 {
		n := uint16(0)
		if i < len(counts) {
			n = counts[i]
		}
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

// rest is what follows the name of a record.
func rest(kind, class uint16, ttl uint32, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, class)
	b = binary.BigEndian.AppendUint32(b, ttl)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// answer asks for the address of www.example.com and gets an alias, an address, the start of a zone and an option.
func answer() []byte {
	return join(header(0x8180, 1, 2, 1, 1),
		wire("www.example.com"), []byte{0, 1, 0, 1},
		[]byte{0xc0, 12}, rest(dns.TypeCNAME, 1, 60, []byte{3, 'e', 'd', 'g', 0xc0, 16}),
		[]byte{0xc0, 45}, rest(dns.TypeA, 1, 30, []byte{192, 0, 2, 1}),
		[]byte{0xc0, 16}, rest(dns.TypeSOA, 1, 9, join(wire("ns"), wire("admin"), make([]byte, 20))),
		[]byte{0}, rest(dns.TypeOPT, 1232, 0x8000, []byte{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}))
}

func TestRecords(t *testing.T) {
	var m dns.Message
	if !m.Decode(answer()) || m.ID != 0x1234 || !m.Response() || m.Opcode() != 0 || m.RCode() != 0 || m.Count != [4]uint16{1, 2, 1, 1} {
		t.Fatalf("header %+v", m)
	}
	want := []struct {
		section dns.Section
		name    string
		kind    uint16
		data    string
	}{
		{dns.Question, "www.example.com", 1, ""}, {dns.Answer, "www.example.com", 5, " edg.example.com"}, {dns.Answer, "edg.example.com", 1, " 192.0.2.1"},
		{dns.Authority, "example.com", 6, " ns"}, {dns.Additional, "<Root>", 41, ""},
	}
	w := dns.Records{Message: &m}
	var r dns.Record
	for i, x := range want {
		if !w.Next(&r) {
			t.Fatalf("record %d is missing", i)
		}
		name, ok := dns.NameText(m.Bytes, r.Off)
		data, complete := dns.AppendData(nil, &m, &r)
		if !ok || !complete || name != x.name || r.Type != x.kind || r.Section != x.section || x.section != dns.Question && string(data) != x.data {
			t.Errorf("record %d: %q type %d section %d data %q, want %+v", i, name, r.Type, r.Section, data, x)
		}
	}
	if w.Next(&r) || w.Bad() {
		t.Error("the walk goes on, or says that it broke off")
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("abcdefg.", 31) + "abcde"
	for _, c := range []struct {
		bytes string
		want  string
		ok    bool
		size  int
	}{
		{"\x00", "<Root>", true, 1},
		{"\x01a\x02bc\x00", "a.bc", true, 6},
		{"\xc0\x00", "<Name contains a pointer that loops>", true, 2},
		{"\xc0\x02\xc0\x00", "<Name contains a pointer that loops>", true, 2},
		{"\xc0\x09abcd", "", false, 2},
		{"\xc0", "", false, 0},
		{"\x03ab", "", false, 0},
		{"\x80\x00", "", false, 0},
		{"\x41\x00", "", false, 0},
		{"\x61\x00", "<Unknown extended label>", true, 1},
		{"\x01a\x61\x00", "<Unknown extended label>", true, 3},
		{"\x05a\nb\x00\xff\x00", `a\nb\000` + "\ufffd", true, 7},
		{string(wire(long)), long, true, 255},
		{string(wire(long + "f")), "<Name too long>", true, 256},
		{"\x03\xe2\x82\xac\x00", "€", true, 5},
		{"\x02\xe2\x82\x00", "\ufffd", true, 4},
	} {
		text, ok := dns.NameText([]byte(c.bytes), 0)
		if size := dns.NameLen([]byte(c.bytes), 0); text != c.want || ok != c.ok || size != c.size {
			t.Errorf("%q: %q, %v, %d bytes; want %q, %v, %d", c.bytes, text, ok, size, c.want, c.ok, c.size)
		}
	}
}

// tables are the forms of the format.
var tables = []*field.Table{&dns.Fields, &dns.StreamFields, &dns.MulticastFields, &dns.LLMNRFields}

// everything decodes b in all forms and returns how many values there are.
func everything(t testing.TB, b []byte) int {
	var turn proto.Turn
	dns.Datagram.Turn(b, &turn)
	values := 0
	for _, table := range tables {
		for i := range table.Fields {
			table.Fields[i].All(b, func(s field.Span, v field.Value) bool {
				if s.Off < 0 || s.Len < 0 || s.Off > len(b) {
					t.Errorf("%s at %+v of %d bytes", table.Fields[i].Name, s, len(b))
				}
				values++
				return true
			})
		}
	}
	var m dns.Message
	if m.Decode(b) {
		w := dns.Records{Message: &m}
		for r := (dns.Record{}); w.Next(&r); {
			if r.Data+r.DataLen > len(b) || r.DataLen > r.Said || r.Fixed <= r.Off {
				t.Errorf("record %+v of %d bytes", r, len(b))
			}
			dns.AppendData(nil, &m, &r)
		}
	}
	return values
}

// all is a message with a record of each type that has fields.
func all() []byte {
	zone, two := wire("a.example"), []byte{0, 2}
	return join(header(0x8400, 1, 14), zone, []byte{0, 255, 0, 1},
		zone, rest(dns.TypeMX, 1, 1, join(two, zone)),
		zone, rest(dns.TypeSRV, 1, 1, join(two, two, two, zone)),
		zone, rest(dns.TypeTXT, 1, 1, []byte("\x03abc\x00\x01d")),
		zone, rest(dns.TypeSPF, 1, 1, []byte("\x02ab")),
		zone, rest(dns.TypeHINFO, 1, 1, []byte("\x03cpu\x02os")),
		zone, rest(dns.TypeNAPTR, 1, 1, join(two, two, []byte("\x01u\x00\x00"), zone)),
		zone, rest(dns.TypeAAAA, 1, 1, make([]byte, 16)),
		zone, rest(dns.TypeDNSKEY, 1, 1, make([]byte, 8)),
		zone, rest(dns.TypeRRSIG, 1, 1, join(make([]byte, 18), zone, two)),
		zone, rest(dns.TypeDS, 1, 1, make([]byte, 8)),
		zone, rest(dns.TypeHTTPS, 1, 1, join(two, zone, []byte{0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 4, 1, 2, 3, 4})),
		zone, rest(dns.TypeCAA, 1, 1, []byte("\x00\x05issueca.example")),
		zone, rest(dns.TypeWINSR, 1, 1, join(make([]byte, 12), zone)),
		zone, rest(dns.TypeNSEC, 1, 1, join(zone, two)))
}

func TestEveryCut(t *testing.T) {
	for _, b := range [][]byte{answer(), all(), join([]byte{0, 40}, answer())} {
		for n := range b {
			everything(t, b[:n:n])
		}
		if everything(t, b) == 0 {
			t.Error("no values")
		}
	}
}

// A message of pointers that lead to pointers takes no more time than one of names.
func TestPointersAreBounded(t *testing.T) {
	b := header(0x8000, 0, 5000)
	for len(b) < 60000 {
		b = append(b, 0xc0|byte((len(b)-2)>>8&0x3f), byte(len(b)-2))
		b = append(b, rest(dns.TypeNS, 1, 1, []byte{0xc0 | byte((len(b)-2)>>8&0x3f), byte(len(b) - 2)})...)
	}
	everything(t, b)
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := answer()
	var m dns.Message
	var r dns.Record
	room := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() {
		m.Decode(b)
		w := dns.Records{Message: &m}
		for w.Next(&r) {
			room, _ = dns.AppendName(room[:0], b, r.Off)
			room, _ = dns.AppendData(room, &m, &r)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStreamLen(t *testing.T) {
	if n := dns.StreamLen([]byte{1}); n != 0 {
		t.Errorf("a byte tells a length of %d", n)
	}
	if n := dns.StreamLen([]byte{1, 2}); n != 260 {
		t.Errorf("length %d, want 260", n)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(answer())
	f.Add(all())
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}

func TestTurns(t *testing.T) {
	question := "\x01a\x04test\x00\x00\x01\x00\x01"
	for _, c := range []struct{ what, bytes, want string }{
		{"a query", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question, "A a.test  false  []"},
		{"an answer with an alias", "\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00" + question +
			"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x01\x00\x02\xc0\x0e" + "\xc0\x0e\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x0a\x00\x00\x02", "A a.test NOERROR false  [10.0.0.2]"},
		{"cut to what fits", "\x12\x34\x83\x80\x00\x01\x00\x00\x00\x00\x00\x00" + question, "A a.test NOERROR false truncated []"},
		{"refused", "\x12\x34\x81\x85\x00\x01\x00\x00\x00\x00\x00\x00" + question, "A a.test REFUSED true  []"},
		{"an address that ends early", "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x0a\x00", "A a.test NOERROR false  []"},
		{"an update", "\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question, "UPDATE a.test  false  []"},
	} {
		var turn proto.Turn
		if !dns.Datagram.Turn([]byte(c.bytes), &turn) {
			t.Fatalf("%s has no part", c.what)
		}
		if got := fmt.Sprintf("%s %s %s %v %s %v", turn.Command, turn.Name, turn.Status, turn.Failed, turn.Text, turn.Addrs); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
