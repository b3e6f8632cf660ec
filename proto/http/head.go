// Package http takes messages of HTTP/1 apart (RFC 9110, RFC 9112): the first
// line, the headers, how long the body is. Field names are Wireshark's.
package http

import (
	"bytes"
	"math"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
)

// A Head is what stands before the body of a message. Spans are offsets in the message, the end excluded.
type Head struct {
	Request bool
	// First, Second and Third are the words of the first line: method, target
	// and version of a request; version, code and phrase of a response.
	First, Second, Third Span
	Headers              int // where they begin
	End                  int // where the body begins, 0 when the head is not whole
}

// A Span is a part of a message.
type Span struct{ From, To int }

func (s Span) in(b []byte) string { return string(b[s.From:s.To]) }

// methods are those that Wireshark takes the first word of a request for: RFC 9110, WebDAV and its versions, UPnP, RPC over HTTP.
var methods = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE PATCH LABEL MERGE DELETE SEARCH UNLOCK REPORT UPDATE NOTIFY
		BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE PROPPATCH BPROPFIND BPROPPATCH UNCHECKOUT MKACTIVITY MKWORKSPACE RPC_CONNECT
		RPC_IN_DATA UNSUBSCRIBE RPC_OUT_DATA VERSION-CONTROL BASELINE-CONTROL M-SEARCH`) {
		m[name] = true
	}
	return m
}()

// maxMethod is the length of the longest of them.
const maxMethod = len("BASELINE-CONTROL")

// starts reports whether b begins with a message, request or response.
func starts(b []byte) (request, ok bool) {
	if len(b) >= 5 && string(b[:5]) == "HTTP/" {
		return false, true
	}
	n := bytes.IndexByte(b[:min(len(b), maxMethod+1)], ' ')
	return true, n > 0 && methods[string(b[:n])]
}

// ReadHead reads the head that b begins with. ok is false when it is no message; End is 0 while the head is not all there.
func ReadHead(b []byte) (h Head, ok bool) {
	if h.Request, ok = starts(b); !ok {
		return h, false
	}
	end, next := line.End(b, 0)
	h.First, h.Second, h.Third = words(b, end, h.Request)
	if h.Headers = next; next == 0 {
		h.Headers = len(b)
		return h, true
	}
	for at := next; ; {
		end, next = line.End(b, at)
		if next == 0 {
			return h, true
		}
		if end == at {
			h.End = next
			return h, true
		}
		at = next
	}
}

// words are the three of a first line. The target of a request runs to the last space, as the version has none.
func words(b []byte, end int, request bool) (first, second, third Span) {
	line := b[:end]
	one := bytes.IndexByte(line, ' ')
	if one < 0 {
		return Span{0, end}, Span{end, end}, Span{end, end}
	}
	first = Span{0, one}
	rest := one + 1
	two := bytes.IndexByte(line[rest:], ' ')
	if request {
		two = bytes.LastIndexByte(line[rest:], ' ')
	}
	if two < 0 {
		return first, Span{rest, end}, Span{end, end}
	}
	return first, Span{rest, rest + two}, Span{rest + two + 1, end}
}

// eachHeader visits the headers of a message: the name, the value without
// blanks around it, and the whole line. It ends at the empty line, or at a line that was cut.
func (h *Head) eachHeader(b []byte, yield func(name, value, line Span) bool) {
	for at := h.Headers; at < len(b); {
		end, next := line.End(b, at)
		if next == 0 || end == at {
			return
		}
		if colon := bytes.IndexByte(b[at:end], ':'); colon > 0 {
			value := Span{at + colon + 1, end}
			for value.From < value.To && isBlank(b[value.From]) {
				value.From++
			}
			for value.To > value.From && isBlank(b[value.To-1]) {
				value.To--
			}
			if !yield(Span{at, at + colon}, value, Span{at, next}) {
				return
			}
		}
		at = next
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// Header is the first value of a header, by its name in lower case; "" without one.
func (h *Head) Header(b []byte, name string) (value string) {
	h.eachHeader(b, func(n, v, _ Span) bool {
		if n.To-n.From == len(name) && strings.EqualFold(n.in(b), name) {
			value = v.in(b)
			return false
		}
		return true
	})
	return value
}

// Code is the status of a response, 0 when it is none.
func (h *Head) Code(b []byte) int {
	if h.Request {
		return 0
	}
	code, ok := number(h.Second.in(b), 10)
	if !ok || code > 999 {
		return 0
	}
	return int(code)
}

// number reads digits; false for anything else, and for what does not fit.
func number(s string, base int64) (n int64, ok bool) {
	for i := range len(s) {
		d := int64(0)
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			d = int64(c - '0')
		case base == 16 && c|0x20 >= 'a' && c|0x20 <= 'f':
			d = int64(c|0x20-'a') + 10
		default:
			return 0, false
		}
		if n > (math.MaxInt32<<16-d)/base {
			return 0, false
		}
		n = n*base + d
	}
	return n, len(s) > 0
}
