package http2

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

func frame(kind, flags byte, id uint32, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}) + payload
}

// A packer packs header fields.
type packer struct {
	buf bytes.Buffer
	*hpack.Encoder
}

func newPacker() *packer {
	p := new(packer)
	p.Encoder = hpack.NewEncoder(&p.buf)
	return p
}

// pack packs names and values in turn.
func (p *packer) pack(fields ...string) string {
	p.buf.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		p.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return p.buf.String()
}

// say hands bytes of one direction to a session and returns the layers' fields as text, and the turns.
func say(t *testing.T, s *session, u proto.Unit, b string) (fields string, turns []proto.Turn) {
	t.Helper()
	rest := []byte(b)
	for len(rest) > 0 {
		e := s.Extent(&proto.Piece{Dir: u.Dir, Data: rest, Len: len(rest), Gap: u.Gap})
		if e <= 0 || int(e) > len(rest) {
			t.Fatalf("extent %d of %d bytes", e, len(rest))
		}
		one := u
		one.Data, one.Len = rest[:e], int(e)
		s.Unit(&one)
		for _, l := range one.Layers {
			fields += list(rest[:e], l.Texts)
		}
		turns = append(turns, one.Turns...)
		rest = rest[e:]
	}
	return fields, turns
}

// list is the header fields of a layer.
func list(b []byte, texts []string) string {
	var out strings.Builder
	Blocks(b, texts, func(_ *Frame, k *Block) bool {
		k.Each(func(name, value, _, _ string) bool {
			fmt.Fprintf(&out, "%s=%s;", name, value)
			return true
		})
		return true
	})
	return out.String()
}

// TestUnpack unpacks the examples of RFC 7541, appendix C.3 to C.6, and holds the table against theirs.
func TestUnpack(t *testing.T) {
	for _, c := range []struct {
		what   string
		blocks [][2]string // bytes, fields
		size   int         // of the table at the end
	}{
		{"C.3", [][2]string{
			{"828684410f7777772e6578616d706c652e636f6d", ":method=GET;:scheme=http;:path=/;:authority=www.example.com;"},
			{"828684be58086e6f2d6361636865", ":method=GET;:scheme=http;:path=/;:authority=www.example.com;cache-control=no-cache;"},
			{"828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", ":method=GET;:scheme=https;:path=/index.html;:authority=www.example.com;custom-key=custom-value;"},
		}, 164},
		{"C.4", [][2]string{
			{"828684418cf1e3c2e5f23a6ba0ab90f4ff", ":method=GET;:scheme=http;:path=/;:authority=www.example.com;"},
			{"828684be5886a8eb10649cbf", ":method=GET;:scheme=http;:path=/;:authority=www.example.com;cache-control=no-cache;"},
			{"828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", ":method=GET;:scheme=https;:path=/index.html;:authority=www.example.com;custom-key=custom-value;"},
		}, 164},
		{"a table of 100 bytes", [][2]string{
			{"3f45" + "400a637573746f6d2d6b65790c637573746f6d2d76616c7565", "=100;custom-key=custom-value;"},
			{"be" + "400a637573746f6d2d6b65790c637573746f6d2d76616c7566", "custom-key=custom-value;custom-key=custom-valuf;"},
			{"be", "custom-key=custom-valuf;"},
		}, 54},
		{"nothing goes in", [][2]string{
			{"20" + "400a637573746f6d2d6b65790c637573746f6d2d76616c7565", "=0;custom-key=custom-value;"},
		}, 0},
	} {
		var u unpacker
		var scratch unpacked
		for _, one := range c.blocks {
			b, err := hex.DecodeString(one[0])
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			k := Block{texts: u.block(b, true, false, &scratch, nil, func(string, string) {})}
			k.Each(func(name, value, _, _ string) bool {
				fmt.Fprintf(&got, "%s=%s;", name, value)
				return true
			})
			if got.String() != one[1] {
				t.Errorf("%s: got %s, want %s", c.what, got.String(), one[1])
			}
		}
		if u.table.size != c.size {
			t.Errorf("%s: a table of %d bytes, want %d", c.what, u.table.size, c.size)
		}
	}
}

// TestTableEqualsLibrary packs random lists with the library, over changes of the table, and unpacks the same.
func TestTableEqualsLibrary(t *testing.T) {
	p := newPacker()
	var u unpacker
	var scratch unpacked
	p.SetMaxDynamicTableSizeLimit(1 << 16)
	for i := range 3000 {
		if i%97 == 0 {
			p.SetMaxDynamicTableSize(uint32(i*31) % 5000)
		}
		var fields []string
		for j := range i % 7 {
			n := (i*7 + j*13) % 41
			fields = append(fields, fmt.Sprintf("x-%d", n), strings.Repeat("v", n))
		}
		var got []string
		u.block([]byte(p.pack(fields...)), true, false, &scratch, nil, func(name, value string) { got = append(got, name, value) })
		if !slices.Equal(got, fields) {
			t.Fatalf("list %d: got %q, want %q", i, got, fields)
		}
		if u.lost || u.table.partial {
			t.Fatalf("list %d: lost", i)
		}
	}
}

// TestMissing loses bytes: a name is right or not known.
func TestMissing(t *testing.T) {
	whole := func() (*session, *packer) {
		s, p := new(session), newPacker()
		say(t, s, proto.Unit{}, Preface+frame(Settings, 0, 0, "")+frame(Headers, 5, 1, p.pack(":method", "GET", ":path", "/", "x-one", "1", "x-two", "2")))
		return s, p
	}
	const same = ":method=GET;:path=/;x-one=1;x-two=2;"
	again := []string{":method", "GET", ":path", "/", "x-one", "1", "x-two", "2"}

	s, p := whole()
	if got, _ := say(t, s, proto.Unit{}, frame(Headers, 5, 3, p.pack(again...))); got != same {
		t.Errorf("whole: %s", got)
	}

	s, p = whole()
	lost := frame(Headers, 5, 3, p.pack("x-three", "3"))
	if got, _ := say(t, s, proto.Unit{Gap: true}, frame(Headers, 5, 5, p.pack(append(again, "x-four", "4")...))); got != ":method=GET;:path=/;<unknown>=;<unknown>=;x-four=4;" {
		t.Errorf("behind a gap: %s", got)
	}
	if got, _ := say(t, s, proto.Unit{Gap: true, Late: true}, lost); got != "x-three=3;" {
		t.Errorf("late: %s", got)
	}
	if got, _ := say(t, s, proto.Unit{}, frame(Headers, 5, 7, p.pack("x-four", "4", "x-three", "3", "x-two", "2"))); got != "x-four=4;<unknown>=;<unknown>=;" {
		t.Errorf("behind what came late: %s", got)
	}

	s, p = whole()
	s.Unit(&proto.Unit{Data: []byte(frame(Headers, 5, 3, p.pack("x-five", strings.Repeat("5", 50))))[:20], Len: 70})
	if got, _ := say(t, s, proto.Unit{}, frame(Headers, 5, 5, p.pack("x-two", "2", "x-six", "6"))); got != "<unknown>=;x-six=6;" {
		t.Errorf("behind a cut frame: %s", got)
	}

	s, p = whole()
	block := p.pack("x-seven", "7", "x-eight", "8")
	say(t, s, proto.Unit{}, frame(Headers, 1, 3, block[:5]))
	if got, _ := say(t, s, proto.Unit{}, frame(Headers, 5, 5, p.pack("x-two", "2"))); got != "<unknown>=;" {
		t.Errorf("a block without its end: %s", got)
	}
	if got, _ := say(t, s, proto.Unit{}, frame(Continuation, 4, 5, "\x82")); got != "" {
		t.Errorf("a continuation of nothing: %s", got)
	}
}

// TestHostile has representations that lie: nothing is shown that is not there, and the table is not known behind them.
func TestHostile(t *testing.T) {
	for what, block := range map[string]string{
		"index 0":                 "\x80",
		"an index without end":    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"an index beyond":         "\xff\xff\x7f",
		"a string without end":    "\x40\x7f\xff\xff\xff\xff\xff\xff\x01a",
		"a longer string":         "\x40\x7f\x80\x80\x80\x01a",
		"bits that are no string": "\x40\x81\x01\x81\x00",
	} {
		s := new(session)
		got, _ := say(t, s, proto.Unit{}, Preface+frame(Headers, 5, 1, "\x82"+block+"\x82"))
		if got != ":method=GET;" {
			t.Errorf("%s: got %q", what, got)
		}
		if !s.sides[0].table.partial {
			t.Errorf("%s: the table is taken for known", what)
		}
	}
	s := new(session)
	say(t, s, proto.Unit{}, Preface)
	bomb := "\x40\x01a\x7f\xe1\x1e" + strings.Repeat("b", 4000)
	texts, _ := say(t, s, proto.Unit{}, frame(Headers, 5, 1, bomb+strings.Repeat("\xbe", 12000)))
	if n := strings.Count(texts, ";"); n > maxLines || len(texts) > 2*maxList {
		t.Errorf("%d fields, %d bytes of a bomb are shown", n, len(texts))
	}
	for range 300 { // a representation that never ends
		say(t, s, proto.Unit{}, frame(Headers, 0, 3, "\x40\x7f\x81\xff\x03")+strings.Repeat(frame(Continuation, 0, 3, strings.Repeat("c", 1000)), 200))
	}
	if n := cap(s.sides[0].rest); n > 1<<19 {
		t.Errorf("%d bytes of a representation are kept", n)
	}
}

// TestTurns pairs requests with responses, resets and what follows a GOAWAY.
func TestTurns(t *testing.T) {
	s, client, server := new(session), newPacker(), newPacker()
	get := func(path string) string {
		return client.pack(":method", "GET", ":path", path, ":authority", "h")
	}
	var got []string
	note := func(dir int, b string) {
		_, turns := say(t, s, proto.Unit{Dir: dir}, b)
		for _, u := range turns {
			got = append(got, fmt.Sprintf("%d %d %d %s %s %s %v %d %v", dir, u.Kind, u.Key, u.Command, u.Name, u.Status, u.Failed, u.Size, u.More))
		}
	}
	note(0, Preface+frame(Headers, 5, 1, get("/a"))+frame(Headers, 4, 3, client.pack(":method", "POST", ":path", "/p", ":authority", "h"))+frame(Data, 1, 3, "12345"))
	note(1, frame(Headers, 4, 3, server.pack(":status", "100"))+frame(Headers, 4, 1, server.pack(":status", "200"))+frame(Data, 8, 1, "\x02abc\x00\x00")+frame(Data, 1, 1, "d"))
	note(1, frame(Headers, 5, 3, server.pack(":status", "500")))
	note(0, frame(Headers, 5, 5, get("/b"))+frame(Headers, 5, 7, get("/c"))+frame(Headers, 5, 9, client.pack(":method", "POST", ":path", "/s/M", "content-type", "application/grpc")))
	note(1, frame(PushPromise, 4, 5, "\x00\x00\x00\x02"+server.pack(":method", "GET", ":path", "/pushed"))+frame(Headers, 5, 2, server.pack(":status", "200")))
	note(1, frame(RstStream, 0, 5, "\x00\x00\x00\x02")+frame(Headers, 4, 9, server.pack(":status", "200"))+frame(Headers, 5, 9, server.pack("grpc-status", "5")))
	note(1, frame(GoAway, 0, 0, "\x00\x00\x00\x05\x00\x00\x00\x0b"))
	note(0, frame(Headers, 4, 11, client.pack(":method", "CONNECT", ":authority", "x:1"))+frame(Data, 0, 11, "abc"))
	note(1, frame(Headers, 4, 11, server.pack(":status", "200"))+frame(Data, 0, 11, "def"))
	want := []string{
		"0 1 1 GET h/a  false -1 false",
		"0 1 3 POST h/p  false -1 true",
		"0 1 3    false 5 false",
		"1 3 3   100 false -1 false",
		"1 2 1   200 false -1 true",
		"1 2 1    false 3 true",
		"1 2 1    false 1 false",
		"1 2 3   500 true -1 false",
		"0 1 5 GET h/b  false -1 false",
		"0 1 7 GET h/c  false -1 false",
		"0 1 9 POST /s/M  false -1 false",
		"1 2 5   RST_STREAM INTERNAL_ERROR true -1 false",
		"1 2 9   200 false -1 true",
		"1 2 9   grpc-status 5 true -1 false",
		"1 2 7   GOAWAY ENHANCE_YOUR_CALM true -1 false",
		"0 1 11 CONNECT x:1  false -1 false",
		"1 2 11   200 false -1 false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestStreamsAreBounded asks on more streams than are remembered.
func TestStreamsAreBounded(t *testing.T) {
	s, p := new(session), newPacker()
	say(t, s, proto.Unit{}, Preface)
	for id := uint32(1); id < 5000; id += 2 {
		say(t, s, proto.Unit{}, frame(Headers, 5, id, p.pack(":method", "GET", ":path", "/")))
	}
	if len(s.streams) > maxStreams || len(s.order) != len(s.streams) {
		t.Errorf("%d streams in order, %d in all", len(s.order), len(s.streams))
	}
}

// talk has each type of frame.
func talk() string {
	p := newPacker()
	return Preface + frame(Settings, 0, 0, "\x00\x01\x00\x00\x10\x00\x00\x99\x00\x00\x00\x07") + frame(WindowUpdate, 0, 0, "\x00\x0f\x00\x01") +
		frame(Headers, 0x2d, 1, "\x03\x80\x00\x00\x00\x0f"+p.pack(":method", "GET", ":path", "/", "content-type", "image/png")+"\x00\x00\x00") +
		frame(PushPromise, 0x0c, 1, "\x02\x00\x00\x00\x02"+p.pack(":method", "GET", ":path", "/pushed")+"\x00\x00") + frame(Priority, 0, 3, "\x00\x00\x00\x01\x10") +
		frame(Headers, 0, 3, "\x40") + frame(Continuation, 4, 3, "\x01a\x01b") + frame(Data, 9, 1, "\x02\x89PNG\x00\x00") + frame(RstStream, 0, 1, "\x00\x00\x00\x08") +
		frame(Ping, 1, 0, "12345678") + frame(AltSvc, 0, 1, "\x00\x04testh3=\":443\"") + frame(Origin, 0, 0, "\x00\x02ab\x00\x01c") + frame(Blocked, 0, 1, "") +
		frame(PriorityUpdate, 0, 0, "\x00\x00\x00\x07u=1, i") + frame(0x4a, 0xff, 9, "what") + frame(GoAway, 0, 0, "\x00\x00\x00\x07\x00\x00\x00\x0bcalm")
}

// TestCut cuts a connection at every byte: no field lies outside what is there.
func TestCut(t *testing.T) {
	b := talk()
	for n := range len(b) + 1 {
		check(t, []byte(b[:n]), 0)
		check(t, []byte(b[n:]), 1)
	}
}

// TestCutFrames has frames of which the capture has less than their length.
func TestCutFrames(t *testing.T) {
	b := []byte(talk())
	for n := range len(b) + 1 {
		for _, more := range []int{1, 9, 100, 1 << 20} {
			s := new(session)
			rest, wire := b[:n], n+more
			for wire > 0 {
				e := s.Extent(&proto.Piece{Data: rest, Len: wire})
				if e <= 0 {
					break
				}
				u := proto.Unit{Data: rest[:min(int(e), len(rest))], Len: min(int(e), wire)}
				s.Unit(&u)
				rest, wire = rest[len(u.Data):], wire-u.Len
			}
		}
	}
}

// check holds what is true of any bytes of a direction.
func check(t *testing.T, b []byte, dir int) {
	t.Helper()
	s := new(session)
	gap := false
	for rest := b; len(rest) > 0; {
		e := s.Extent(&proto.Piece{Dir: dir, Data: rest, Len: len(rest), Gap: gap})
		if e == proto.NotThis || e == proto.More {
			break
		}
		here := rest[:min(int(e), len(rest))]
		u := proto.Unit{Dir: dir, Data: here, Len: int(e), Gap: gap}
		s.Unit(&u)
		gap = len(here) < int(e)
		if len(u.Layers) != 1 || u.Layers[0].Len != int(e) {
			t.Fatalf("layers %+v of %q", u.Layers, here)
		}
		for _, turn := range u.Turns {
			if turn.Layer != 0 || turn.Key == 0 {
				t.Fatalf("turn %+v", turn)
			}
		}
		fields(t, here, u.Layers[0].Texts)
		rest = rest[len(here):]
	}
	if n := s.sides[dir].table.size; n > maxTable {
		t.Fatalf("a table of %d bytes", n)
	}
	fields(t, b, nil)
}

func fields(t *testing.T, b []byte, texts []string) {
	t.Helper()
	var note field.Note
	for i := range Fields.Fields {
		f := &Fields.Fields[i]
		if f.Told != nil {
			f.Told(b, &note, texts, func(v field.Value) bool { return true })
			continue
		}
		f.All(b, func(s field.Span, _ field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Fatalf("%s: %+v outside %d bytes", f.Name, s, len(b))
			}
			return true
		})
	}
}

func FuzzSession(f *testing.F) {
	f.Add([]byte(talk()), 0)
	f.Add([]byte(talk()[len(Preface):]), 1)
	f.Fuzz(func(t *testing.T, b []byte, dir int) { check(t, b, dir&1) })
}

// FuzzUnpack unpacks a block whole and in two parts: the fields are the same.
func FuzzUnpack(f *testing.F) {
	p := newPacker()
	f.Add([]byte(p.pack(":method", "GET", "x-one", "1", "x-two", "2", "x-one", "1")), 3)
	f.Add([]byte("\x3f\x45\x40\x81\x1f\x81\x1f\xbe\x20\xbe"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		at = min(max(at, 0), len(b))
		var one, two unpacker
		var scratch unpacked
		none := func(string, string) {}
		whole := one.block(b, true, false, &scratch, nil, none)
		parts := two.block(b[:at], false, false, &scratch, nil, none)
		if !two.lost {
			parts = append(parts, two.block(b[at:], true, false, &scratch, nil, none)...)
		}
		if len(whole) < maxLines && !slices.Equal(whole, parts) {
			t.Fatalf("whole %q, in parts %q", whole, parts)
		}
		if one.table.size > maxTable || one.table.n > maxTable/entryCost {
			t.Fatalf("a table of %d bytes", one.table.size)
		}
	})
}

// BenchmarkSession takes requests and responses of a connection in, as a browser and a server pack them.
func BenchmarkSession(b *testing.B) {
	s, client, server := new(session), newPacker(), newPacker()
	ask := func() string {
		return frame(Headers, 5, 1, client.pack(":method", "GET", ":path", "/media/css/site.css", ":scheme", "https", ":authority", "www.example.test", "user-agent", "a browser", "accept", "text/css", "referer", "https://www.example.test/"))
	}
	answer := func() string {
		return frame(Headers, 4, 1, server.pack(":status", "200", "server", "x", "content-type", "text/css", "cache-control", "max-age=60")) + frame(Data, 1, 1, strings.Repeat("a", 1000))
	}
	s.Unit(&proto.Unit{Data: []byte(Preface + ask()), Len: 100})
	s.Unit(&proto.Unit{Dir: 1, Data: []byte(answer()), Len: 1100})
	units := [2][]byte{[]byte(ask()), []byte(answer())}
	b.SetBytes(int64(len(units[0]) + len(units[1])))
	b.ReportAllocs()
	var u proto.Unit
	for b.Loop() {
		for dir := range units {
			e := s.Extent(&proto.Piece{Dir: dir, Data: units[dir], Len: len(units[dir])})
			u = proto.Unit{Dir: dir, Data: units[dir][:e], Len: int(e), Layers: u.Layers[:0], Turns: u.Turns[:0]}
			s.Unit(&u)
		}
	}
}
