package content_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/net/http2/hpack"

	"github.com/wiretale/wiretale/internal/content"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
)

// said is what one side sends, or what is missing.
type said struct {
	dir  int
	text string
	lost int64
}

// heard writes down what messages come of what is said, in pieces of so many bytes.
func heard(says []said, piece int) string {
	var out strings.Builder
	m := content.NewMessages(func(p *content.Part) {
		who := "CS"[p.Dir : p.Dir+1]
		if p.Stream > 0 {
			who = fmt.Sprint(who, p.Stream)
		}
		if p.Lost > 0 {
			fmt.Fprintf(&out, "%s-%d;", who, p.Lost)
		}
		switch p.Kind {
		case content.HeadPart:
			fmt.Fprintf(&out, "%s(%s %s %d %s)", who, p.Head.Method, p.Head.Target, p.Head.Code, p.Head.Type)
		case content.BodyPart:
			out.Write(p.Bytes)
		case content.EndPart:
			fmt.Fprintf(&out, "[%s]\n", p.Why)
		}
	})
	for _, s := range says {
		b := []byte(s.text)
		lost := s.lost
		for len(b) > 0 {
			n := min(piece, len(b))
			m.Hear(&stream.Heard{Kind: stream.HeardBytes, Dir: s.dir, Data: b[:n], Len: n, Lost: lost, Last: request.Mark{Number: 1}})
			b, lost = b[n:], 0
		}
	}
	m.Hear(&stream.Heard{Kind: stream.HeardEnd})
	return out.String()
}

// packed is text in a coding.
func packed(t testing.TB, coding, text string) string {
	var b bytes.Buffer
	var w interface {
		Write([]byte) (int, error)
		Close() error
	}
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw deflate":
		w, _ = flate.NewWriter(&b, 6)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// chunks is text in chunks of so many bytes.
func chunks(text string, n int) string {
	var b strings.Builder
	for len(text) > 0 {
		k := min(n, len(text))
		fmt.Fprintf(&b, "%x;x=y\r\n%s\r\n", k, text[:k])
		text = text[k:]
	}
	return b.String() + "0\r\nTrailer: 1\r\n\r\n"
}

const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

func TestHTTP1(t *testing.T) {
	long := strings.Repeat("to be or not to be ", 5000)
	ok := func(head, body string) said { return said{dir: 1, text: "HTTP/1.1 200 OK\r\n" + head + "\r\n" + body} }
	asked := "C(GET /a 0 )[]\n"
	for name, test := range map[string]struct {
		says []said
		want string
	}{
		"length":     {[]said{{text: get}, ok("Content-Length: 2\r\nContent-Type: text/x\r\n", "hi"), {text: get}, ok("Content-Length: 0\r\n", "")}, asked + "S(GET /a 200 text/x)hi[]\n" + asked + "S(GET /a 200 )[]\n"},
		"chunked":    {[]said{{text: get}, ok("Transfer-Encoding: chunked\r\n", chunks("hello world", 4))}, asked + "S(GET /a 200 )hello world[]\n"},
		"until end":  {[]said{{text: get}, ok("", "all of it")}, asked + "S(GET /a 200 )all of it[]\n"},
		"head":       {[]said{{text: "HEAD /a HTTP/1.1\r\n\r\n"}, ok("Content-Length: 9\r\n", ""), ok("Content-Length: 1\r\n", "x")}, "C(HEAD /a 0 )[]\nS(HEAD /a 200 )[]\nS(  200 )x[]\n"},
		"continue":   {[]said{{text: "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n"}, {dir: 1, text: "HTTP/1.1 100 Continue\r\n\r\n"}, {text: "abc"}, ok("Content-Length: 0\r\n", "")}, "C(PUT /a 0 )S(PUT /a 100 )[]\nabc[]\nS(PUT /a 200 )[]\n"},
		"no message": {[]said{{text: "\x01\x02\x03 not HTTP at all, and longer than sixty-four bytes, which are looked at\n"}, {text: get}}, asked},
		"cut short":  {[]said{{text: get}, ok("Content-Length: 9\r\n", "four")}, asked + "S(GET /a 200 )four[it is cut short: the connection, or the capture, ends before it]\n"},
		"a gap in it": {[]said{{text: get}, ok("Content-Length: 9\r\n", "four"), {dir: 1, text: "e", lost: 4}, ok("Content-Length: 0\r\n", "")},
			asked + "S(GET /a 200 )fourS-4;e[]\nS(  200 )[]\n"},
		"a gap behind it":      {[]said{{text: get}, ok("Content-Length: 9\r\n", "four"), {dir: 1, text: "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", lost: 40}}, asked + "S(GET /a 200 )fourS-40;[40 bytes are missing in the capture]\nS(  404 )[]\n"},
		"a gap in gzip":        {[]said{{text: get}, ok("Content-Length: 100\r\nContent-Encoding: gzip\r\n", packed(t, "gzip", "hello")[:12]), {dir: 1, text: "e", lost: 4}}, asked + "S(GET /a 200 )S-4;[4 bytes are missing in the capture, so the rest cannot be decoded (gzip)]\n"},
		"no gzip":              {[]said{{text: get}, ok("Content-Length: 5\r\nContent-Encoding: gzip\r\n", "plain")}, asked + "S(GET /a 200 )[gzip: unexpected EOF]\n"},
		"gzip cut":             {[]said{{text: get}, ok("Content-Length: 20\r\nContent-Encoding: gzip\r\n", packed(t, "gzip", long)[:20])}, asked + "S(GET /a 200 )[gzip: unexpected EOF]\n"},
		"unknown coding":       {[]said{{text: get}, ok("Content-Length: 5\r\nContent-Encoding: x-own\r\n", "plain")}, asked + "S(GET /a 200 )plain[x-own: its coding is not known]\n"},
		"size is no number":    {[]said{{text: get}, ok("Transfer-Encoding: chunked\r\n", "xyz\r\n")}, asked + "S(GET /a 200 )[the size of a chunk is not understood]\n"},
		"after CONNECT":        {[]said{{text: "CONNECT h:1 HTTP/1.1\r\n\r\n"}, ok("", ""), {text: get}}, "C(CONNECT h:1 0 )[]\nS(CONNECT h:1 200 )[]\n"},
		"gzip, chunked":        {[]said{{text: get}, ok("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", chunks(packed(t, "gzip", long), 100))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"gzip as a transfer":   {[]said{{text: get}, ok("Transfer-Encoding: gzip, chunked\r\n", chunks(packed(t, "gzip", long), 100))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"deflate":              {[]said{{text: get}, ok("Content-Encoding: deflate\r\n", packed(t, "deflate", long))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"deflate without zlib": {[]said{{text: get}, ok("Content-Encoding: deflate\r\n", packed(t, "raw deflate", long))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"brotli":               {[]said{{text: get}, ok("Content-Encoding: br\r\n", packed(t, "br", long))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"zstd":                 {[]said{{text: get}, ok("Content-Encoding: zstd\r\n", packed(t, "zstd", long))}, asked + "S(GET /a 200 )" + long + "[]\n"},
		"two codings":          {[]said{{text: get}, ok("Content-Encoding: br, gzip\r\n", packed(t, "gzip", packed(t, "br", long)))}, asked + "S(GET /a 200 )" + long + "[]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 1, 2, 3, 7, 100} {
				if piece < 100 && (name == "no message" || name == "a gap behind it") { // a segment begins a message
					continue
				}
				if got := heard(test.says, piece); got != test.want {
					t.Errorf("in pieces of %d: %.300q\nwant %.300q", piece, got, test.want)
				}
			}
		})
	}
}

// frame2 is a frame of HTTP/2.
func frame2(kind, flags byte, id uint32, body string) string {
	n := len(body)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}) + body
}

// fields2 packs fields.
func fields2(e *hpack.Encoder, b *bytes.Buffer, fields ...string) string {
	b.Reset()
	for i := 0; i < len(fields); i += 2 {
		e.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return b.String()
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func TestHTTP2(t *testing.T) {
	var cb, sb bytes.Buffer
	ce, se := hpack.NewEncoder(&cb), hpack.NewEncoder(&sb)
	long := strings.Repeat("to be or not to be ", 5000)
	zipped := packed(t, "gzip", long)
	ask := fields2(ce, &cb, ":method", "GET", ":path", "/one", ":authority", "h")
	again := fields2(ce, &cb, ":method", "GET", ":path", "/one", ":authority", "h")
	answer := fields2(se, &sb, ":status", "200", "content-type", "text/x", "content-encoding", "gzip")
	other := fields2(se, &sb, ":status", "404", "content-type", "text/x")
	says := []said{
		{dir: 1, text: frame2(4, 0, 0, "")}, // before the client
		{text: preface + frame2(4, 0, 0, "\x00\x03\x00\x00\x00\x64") + frame2(1, 5, 1, ask) + frame2(1, 1, 3, again[:1]) + frame2(9, 4, 3, again[1:])},
		{dir: 1, text: frame2(1, 4, 1, answer) + frame2(0, 0, 1, zipped[:50]) + frame2(1, 4, 3, other) + frame2(0, 8, 3, "\x03no\x00\x00\x00") + frame2(0, 1, 1, zipped[50:]) + frame2(0, 1, 3, "pe")},
	}
	for _, piece := range []int{1 << 20, 1, 5, 9, 100} {
		got := heard(says, piece)
		for _, want := range []string{"C1(GET /one 0 )[]\nC3(GET /one 0 )[]\nS1(GET /one 200 text/x)", "S3(GET /one 404 text/x)no", long[len(long)-100:] + "[]\npe[]\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("in pieces of %d: %.200q has no %.100q", piece, got, want)
			}
		}
	}
	lossy := []said{says[0], says[1], {dir: 1, text: frame2(1, 4, 3, other) + frame2(0, 1, 3, "later"), lost: 100}}
	if got := heard(lossy, 1<<20); !strings.Contains(got, "later[") {
		t.Errorf("behind a gap: %q", got)
	}
	reset := []said{says[1], {dir: 1, text: frame2(1, 4, 1, answer) + frame2(3, 0, 1, "\x00\x00\x00\x08")}}
	if got := heard(reset, 1<<20); !strings.Contains(got, "[the stream was reset (CANCEL)]") {
		t.Errorf("reset: %q", got)
	}
}

// TestBomb: what decodes to more than any content has is given up.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes a gigabyte")
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, 9)
	zeros := make([]byte, 1<<20)
	for range 1<<10 + 1 {
		w.Write(zeros)
	}
	w.Close()
	n, why := 0, ""
	m := content.NewMessages(func(p *content.Part) {
		if n += len(p.Bytes); p.Kind == content.EndPart {
			why = p.Why
		}
	})
	m.Hear(&stream.Heard{Kind: stream.HeardBytes, Dir: 1, Data: append([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"), b.Bytes()...), Len: b.Len()})
	m.Hear(&stream.Heard{Kind: stream.HeardEnd})
	if !strings.Contains(why, "it decodes to more than") || n > 1<<30+100 {
		t.Errorf("%d bytes, %q", n, why)
	}
}

// FuzzMessages feeds both sides bytes in pieces, with gaps: it ends, and messages begin before they go on, and end once.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(get), []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks("hello world", 4)), uint8(3), uint16(0))
	f.Add([]byte(get+get), []byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"+packed(f, "gzip", "hello")), uint8(50), uint16(0))
	f.Add([]byte(get), []byte("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 20\r\n\r\n"+packed(f, "br", "hello")), uint8(9), uint16(40))
	f.Add([]byte(preface+frame2(4, 0, 0, "")+frame2(1, 5, 1, "\x82\x84")), []byte(frame2(4, 0, 0, "")+frame2(1, 4, 1, "\x88")+frame2(0, 1, 1, "hello")), uint8(20), uint16(0))
	f.Fuzz(func(t *testing.T, client, server []byte, piece uint8, gap uint16) {
		if len(client)+len(server) > 1<<16 || piece == 0 {
			return
		}
		type key struct {
			dir int
			id  uint32
		}
		open := map[key]*content.Head{}
		m := content.NewMessages(func(p *content.Part) {
			k := key{p.Dir, p.Stream}
			switch {
			case p.Kind == content.HeadPart && open[k] == nil:
				open[k] = p.Head
			case p.Kind == content.HeadPart:
				t.Fatalf("a message begins in another one")
			case open[k] != p.Head:
				t.Fatalf("a part of a message that is not open")
			case p.Kind == content.EndPart:
				delete(open, k)
			}
		})
		sides, at := [2][]byte{client, server}, 0
		for len(sides[0])+len(sides[1]) > 0 {
			for dir := range sides {
				n := min(int(piece), len(sides[dir]))
				var lost int64
				if at++; gap > 0 && at%(int(gap)+1) == 0 {
					lost = int64(n)
					sides[dir] = sides[dir][n:]
					n = min(int(piece), len(sides[dir]))
				}
				m.Hear(&stream.Heard{Kind: stream.HeardBytes, Dir: dir, Data: sides[dir][:n], Len: n, Lost: lost})
				sides[dir] = sides[dir][n:]
			}
		}
		m.Hear(&stream.Heard{Kind: stream.HeardEnd})
		if len(open) > 0 {
			t.Fatalf("%d messages have no end", len(open))
		}
	})
}
