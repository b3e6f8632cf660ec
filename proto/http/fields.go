package http

import (
	"bytes"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
)

// noted makes a field one of the spots of a message; layers that are none have no fields.
func noted(f field.Field, spots func(b []byte, h *Head, yield func(Span) bool)) field.Field {
	t := f.Type
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		if note[noteKind] != 0 {
			return
		}
		h, ok := ReadHead(b)
		if !ok {
			return
		}
		spots(b, &h, func(s Span) bool {
			span := field.Span{Off: s.From, Len: s.To - s.From}
			if t == field.Bool {
				return yield(span, field.Value{Type: field.Bool, U: 1})
			}
			return yield(span, field.Value{Type: field.String, S: s.in(b)})
		})
	}
	return f
}

func text(name, title string, spots func(b []byte, h *Head, yield func(Span) bool)) field.Field {
	return noted(field.Field{Name: name, Title: title, Type: field.String}, spots)
}

// word is a word of the first line of requests, or of responses.
func word(request bool, of func(h *Head) Span) func(b []byte, h *Head, yield func(Span) bool) {
	return func(_ []byte, h *Head, yield func(Span) bool) {
		if s := of(h); h.Request == request && s.To > s.From {
			yield(s)
		}
	}
}

// path and query are the parts of the target before and behind a question mark.
func path(b []byte, h *Head, yield func(Span) bool) {
	if q := bytes.IndexByte(b[h.Second.From:h.Second.To], '?'); h.Request && q >= 0 {
		yield(Span{h.Second.From, h.Second.From + q})
	}
}

func query(b []byte, h *Head, yield func(Span) bool) {
	if q := bytes.IndexByte(b[h.Second.From:h.Second.To], '?'); h.Request && q >= 0 {
		yield(Span{h.Second.From + q + 1, h.Second.To})
	}
}

// lines are the header lines of requests, or of responses.
func lines(request bool) func(b []byte, h *Head, yield func(Span) bool) {
	return func(b []byte, h *Head, yield func(Span) bool) {
		if h.Request == request {
			h.eachHeader(b, func(_, _, line Span) bool { return yield(line) })
		}
	}
}

// header is the value of a header by its name in lower case.
func header(name string) func(b []byte, h *Head, yield func(Span) bool) {
	return func(b []byte, h *Head, yield func(Span) bool) {
		h.eachHeader(b, func(n, v, _ Span) bool {
			return n.To-n.From != len(name) || !strings.EqualFold(n.in(b), name) || yield(v)
		})
	}
}

// number is a number that the note or the head tells, of messages that have it.
func numeric(name, title string, t field.Type, width int, get func(b []byte, h *Head, note *field.Note) (uint64, Span, bool)) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Width: width, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		h, ok := ReadHead(b)
		if !ok || note[noteKind] != 0 {
			return
		}
		if u, s, ok := get(b, &h, note); ok {
			yield(field.Span{Off: s.From, Len: s.To - s.From}, field.Value{Type: t, U: u})
		}
	}}
}

// Fields are those of a message.
var Fields = field.Table{Proto: "http", Title: "Hypertext Transfer Protocol", Fields: slices.Concat(firstLine, headerFields(), conversation)}

var firstLine = []field.Field{
	text("http.request.method", "Request Method", word(true, func(h *Head) Span { return h.First })),
	text("http.request.uri", "Request URI", word(true, func(h *Head) Span { return h.Second })),
	text("http.request.uri.path", "Request URI Path", path),
	text("http.request.uri.query", "Request URI Query", query),
	text("http.request.version", "Request Version", word(true, func(h *Head) Span { return h.Third })),
	text("http.response.version", "Response Version", word(false, func(h *Head) Span { return h.First })),
	numeric("http.response.code", "Status Code", field.Uint, 2, func(b []byte, h *Head, _ *field.Note) (uint64, Span, bool) {
		code := h.Code(b)
		return uint64(code), h.Second, code > 0
	}),
	text("http.response.phrase", "Response Phrase", word(false, func(h *Head) Span { return h.Third })),
	text("http.request.line", "Request line", lines(true)),
	text("http.response.line", "Response line", lines(false)),
}

// headers are those that have a field of their own, by name, title and header.
var headers = [][3]string{
	{"http.authorization", "Authorization", "authorization"},
	{"http.proxy_authenticate", "Proxy-Authenticate", "proxy-authenticate"},
	{"http.proxy_authorization", "Proxy-Authorization", "proxy-authorization"},
	{"http.www_authenticate", "WWW-Authenticate", "www-authenticate"},
	{"http.content_type", "Content-Type", "content-type"},
	{"http.content_length_header", "Content-Length", "content-length"},
	{"http.content_encoding", "Content-Encoding", "content-encoding"},
	{"http.transfer_encoding", "Transfer-Encoding", "transfer-encoding"},
	{"http.upgrade", "Upgrade", "upgrade"},
	{"http.user_agent", "User-Agent", "user-agent"},
	{"http.host", "Host", "host"},
	{"http.connection", "Connection", "connection"},
	{"http.cookie", "Cookie", "cookie"},
	{"http.accept", "Accept", "accept"},
	{"http.referer", "Referer", "referer"},
	{"http.accept_language", "Accept-Language", "accept-language"},
	{"http.accept_encoding", "Accept Encoding", "accept-encoding"},
	{"http.date", "Date", "date"},
	{"http.cache_control", "Cache-Control", "cache-control"},
	{"http.server", "Server", "server"},
	{"http.location", "Location", "location"},
	{"http.sec_websocket_accept", "Sec-WebSocket-Accept", "sec-websocket-accept"},
	{"http.sec_websocket_extensions", "Sec-WebSocket-Extensions", "sec-websocket-extensions"},
	{"http.sec_websocket_key", "Sec-WebSocket-Key", "sec-websocket-key"},
	{"http.sec_websocket_protocol", "Sec-WebSocket-Protocol", "sec-websocket-protocol"},
	{"http.sec_websocket_version", "Sec-WebSocket-Version", "sec-websocket-version"},
	{"http.set_cookie", "Set-Cookie", "set-cookie"},
	{"http.last_modified", "Last-Modified", "last-modified"},
	{"http.x_forwarded_for", "X-Forwarded-For", "x-forwarded-for"},
}

func headerFields() (list []field.Field) {
	for _, h := range headers {
		list = append(list, text(h[0], h[1], header(h[2])))
	}
	return append(list, numeric("http.content_length", "Content length", field.Uint, 8, func(b []byte, h *Head, _ *field.Note) (uint64, Span, bool) {
		value := h.Header(b, "content-length")
		n, ok := number(value, 10)
		return uint64(n), Span{}, ok
	}))
}

// conversation has what the messages before say of a message.
var conversation = []field.Field{
	kindOf("http.request", "Request", true),
	kindOf("http.response", "Response", false),
	derived(fullURI(), "from the Host header"),
	derived(numeric("http.request_number", "Request number", field.Uint, 4, numberOf(true)), "from the connection"),
	derived(numeric("http.response_number", "Response number", field.Uint, 4, numberOf(false)), "from the connection"),
	derived(numeric("http.time", "Time since request", field.Duration, 0, func(_ []byte, h *Head, n *field.Note) (uint64, Span, bool) {
		return n[noteTime], Span{}, !h.Request && n[noteRequest] != 0
	}), "from the connection"),
	derived(numeric("http.request_in", "Request in frame", field.Uint, 4, func(_ []byte, h *Head, n *field.Note) (uint64, Span, bool) {
		return n[noteRequest], Span{}, !h.Request && n[noteRequest] != 0
	}), "from the connection"),
}

func derived(f field.Field, from string) field.Field {
	f.Derived = from
	return f
}

func kindOf(name, title string, request bool) field.Field {
	return noted(field.Field{Name: name, Title: title, Type: field.Bool}, func(_ []byte, h *Head, yield func(Span) bool) {
		if h.Request == request {
			yield(Span{})
		}
	})
}

func numberOf(request bool) func(b []byte, h *Head, note *field.Note) (uint64, Span, bool) {
	return func(_ []byte, h *Head, n *field.Note) (uint64, Span, bool) {
		return n[noteNumber], Span{}, h.Request == request
	}
}

// fullURI is the target with the scheme and the host before it, where it has none.
func fullURI() field.Field {
	f := field.Field{Name: "http.request.full_uri", Title: "Full request URI", Type: field.String}
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		h, ok := ReadHead(b)
		if !ok || note[noteKind] != 0 || !h.Request {
			return
		}
		uri, host := h.Second.in(b), h.Header(b, "host")
		switch {
		case strings.Contains(uri, "://"), h.First.in(b) == "CONNECT":
		case host == "":
			return
		default:
			uri = "http://" + host + uri
		}
		yield(field.Span{}, field.S(uri))
	}
	return f
}

// Line is the first line of a message.
func Line(b []byte) string {
	end, _ := line.End(b, 0)
	return string(b[:end])
}
