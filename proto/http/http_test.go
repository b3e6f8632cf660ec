package http

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

const get = "GET /a?b=c HTTP/1.1\r\nHost: example.test\r\nUser-Agent: x\r\n\r\n"

// talk runs whole messages through a session and lists their extents and notes.
func talk(s proto.Session, dir int, text string, last bool) (list []string) {
	for text != "" {
		p := proto.Piece{Dir: dir, Data: []byte(text), Len: len(text), Last: last}
		e := s.Extent(&p)
		if again := s.Extent(&p); again != e {
			list = append(list, fmt.Sprintf("asked again %d", again))
		}
		if e <= 0 || int(e) > len(text) {
			return append(list, fmt.Sprint(e))
		}
		u := proto.Unit{Dir: dir, Frame: int64(len(text)), Data: []byte(text[:e]), Len: int(e)}
		s.Unit(&u)
		list = append(list, fmt.Sprint(int(e), " ", u.Layers[0].Note, " ", u.Over != nil))
		text = text[e:]
	}
	return list
}

func TestExtents(t *testing.T) {
	head := func(lines ...string) string { return "HTTP/1.1 200 OK\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n" }
	for _, c := range []struct {
		name, before, text string
		last               bool
		want               string
	}{
		{"request", "", get, false, "[58 [0 0 1 0] false]"},
		{"two requests", "", get + get, false, "[58 [0 0 1 0] false 58 [0 0 2 0] false]"},
		{"half a head", "", get[:30], false, "[0]"},
		{"no line yet", "", "GE", false, "[0]"},
		{"no message", "", "hello\r\nworld\r\n", false, "[14 [0 0 0 1] false]"},
		{"length", get, head("Content-Length: 5") + "hello", false, "[43 [58 -58 1 0] false]"},
		{"longer", get, head("content-length:500") + "hello", false, "[539]"},
		{"until the end", get, head("Server: x") + "hello", false, "[-1]"},
		{"at the end", get, head("Server: x") + "hello", true, "[-1]"},
		{"no content", get, "HTTP/1.1 204 No Content\r\n\r\n", false, "[27 [58 -58 1 0] false]"},
		{"not modified", get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", false, "[50 [58 -58 1 0] false]"},
		{"to HEAD", "HEAD / HTTP/1.1\r\n\r\n", head("Content-Length: 500"), false, "[40 [19 -19 1 0] false]"},
		{"continue", get, "HTTP/1.1 100 Continue\r\n\r\n", false, "[25 [58 -58 1 0] false]"},
		{"chunks", get, head("Transfer-Encoding: chunked") + "3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n", false, "[76 [58 -58 1 0] false]"},
		{"half a chunk", get, head("Transfer-Encoding: chunked") + "30\r\nabc", false, "[0]"},
		{"no chunk", get, head("Transfer-Encoding: chunked") + "zz\r\nabc", false, "[47 [58 -58 1 0] false 7 [0 0 0 1] false]"},
		{"tunnel", "CONNECT a:443 HTTP/1.1\r\n\r\n", head("Server: x"), false, "[30 [26 -26 1 0] true]"},
		{"upgrade", get, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", false, "[56 [58 -58 1 0] true]"},
		{"length that overflows", get, head("Content-Length: 99999999999999999999") + "x", false, "[-1]"},
	} {
		s := new(session)
		talk(s, 0, c.before, false)
		for i := range s.waiting {
			s.waiting[i].time = 58 // of the request; responses are at 0
			if strings.HasPrefix(c.before, "HEAD") {
				s.waiting[i].time = 19
			} else if strings.HasPrefix(c.before, "CONNECT") {
				s.waiting[i].time = 26
			}
		}
		got := fmt.Sprint(talk(s, 1, c.text, c.last))
		for _, n := range []string{"58", "19", "26"} { // a note holds the number without its sign
			var u uint64
			fmt.Sscan(n, &u)
			got = strings.ReplaceAll(got, fmt.Sprint(-u), "-"+n)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func values(b []byte, name string) (list []string) {
	for i := range Fields.Fields {
		if f := &Fields.Fields[i]; f.Name == name {
			f.All(b, func(s field.Span, v field.Value) bool { list = append(list, v.String()); return true })
		}
	}
	return list
}

func TestFields(t *testing.T) {
	response := []byte("HTTP/1.0 404 Not Found\r\nServer:  Apache \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 3\r\n\r\nabc")
	for _, c := range []struct {
		b          []byte
		name, want string
	}{
		{[]byte(get), "http.request.method", "[GET]"},
		{[]byte(get), "http.request.uri", "[/a?b=c]"},
		{[]byte(get), "http.request.uri.path", "[/a]"},
		{[]byte(get), "http.request.uri.query", "[b=c]"},
		{[]byte(get), "http.request.full_uri", "[http://example.test/a?b=c]"},
		{[]byte(get), "http.host", "[example.test]"},
		{[]byte(get), "http.response.code", "[]"},
		{[]byte(get), "http.request", "[1]"},
		{response, "http.response.code", "[404]"},
		{response, "http.response.phrase", "[Not Found]"},
		{response, "http.server", "[Apache]"},
		{response, "http.set_cookie", "[a=1 b=2]"},
		{response, "http.content_length", "[3]"},
		{response, "http.request", "[]"},
	} {
		if got := fmt.Sprint(values(c.b, c.name)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestCut cuts messages at every byte: no field lies outside what is there.
func TestCut(t *testing.T) {
	for _, text := range []string{get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"} {
		for n := range len(text) + 1 {
			check(t, []byte(text[:n]))
		}
	}
}

// check holds what is true of any bytes.
func check(t *testing.T, b []byte) {
	t.Helper()
	s := new(session)
	rest := b
	for len(rest) > 0 {
		e := s.Extent(&proto.Piece{Data: rest, Len: len(rest)})
		if e <= 0 || int(e) > len(rest) {
			break
		}
		u := proto.Unit{Data: rest[:e], Len: int(e)}
		s.Unit(&u)
		if len(u.Layers) != 1 || u.Layers[0].Head > len(u.Data) {
			t.Fatalf("layers %+v of %q", u.Layers, u.Data)
		}
		rest = rest[e:]
	}
	for i := range Fields.Fields {
		Fields.Fields[i].All(b, func(s field.Span, _ field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Fatalf("%s: %+v outside %d bytes", Fields.Fields[i].Name, s, len(b))
			}
			return true
		})
	}
}

func FuzzSession(f *testing.F) {
	f.Add([]byte(get + get))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.0 304 Not modified\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}
