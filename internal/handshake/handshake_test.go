package handshake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// record is a record of TLS 1.2.
func record(kind byte, body ...string) string {
	text := strings.Join(body, "")
	return string([]byte{kind, 3, 3, byte(len(text) >> 8), byte(len(text))}) + text
}

// message is a handshake message.
func message(kind byte, body string) string {
	return string([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}) + body
}

var (
	random  = strings.Repeat("r", 32)
	hello   = message(1, "\x03\x03"+random+"\x00\x00\x02\xc0\x2f\x01\x00\x00\x10"+"\x00\x00\x00\x0c\x00\x0a\x00\x00\x07a.x.com")
	answer  = message(2, "\x03\x03"+random+"\x00\xc0\x2f\x00")
	empty   = message(11, "\x00\x00\x00")
	asks    = message(13, "\x01\x01\x00\x02\x04\x01\x00\x0f\x00\x0d0\x0b1\x090\x07\x06\x03U\x04\x03\x0c\x00")
	done    = message(14, "")
	keys    = message(16, "\x01k")
	ciphers = record(20, "\x01")
	sealed  = record(22, strings.Repeat("\xee", 40))
	data    = record(23, strings.Repeat("\xee", 40))
)

// talk hands units to a follower, one for each text: those that begin with < are the server's.
func talk(units ...string) *Handshake {
	var l List
	f := l.Follow(0, 1)
	session := tls.Stream.New()
	for i, text := range units {
		u := proto.Unit{Data: []byte(strings.TrimPrefix(text, "<"))}
		if u.Len = len(u.Data); strings.HasPrefix(text, "<") {
			u.Dir = 1
		}
		session.Unit(&u)
		at := request.Mark{Number: int64(i + 1), Time: int64(i+1) * 1e6}
		f.Unit(&u, at, at)
	}
	f.End()
	return l.Handshakes[0]
}

func (h *Handshake) summary() string {
	var b strings.Builder
	for s, m := range h.At {
		if m.Seen() {
			fmt.Fprintf(&b, "%s %d; ", Step(s), m.Number)
		}
	}
	fmt.Fprintf(&b, "%q %s resumed %v asked %v none %v done %v", h.Name, tls.VersionName(h.Version), h.Resumed, h.Asked, h.None, h.Done)
	if a := h.Fatal(); a != nil {
		fmt.Fprintf(&b, " alert %d server %v", a.Code, a.Server)
	}
	return b.String()
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		what  string
		units []string
		want  string
	}{
		{"whole", []string{record(22, hello), "<" + record(22, answer, done), record(22, keys) + ciphers + sealed, "<" + ciphers + sealed, data, "<" + data},
			`first byte of the Client Hello 1; Client Hello 1; Server Hello 2; end of the server's flight 2; client goes on 3; client done 3; server's Change Cipher Spec 4; application data 5; "a.x.com" TLS 1.2 resumed false asked false none false done true`},
		{"a message in two records", []string{record(22, hello[:20]) + record(22, hello[20:]), "<" + record(22, answer)},
			`first byte of the Client Hello 1; Client Hello 1; Server Hello 2; end of the server's flight 2; "a.x.com" TLS 1.2 resumed false asked false none false done false`},
		{"no certificate", []string{record(22, hello), "<" + record(22, answer, asks, done), record(22, empty, keys) + ciphers + sealed, "<" + record(21, "\x02\x28")},
			`first byte of the Client Hello 1; Client Hello 1; Server Hello 2; end of the server's flight 2; client goes on 3; client done 3; "a.x.com" TLS 1.2 resumed false asked true none true done false alert 40 server true`},
		{"refused", []string{record(22, hello), "<" + record(21, "\x02\x46")},
			`first byte of the Client Hello 1; Client Hello 1; "a.x.com"  resumed false asked false none false done false alert 70 server true`},
		{"goodbye", []string{record(22, hello), "<" + record(21, "\x01\x00")},
			`first byte of the Client Hello 1; Client Hello 1; "a.x.com"  resumed false asked false none false done false`},
	} {
		if got := talk(c.units...).summary(); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.what, got, c.want)
		}
	}
}

// TestPlain: what is no TLS is kept as text.
func TestPlain(t *testing.T) {
	if h := talk(record(22, hello), "<HTTP/1.1 400 Bad Request\r\n"); h.Plain[1] != "HTTP/1.1 400 Bad Request\r\n" || h.Version != 0 {
		t.Errorf("%q", h.Plain)
	}
}

func TestSealed(t *testing.T) {
	for n, want := range map[int]string{19: "alert", 11: "alert", 53: "finished", 69: "finished", 25: "empty", 54: "", 300: ""} {
		s, got := Sealed{Type: tls.ApplicationData, Len: n}, ""
		switch {
		case s.Alert():
			got = "alert"
		case s.Finished():
			got = "finished"
		case s.Empty():
			got = "empty"
		}
		if got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

// TestBound: the handshakes beyond the bound are counted.
func TestBound(t *testing.T) {
	var l List
	for i := range maxKept + 3 {
		f := l.Follow(0, i)
		f.Unit(&proto.Unit{}, request.Mark{}, request.Mark{})
		f.End()
	}
	if len(l.Handshakes) != maxKept || l.Beyond != 3 || !l.Full() {
		t.Errorf("%d kept, %d beyond", len(l.Handshakes), l.Beyond)
	}
}

// FuzzUnits: whatever two sides send, in whatever pieces, is bounded.
func FuzzUnits(f *testing.F) {
	f.Add([]byte(record(22, hello)), []byte(record(22, answer, asks, done)), []byte(record(22, empty, keys)+ciphers+sealed), []byte(record(21, "\x02\x28")), 3)
	f.Add([]byte(record(22, hello[:20])+record(22, hello[20:])), []byte("HTTP/1.1 400"), []byte(data), []byte(data), 0)
	f.Fuzz(func(t *testing.T, a, b, c, d []byte, gap int) {
		var l List
		follower := l.Follow(0, 0)
		session := tls.Stream.New()
		for i, data := range [][]byte{a, b, c, d} {
			u := proto.Unit{Dir: i % 2, Data: data, Len: len(data) + i%3, Gap: i == gap}
			session.Unit(&u)
			for _, layer := range u.Layers {
				if layer.Note == (field.Note{}) && layer.Len < 0 {
					t.Fatal("a layer of less than nothing")
				}
			}
			follower.Unit(&u, request.Mark{Number: int64(i + 1)}, request.Mark{Number: int64(i + 1)})
			follower.CutUnit(i%2, data, request.Mark{Number: 1}, request.Mark{Number: 2})
		}
		follower.End()
		h := l.Handshakes[0]
		if len(h.Alerts) > maxAlerts || len(h.Sealed[0]) > maxSealed || len(h.Plain[1]) > 3*maxPlain || len(h.Suites) > 64 || len(h.Of) > 16 {
			t.Fatalf("beyond the bounds: %+v", h)
		}
	})
}
