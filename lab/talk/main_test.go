package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// start runs a server on a port of its own.
func start(t *testing.T, m *mode, serve func(*mode, string) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	go serve(m, address)
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("no server")
	return ""
}

func client() *mode { return &mode{patience: time.Minute, size: 100, times: 3, writes: 1} }

func TestAsk(t *testing.T) {
	echo := start(t, &mode{size: 100}, (*mode).echo)
	proxy := start(t, &mode{}, (*mode).proxy)
	for _, via := range []string{"", proxy} {
		m := client()
		m.via, m.writes = via, 2
		if err := m.ask(echo); err != nil {
			t.Errorf("via %q: %v", via, err)
		}
	}
	m := client()
	m.size, m.patience = 99, 300*time.Millisecond // the echo waits for one byte more
	m.want = "silence"
	if err := m.expect(m.ask(echo)); err != nil {
		t.Error(err)
	}
}

func TestSend(t *testing.T) {
	m := client()
	m.bytes = 100_001
	if err := m.send(start(t, &mode{}, (*mode).sink)); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	proxy := start(t, &mode{}, (*mode).proxy)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	m := client()
	m.want = "refused"
	if err := m.expect(m.ask(closed.Addr().String())); err != nil {
		t.Error(err)
	}
	m.via = proxy
	if err := m.ask(closed.Addr().String()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("a proxy that cannot connect: %v", err)
	}
	for _, want := range []string{"refused", "prohibited", "silence"} {
		m.want = want
		if m.expect(nil) == nil || m.expect(errors.New("no")) == nil {
			t.Errorf("success and any error are not %s", want)
		}
	}
	m.want = "silence"
	if err := m.expect(os.ErrDeadlineExceeded); err != nil {
		t.Error(err)
	}
}

func TestMessagesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1000 {
		b := message(i, 64)
		if len(b) != 64 || seen[string(b)] {
			t.Fatalf("message %d: %q", i, b)
		}
		seen[string(b)] = true
	}
}

func TestSSRPAnswer(t *testing.T) {
	b := ssrpAnswer([]byte("\x04LAB\x00"))
	if len(b) < 3 || b[0] != 5 || int(binary.LittleEndian.Uint16(b[1:])) != len(b)-3 {
		t.Errorf("%q", b)
	}
	if ssrpAnswer(nil) != nil || ssrpAnswer([]byte{5}) != nil {
		t.Error("only questions are answered")
	}
}

func TestMail(t *testing.T) {
	for _, c := range []struct {
		offer      bool
		said, want string
		over       bool
	}{
		{true, "EHLO x\r\nSTARTTLS\r\n", "250-lab\r\n250 STARTTLS\r\n220 go ahead\r\n", true},
		{false, "EHLO x\r\nMAIL FROM:<a>\r\nDATA\r\nQUIT\r\n.\r\nQUIT\r\nNOOP\r\n", "250 ok\r\n250 ok\r\n354 go on\r\n250 ok\r\n221 bye\r\n", false},
	} {
		var answers strings.Builder
		over, err := mail(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(c.said), &answers}, c.offer)
		if got := answers.String(); err != nil || over != c.over || got != c.want {
			t.Errorf("%q: %q %v %v, want %q", c.said, got, over, err, c.want)
		}
	}
}

func TestTake(t *testing.T) {
	m := client()
	m.bytes = 100_001
	if err := m.take(start(t, &mode{bytes: 100_001}, (*mode).source)); err != nil {
		t.Error(err)
	}
	if err := m.take(start(t, &mode{bytes: 100_000}, (*mode).source)); err == nil {
		t.Error("a byte is missing, and nothing is said of it")
	}
}

func TestAnswer(t *testing.T) {
	question := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x03lab\x00\x00\x01\x00\x01opt")
	back := (&mode{}).answer(question)
	if want := "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x03lab\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x34"; string(back) != want {
		t.Errorf("%q, want %q", back, want)
	}
	if back := (&mode{rcode: 2}).answer(question); len(back) != 23 || back[3] != 0x82 || back[7] != 0 {
		t.Errorf("a failure: %q", back)
	}
	for n := range 23 {
		if back := (&mode{}).answer(question[:n]); back != nil {
			t.Errorf("%d bytes are answered: %q", n, back)
		}
	}
	if (&mode{}).answer(back) != nil {
		t.Error("an answer is answered")
	}
}
