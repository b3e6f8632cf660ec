package redact

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/http2/hpack"

	"github.com/wiretale/wiretale/proto"
)

// unit is what a session makes of the bytes of a unit.
func unit(t testing.TB, s *Session, dir int, id proto.ID, text string) (string, bool) {
	t.Helper()
	b := []byte(text)
	edits, known := s.Unit(&proto.Unit{Dir: dir, Data: []byte(text), Len: len(text), Layers: []proto.UnitLayer{{ID: id, Len: len(text)}}})
	Apply(b, edits)
	return string(b), known
}

func TestText(t *testing.T) {
	for _, test := range []struct {
		id    proto.ID
		lines []string // of the client, or, with a < before it, of the server; behind a | what becomes of it, nothing for the same
	}{
		{proto.HTTP, []string{"GET /a?access_token=abc&x=1&code=77#frag HTTP/1.1\r\nHost: h\r\nCookie: a=12; bcd=345\r\nAuthorization: Bearer tok\r\nX-Api-Key: k1\r\nReferer: http://u:pw@h/?token=t\r\nAccept: */*\r\n\r\n|" +
			"GET /a?access_token=xxx&x=1&code=xx#frag HTTP/1.1\r\nHost: h\r\nCookie: a=xx; bcd=xxx\r\nAuthorization: Bearer xxx\r\nX-Api-Key: xx\r\nReferer: http://u:xx@h/?token=x\r\nAccept: */*\r\n\r\n"}},
		{proto.HTTP, []string{"POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nuser=joe&password=s3cret%21&ok=1|POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nuser=joe&password=xxxxxxxxx&ok=1"}},
		{proto.HTTP, []string{"HTTP/1.1 200 OK\r\nSet-Cookie: id=abc; Path=/; Secure\r\nContent-Type: application/json\r\n\r\n{\"access_token\" : \"a\\\"b\", \"n\": 1}|" +
			"HTTP/1.1 200 OK\r\nSet-Cookie: id=xxx; Path=/; Secure\r\nContent-Type: application/json\r\n\r\n{\"access_token\" : \"xxxx\", \"n\": 1}"}},
		{proto.HTTP, []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"password\":\"ab \r\n4\r\ncd\"}\r\n0\r\n\r\n|HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"password\":\"xxx\r\n4\r\nxx\"}\r\n0\r\n\r\n"}},
		{proto.HTTP, []string{"POST / HTTP/1.1\r\nCookie: a=1\r\n b=2\r\n\r\n<s:Password Type=\"T\">pw</s:Password>|POST / HTTP/1.1\r\nCookie: a=x\r\n xxx\r\n\r\n<s:Password Type=\"T\">xx</s:Password>"}},
		{proto.HTTP, []string{"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n&token=abc|"}},
		{proto.HTTP, []string{"POST / HTTP/1.1\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nhush\r\n--b--\r\n|POST / HTTP/1.1\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nxxxx\r\n--b--\r\n"}},
		{proto.SMTP, []string{"<220 mx ESMTP\r\n", "EHLO me\r\n", "AUTH PLAIN AGpvZQBwdw==\r\n|AUTH PLAIN xxxxxxxxxxxx\r\n", "<235 ok\r\n", "MAIL FROM:<a@b>\r\n"}},
		{proto.SMTP, []string{"AUTH LOGIN\r\n", "<334 VXNlcm5hbWU6\r\n", "am9l\r\n|xxxx\r\n", "<334 UGFzc3dvcmQ6\r\n", "cHc=\r\n|xxxx\r\n", "<535 no\r\n", "QUIT\r\n"}},
		{proto.POP, []string{"<+OK hi\r\n", "USER joe\r\n", "PASS my word\r\n|PASS xxxxxxx\r\n", "<+OK\r\n", "APOP joe c4c9334bac\r\n|APOP joe xxxxxxxxxx\r\n", "STAT\r\n"}},
		{proto.POP, []string{"AUTH PLAIN\r\n", "<+ \r\n", "AGpvZQ==\r\n|xxxxxxxx\r\n", "<+OK\r\n", "STAT\r\n"}},
		{proto.IMAP, []string{"<* OK hi\r\n", "a1 LOGIN joe pw\r\n|a1 LOGIN joe xx\r\n", "<a1 OK\r\n", "a2 login \"jo e\" \"p w\"\r\n|a2 login \"jo e\" xxxxx\r\n", "a3 SELECT INBOX\r\n"}},
		{proto.IMAP, []string{"a LOGIN {3}\r\n", "<+ go\r\n", "joe {2}\r\n|xxxxxxx\r\n", "<+ go\r\n", "pw\r\n|xx\r\n", "<* CAPABILITY\r\n", "<a OK\r\n", "b NOOP\r\n"}},
		{proto.IMAP, []string{"a AUTHENTICATE PLAIN AGpv\r\n|a AUTHENTICATE PLAIN xxxx\r\n", "<a NO\r\n", "b NOOP\r\n"}},
	} {
		var s Session
		for _, line := range test.lines {
			line, server := strings.CutPrefix(line, "<")
			text, want, changed := strings.Cut(line, "|")
			if !changed || want == "" {
				want = text
			}
			dir := 0
			if server {
				dir = 1
			}
			if got, known := unit(t, &s, dir, test.id, text); got != want || !known {
				t.Errorf("%v: %q (%t)\nwant %q", test.id, got, known, want)
			}
		}
	}
	var s Session
	for _, test := range []struct {
		id   proto.ID
		text string
	}{{proto.HTTP, "the middle of a body"}, {proto.Data, "x"}, {proto.SMB2, "x"}} {
		if _, known := unit(t, &s, 0, test.id, test.text); known {
			t.Errorf("%v: %q is known", test.id, test.text)
		}
	}
}

// TestPacked: a packed body is blanked when there is something in it, or when nobody can unpack it.
func TestPacked(t *testing.T) {
	pack := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(text))
		z.Close()
		return b.String()
	}
	head := "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n"
	for _, test := range []struct {
		coding, body string
		blank        bool
	}{{"gzip", pack(`{"token":"a"}`), true}, {"gzip", pack(`{"n":"a"}`), false}, {"br", "??", true}, {"gzip", "no gzip", true}, {"deflate", "\x01\x02", true}} {
		h := fmt.Sprintf(head, test.coding)
		var s Session
		got, _ := unit(t, &s, 0, proto.HTTP, h+test.body)
		want := h + test.body
		if test.blank {
			want = h + strings.Repeat("x", len(test.body))
		}
		if got != want {
			t.Errorf("%s: %q, want %q", test.coding, got, want)
		}
	}
}

func TestLDAP(t *testing.T) {
	tlv := func(tag byte, values ...string) string {
		v := strings.Join(values, "")
		return string([]byte{tag, byte(len(v))}) + v
	}
	id := tlv(2, "\x01")
	for _, test := range []struct{ in, want string }{
		{tlv(0x30, id, tlv(0x60, tlv(2, "\x03"), tlv(4, "cn=joe"), tlv(0x80, "secret"))), tlv(0x30, id, tlv(0x60, tlv(2, "\x03"), tlv(4, "cn=joe"), tlv(0x80, "xxxxxx")))},
		{tlv(0x30, id, tlv(0x60, tlv(2, "\x03"), tlv(4, ""), tlv(0xa3, tlv(4, "PLAIN"), tlv(4, "\x00joe\x00pw")))), tlv(0x30, id, tlv(0x60, tlv(2, "\x03"), tlv(4, ""), tlv(0xa3, tlv(4, "PLAIN"), tlv(4, "xxxxxxx"))))},
		{tlv(0x30, id, tlv(0x66, tlv(4, "cn=joe"), tlv(0x30, tlv(0x30, tlv(10, "\x02"), tlv(0x30, tlv(4, "unicodePwd"), tlv(0x31, tlv(4, "pw"))))))),
			tlv(0x30, id, tlv(0x66, tlv(4, "cn=joe"), tlv(0x30, tlv(0x30, tlv(10, "\x02"), tlv(0x30, tlv(4, "unicodePwd"), tlv(0x31, tlv(4, "xx")))))))},
		{tlv(0x30, id, tlv(0x77, tlv(0x80, modifyPasword), tlv(0x81, "old and new"))), tlv(0x30, id, tlv(0x77, tlv(0x80, modifyPasword), tlv(0x81, "xxxxxxxxxxx")))},
		{tlv(0x30, id, tlv(0x63, tlv(4, "dc=x"), tlv(0x31, tlv(4, "pw")))), tlv(0x30, id, tlv(0x63, tlv(4, "dc=x"), tlv(0x31, tlv(4, "pw"))))},
	} {
		var s Session
		if got, _ := unit(t, &s, 0, proto.LDAP, test.in); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestTDS blanks the password of a login, in one packet and over two.
func TestTDS(t *testing.T) {
	hide := func(text string) (b []byte) {
		for _, u := range utf16.Encode([]rune(text)) {
			for _, c := range []byte{byte(u), byte(u >> 8)} {
				b = append(b, (c<<4|c>>4)^0xa5)
			}
		}
		return b
	}
	login := func(password string) []byte {
		b := make([]byte, loginFixed)
		binary.LittleEndian.PutUint16(b[atPassword:], loginFixed)
		binary.LittleEndian.PutUint16(b[atPassword+2:], uint16(len(password)))
		return append(append(b, hide(password)...), "after"...)
	}
	packet := func(status byte, body []byte) string {
		h := []byte{typeLogin7, status, 0, 0, 0, 0, 1, 0}
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(body)))
		return string(h) + string(body)
	}
	in, want := login("hush!"), login("xxxxx")
	var s Session
	if got, _ := unit(t, &s, 0, proto.TDS, packet(1, in)); got != packet(1, want) {
		t.Errorf("%q\nwant %q", got, packet(1, want))
	}
	const cut = loginFixed + 3
	first, _ := unit(t, &s, 0, proto.TDS, packet(0, in[:cut]))
	second, _ := unit(t, &s, 0, proto.TDS, packet(1, in[cut:]))
	if first != packet(0, want[:cut]) || second != packet(1, want[cut:]) {
		t.Errorf("in two packets: %q %q", first, second)
	}
}

// frame is one of HTTP/2.
func frame(kind, flags byte, stream uint32, body string) string {
	h := []byte{byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind, flags}
	return string(binary.BigEndian.AppendUint32(h, stream)) + body
}

// TestHTTP2 holds that header fields can be unpacked as before, each as long as it was, without what was secret, also where an index stands for it.
func TestHTTP2(t *testing.T) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	var s Session
	dec := hpack.NewDecoder(4096, nil)
	secrets := []string{"s3cr3t-Value~^", "abc", "Basic dXNlcjpwYXNz", "tok\x01\xfe{}", "hunter2"}
	for round := range 3 {
		block.Reset()
		for _, f := range []hpack.HeaderField{
			{Name: ":method", Value: "GET"}, {Name: ":path", Value: "/x?access_token=hunter2&y=1"}, {Name: "cookie", Value: "sid=" + secrets[0]}, {Name: "cookie", Value: "a=" + secrets[1], Sensitive: true},
			{Name: "authorization", Value: secrets[2]}, {Name: "x-auth-token", Value: secrets[3]}, {Name: "user-agent", Value: "me"}, {Name: "x-n", Value: fmt.Sprint(round)},
		} {
			enc.WriteField(f)
		}
		b := block.String()
		cut := len(b) / 2
		in := frame(1, 0, 1, b[:cut]) + frame(9, 4, 1, b[cut:]) + frame(0, 1, 1, `{"token":"abcd"}`)
		out, known := unit(t, &s, 0, proto.HTTP2, in)
		if !known || len(out) != len(in) {
			t.Fatalf("%d bytes, %t", len(out), known)
		}
		packed := out[9:9+cut] + out[18+cut:18+len(b)]
		fields, err := dec.DecodeFull([]byte(packed))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			for _, secret := range secrets {
				if strings.Contains(f.Value, secret) {
					t.Errorf("round %d: %v", round, f)
				}
			}
		}
		lens := []int{3, 27, 4 + len(secrets[0]), 5, len(secrets[2]), len(secrets[3]), 2, 1}
		for i, f := range fields {
			if len(f.Value) != lens[i] {
				t.Errorf("round %d: %v is %d bytes long, want %d", round, f, len(f.Value), lens[i])
			}
		}
		if p := fields[1].Value; !strings.HasPrefix(p, "/x?access_token=") || !strings.HasSuffix(p, "&y=1") {
			t.Errorf("the path is %q", p)
		}
		if fields[6].Value != "me" || !strings.HasPrefix(fields[4].Value, "Basic ") {
			t.Errorf("%v", fields)
		}
		if !strings.HasSuffix(out, `{"token":"xxxx"}`) {
			t.Errorf("data: %q", out[len(out)-16:])
		}
	}
}

// TestCoded: any text has one of the same length and the same length of its code.
func TestCoded(t *testing.T) {
	for _, text := range []string{"", "a", "zzzz", "\x00\x01\x02", "abc\xff\xfe", "~~~~~~~", "!\"#$%&'()", "aaaaaaaaaaaaaaaaaaaaaaaa\n", "<>{}|^`"} {
		got := inCode(text, []span{{0, len(text)}})
		if len(got) != len(text) || hpack.HuffmanEncodeLength(string(got)) != hpack.HuffmanEncodeLength(text) {
			t.Errorf("%q became %q", text, got)
		}
		if len(text) > 3 && string(got) == text {
			t.Errorf("%q stays", text)
		}
	}
}

// FuzzUnit holds that whatever is looked through, edits lie in what was handed over, and are as long as what they replace.
func FuzzUnit(f *testing.F) {
	f.Add(byte(proto.HTTP), []byte("GET /?token=a HTTP/1.1\r\nCookie: a=b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"), []byte("HTTP/1.1 200\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b"))
	f.Add(byte(proto.HTTP2), []byte(frame(1, 4, 1, "\x82\x60\x03a=b")), []byte(frame(1, 0, 1, "\x40\x01a")))
	f.Add(byte(proto.SMTP), []byte("AUTH LOGIN\r\n"), []byte("334 \r\nabc"))
	f.Add(byte(proto.IMAP), []byte("a LOGIN \"b"), []byte("a OK"))
	f.Add(byte(proto.LDAP), []byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x84"), []byte("\x30\x84"))
	f.Add(byte(proto.TDS), append([]byte{0x10, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 100)...), []byte{0x10, 1, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, id byte, one, two []byte) {
		if len(one)+len(two) > 1<<16 {
			return
		}
		var s Session
		seen := 0
		for dir, b := range [][]byte{one, two, two, one} {
			was := string(b)
			edits, _ := s.Unit(&proto.Unit{Dir: dir & 1, Data: b, Len: len(b), Gap: dir == 3, Layers: []proto.UnitLayer{{ID: proto.ID(id)}}})
			for _, e := range edits {
				if e.Off < -seen || e.Off+len(e.With) > len(b) || len(e.With) == 0 || len(e.With) > Longest {
					t.Fatalf("%d bytes at %d of %d", len(e.With), e.Off, len(b))
				}
			}
			if string(b) != was {
				t.Fatal("the unit was changed")
			}
			seen += len(b)
		}
	})
}
