package smtp

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
			out = append(out, fmt.Sprintf("%s %d", []string{"", "commands", "replies", "fragment", "message", "username", "password", "credentials"}[KindOf(&u.Layers[0].Note)], e))
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
	ask, answer := []byte("MAIL FROM:<somebody@example.test>\r\n"), []byte("250 2.1.0 Ok\r\n")
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
	{`S: 220 mx ESMTP\n
C: EHLO me\n
S: 250-mx\n250-SIZE\n
S: 250 HELP\n
C: MAIL FROM:<a>\nRCPT TO:<b>\nDATA\n
S: 250 ok\n550 no\n354 go\n
C: From: A\nSubject: x\n\nhello\n
C: .. a dot\n.
C: \nQUIT\n
S: 250 queued\n221 bye\n
`, []string{
		"replies 14", "commands 9", "1 EHLO me", "replies 18", "replies 10", "2   250", "commands 34", "1 MAIL FROM:<a>", "1 RCPT TO:<b>", "1 DATA  ...", "replies 24", "2   250", "2   550", "3   354", "fragment 30", "1 DATA  ...", "fragment 11", "1 DATA  ...", "message 2", "1 DATA", "commands 6", "1 QUIT", "replies 21", "2   250", "2   221",
	}},
	{`C: AUTH PLAIN AHVzZXIAcGFzcw==\nauth login\n
S: 235 ok\n334 VXNlcm5hbWU6\n
C: dXNlcg==\n
S: 334 UGFzc3dvcmQ6\n
C: cGFzcw==\n
S: 535 no\n
C: AUTH CRAM-MD5\n
S: 334 abc\n
C: digest\n
S: 235 ok\n
C: NOOP\n
`, []string{
		"commands 41", "1 AUTH PLAIN", "1 AUTH login", "replies 26", "2   235", "2   334", "username 10", "1 AUTH", "replies 18", "2   334", "password 10", "1 AUTH", "replies 8", "2   535", "commands 15", "1 AUTH CRAM-MD5", "replies 9", "2   334", "commands 8", "1 AUTH", "replies 8", "2   235", "commands 6", "1 NOOP",
	}},
	{`C: DATA\n
S: 503 first\n
C: BDAT 5\nabcdeBDAT 3 LAST\nxyzRSET\n
S: 250 ok\n250 ok\n250 ok\n
C: STARTTLS\n
S: 220 go\n
C: \x16\x03\x01
`, []string{
		"commands 6", "1 DATA  ...", "replies 11", "2   503", "commands 8", "1 BDAT  ...", "fragment 5", "1 DATA", "commands 13", "1 BDAT  ...", "message 3", "1 DATA", "commands 6", "1 RSET", "replies 24", "2   250", "2   250", "2   250", "commands 10", "1 STARTTLS", "replies 8", "2   220", "over to tls", "not this",
	}},
}
