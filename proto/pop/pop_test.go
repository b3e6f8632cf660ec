package pop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// talk runs the segments of a text through a session: C: or S: before each, \n for the end of a line. It returns a line for each layer and each turn.
func talk(t *testing.T, text string) (out []string) {
	t.Helper()
	s := new(session)
	var rest [2][]byte
	for one := range strings.Lines(text) {
		dir := strings.Index("CS", one[:1])
		rest[dir] = append(rest[dir], strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n")...)
		for len(rest[dir]) > 0 {
			b := rest[dir]
			e := s.Extent(&proto.Piece{Dir: dir, Data: b, Len: len(b)})
			if e == proto.NotThis {
				out = append(out, "not this")
				rest[dir] = nil
			}
			if e <= 0 || int(e) > len(b) {
				break
			}
			u := proto.Unit{Dir: dir, Data: b[:e], Len: int(e)}
			s.Unit(&u)
			rest[dir] = b[e:]
			out = append(out, fmt.Sprintf("%s %d", []string{"", "request", "response", "rest"}[KindOf(&u.Layers[0].Note)], e))
			for _, turn := range u.Turns {
				more := ""
				if turn.More {
					more = "..."
				}
				out = append(out, strings.TrimSpace(fmt.Sprintf(" %d %s %s %s%s", turn.Kind, turn.Command, turn.Name, turn.Status, more)))
			}
			if u.Over != nil {
				out = append(out, "over to "+u.OverTo.String())
			}
		}
	}
	return out
}

func TestTalk(t *testing.T) {
	for _, c := range talks {
		if got := talk(t, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, got, c.want)
		}
	}
}

// TestCut cuts connections at every byte: no field lies outside what is there.
func TestCut(t *testing.T) {
	for _, c := range talks {
		for n := range len(c.text) + 1 {
			check(t, []byte(c.text[:n]), n)
		}
	}
}

// check holds what is true of any bytes, which both directions send in pieces.
func check(t *testing.T, b []byte, cut int) {
	t.Helper()
	s := new(session)
	var rest [2][]byte
	for i := 0; len(b) > 0; i++ {
		dir := i & 1
		n := min(len(b), 1+(cut+i*7)&31)
		rest[dir] = append(rest[dir], b[:n]...)
		b = b[n:]
		for len(rest[dir]) > 0 {
			e := s.Extent(&proto.Piece{Dir: dir, Data: rest[dir], Len: len(rest[dir]), Last: len(b) == 0})
			if e == proto.NotThis {
				return
			}
			if e < 0 {
				t.Fatalf("extent %d", e)
			}
			if e == 0 || int(e) > len(rest[dir]) {
				break
			}
			u := proto.Unit{Dir: dir, Data: rest[dir][:e], Len: int(e), Gap: cut&64 != 0}
			s.Unit(&u)
			if len(u.Layers) != 1 || u.Layers[0].Len != int(e) {
				t.Fatalf("layers %+v", u.Layers)
			}
			for i := range Fields.Fields {
				f := &Fields.Fields[i]
				if f.Noted == nil {
					continue
				}
				f.Noted(u.Data, &u.Layers[0].Note, func(s field.Span, _ field.Value) bool {
					if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(u.Data) {
						t.Fatalf("%s: %+v outside %d bytes", f.Name, s, len(u.Data))
					}
					return true
				})
			}
			rest[dir] = rest[dir][e:]
		}
	}
	if len(s.open) > maxOpen {
		t.Fatalf("%d commands wait", len(s.open))
	}
}

func FuzzSession(f *testing.F) {
	for i, c := range talks {
		f.Add([]byte(strings.ReplaceAll(c.text, `\n`, "\r\n")), i)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) { check(t, b, cut) })
}

func BenchmarkSession(b *testing.B) {
	s := new(session)
	ask, answer := []byte("RETR 12\r\n"), []byte("+OK 20 octets\r\nFrom: a\r\n\r\nb\r\n.\r\n")
	s.Unit(&proto.Unit{Data: ask, Len: len(ask)})
	b.SetBytes(int64(len(ask) + len(answer)))
	b.ReportAllocs()
	var u proto.Unit
	for b.Loop() {
		for dir, data := range [2][]byte{ask, answer} {
			e := s.Extent(&proto.Piece{Dir: dir, Data: data, Len: len(data)})
			u = proto.Unit{Dir: dir, Data: data[:e], Len: int(e), Layers: u.Layers[:0], Turns: u.Turns[:0]}
			s.Unit(&u)
		}
	}
}

var talks = []struct {
	text string
	want []string
}{
	{`S: +OK POP3\n
C: USER me\nPASS secret\n
S: +OK\n-ERR no\n
C: APOP me digest\n
S: +OK\n
C: LIST\nLIST 1\nRETR 1\n
S: +OK\n1 2\n.\n+OK 1 2\n+OK 9 octets\nab
S: c\n..\n.
S: \n
C: RETR 2\n
S: -ERR none\n
C: AUTH PLAIN\n
S: + \n
C: AHVzZXIAcGFzcw==\n
S: +OK\n
C: STLS\n
S: +OK\n
C: \x16\x03\x01
`, []string{
		"response 10", "request 22", "1 USER me", "1 PASS", "response 14", "2   +OK", "2   -ERR", "request 16", "1 APOP me", "response 5", "2   +OK", "request 22", "1 LIST", "1 LIST 1", "1 RETR 1", "response 36", "2   +OK", "2   +OK", "2   +OK...", "rest 2", "2   ...", "rest 7", "2   ...", "rest 3", "2", "request 8", "1 RETR 2", "response 11", "2   -ERR", "request 12", "1 AUTH PLAIN", "response 4", "2   +", "request 18", "1 AUTH", "response 5", "2   +OK", "request 6", "1 STLS", "response 5", "2   +OK", "over to tls", "not this",
	}},
}
