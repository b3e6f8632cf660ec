package content

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/coding"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto/http"
)

// A state is what the next byte of a side is.
type state uint8

const (
	inHead    state = iota // of a message, or between two
	inBody                 // of a body whose length is known
	inSize                 // the line with the size of a chunk
	inChunk                // a chunk
	inCRLF                 // what ends a chunk
	inTrailer              // lines behind the last chunk
	toEnd                  // a body that ends with the connection
	noMessage              // bytes that are none, up to the next segment that begins a message
	tunnel                 // the connection has gone over to something else
)

// A side1 is what one side of HTTP/1 sends.
type side1 struct {
	state state
	buf   []byte // of a head or a line that is not whole
	left  int64  // bytes of the body or the chunk that are to come
	body  body
}

const (
	maxHead     = 1 << 16
	maxSizeLine = 4096
	// maxAsked bounds the requests without a response.
	maxAsked = 64
)

// http1 takes the messages of both sides apart.
type http1 struct {
	sides [2]side1
	asked []*Head // requests without a response, in order
	emit  func(*Part)
	over  func() // the connection goes over to HTTP/2
}

// bytes takes in bytes of a side. exact says that lost is the number of the bytes that are missing before them, not only that some are.
func (h *http1) bytes(dir int, b []byte, lost int64, exact bool, mark request.Mark) {
	s := &h.sides[dir]
	if lost > 0 {
		h.missing(s, dir, lost, exact, mark)
	}
	if s.state == noMessage {
		if _, ok := http.ReadHead(b); !ok {
			return
		}
		s.state = inHead
	}
	for len(b) > 0 {
		n := h.step(s, dir, b, mark)
		b = b[n:]
	}
}

// missing goes on behind bytes that are missing where the length says so, else with the next message.
func (h *http1) missing(s *side1, dir int, lost int64, exact bool, mark request.Mark) {
	switch {
	case s.state == tunnel || s.state == noMessage:
		return
	case s.state == toEnd:
		s.body.write(nil, lost, mark)
		return
	case (s.state == inBody || s.state == inChunk) && exact && lost < s.left:
		s.left -= lost
		s.body.write(nil, lost, mark)
		return
	case s.state == inBody && exact && lost == s.left:
		s.body.write(nil, lost, mark)
		h.ended(s, "")
		return
	}
	if s.body.open() {
		s.body.write(nil, lost, mark)
		h.ended(s, fmt.Sprintf("%d bytes are missing in the capture", lost))
	}
	s.buf, s.state = s.buf[:0], noMessage
	if dir == 1 || len(h.asked) > 0 { // which answer is whose is not known any more
		h.asked = h.asked[:0]
	}
}

// step takes in the first bytes, and returns how many.
func (h *http1) step(s *side1, dir int, b []byte, mark request.Mark) int {
	switch s.state {
	case inBody, inChunk:
		n := int(min(int64(len(b)), s.left))
		s.left -= int64(n)
		s.body.write(b[:n], 0, mark)
		if s.left == 0 && s.state == inChunk {
			s.state = inCRLF
		} else if s.left == 0 {
			h.ended(s, "")
		}
		return n
	case toEnd:
		s.body.write(b, 0, mark)
		return len(b)
	case inSize, inCRLF, inTrailer:
		return h.line(s, b)
	case noMessage, tunnel:
		return len(b)
	}
	return h.head(s, dir, b, mark)
}

// line takes in a line between chunks.
func (h *http1) line(s *side1, b []byte) int {
	n := bytes.IndexByte(b, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(b)
	}
	if len(s.buf)+n > maxSizeLine {
		h.ended(s, "the size of a chunk is not understood")
		s.buf, s.state = s.buf[:0], noMessage
		return n
	}
	if s.buf = append(s.buf, b[:n]...); !whole {
		return n
	}
	text := strings.TrimRight(string(s.buf), "\r\n")
	s.buf = s.buf[:0]
	switch {
	case s.state == inCRLF:
		s.state = inSize
	case s.state == inTrailer && text == "":
		h.ended(s, "")
	case s.state == inSize:
		size, _, _ := strings.Cut(text, ";")
		length, err := strconv.ParseUint(strings.TrimSpace(size), 16, 62)
		switch {
		case err != nil:
			h.ended(s, "the size of a chunk is not understood")
			s.state = noMessage
		case length == 0:
			s.state = inTrailer
		default:
			s.state, s.left = inChunk, int64(length)
		}
	}
	return n
}

// head takes in bytes of a head, up to its end.
func (h *http1) head(s *side1, dir int, b []byte, mark request.Mark) int {
	if len(s.buf) == 0 { // blank lines before a message are none of it (RFC 9112, 2.2)
		if n := len(b) - len(bytes.TrimLeft(b, "\r\n")); n > 0 {
			return n
		}
	}
	had := len(s.buf)
	s.buf = append(s.buf, b[:min(len(b), maxHead-had)]...)
	end := headEnd(s.buf, max(0, had-3))
	if end == 0 {
		if len(s.buf) == maxHead || had < maxMethod && !begins(s.buf) {
			s.buf, s.state = s.buf[:0], noMessage
		}
		return len(b)
	}
	raw := s.buf[:end]
	head, ok := http.ReadHead(raw)
	if !ok {
		s.buf, s.state = s.buf[:0], noMessage
		return len(b)
	}
	h.message(s, dir, &head, raw, mark)
	s.buf = s.buf[:0]
	return end - had
}

// maxMethod is more than the length of any method: so many bytes tell whether a message begins.
const maxMethod = 32

// begins reports whether a message may begin with b.
func begins(b []byte) bool {
	b = b[:min(len(b), maxMethod)]
	if _, ok := http.ReadHead(b); ok {
		return true
	}
	return len(b) < maxMethod && bytes.IndexByte(b, '\n') < 0
}

// headEnd is where the head ends that b begins with, 0 when it is not whole; no line before at is empty.
func headEnd(b []byte, at int) int {
	for at < len(b) {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		rest := b[at:]
		if len(rest) > 0 && rest[0] == '\n' {
			return at + 1
		}
		if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return at + 2
		}
	}
	return 0
}

// message begins a message whose head is whole, and finds how its content ends (RFC 9112, 6.3).
func (h *http1) message(s *side1, dir int, head *http.Head, raw []byte, mark request.Mark) {
	of := headOf(head, raw)
	if of.Request {
		if len(h.asked) == maxAsked {
			h.asked = append(h.asked[:0], h.asked[1:]...)
		}
		h.asked = append(h.asked, of)
	} else {
		h.answers(of)
	}
	transfer := head.Header(raw, "transfer-encoding")
	codings := coding.Of(of.Coding + "," + transfer)
	if of.Coding == "" {
		of.Coding = strings.Join(codings, ", ")
	}
	length := int64(-1)
	if n, err := strconv.ParseUint(head.Header(raw, "content-length"), 10, 62); err == nil {
		length = int64(n)
	}
	of.Length = length
	code := of.Code
	without := !of.Request && (code/100 == 1 || code == 204 || code == 304 || of.Method == "HEAD" || code/100 == 2 && of.Method == "CONNECT")
	switch {
	case without:
		codings = nil
		s.state = inHead
	case http.Chunked(transfer):
		s.state = inSize
	case length >= 0:
		s.state, s.left = inBody, length
	case of.Request:
		s.state = inHead
	default:
		s.state = toEnd
	}
	if s.state == inHead || s.state == inBody && length == 0 {
		codings = nil
	}
	s.body.begin(of, raw, codings, dir, 0, mark, h.emit)
	if s.state == inHead || s.state == inBody && length == 0 {
		h.ended(s, "")
	}
	if !of.Request && (code == 101 || code/100 == 2 && of.Method == "CONNECT") {
		h.sides[0].state, h.sides[1].state = tunnel, tunnel
		if code == 101 && strings.EqualFold(head.Header(raw, "upgrade"), "h2c") && h.over != nil {
			h.over()
		}
	}
}

// answers finds the request of a response.
func (h *http1) answers(of *Head) {
	if len(h.asked) == 0 {
		return
	}
	q := h.asked[0]
	of.Method, of.Target, of.Host = q.Method, q.Target, q.Host
	if of.Code/100 != 1 || of.Code == 101 { // else the final one is still to come
		h.asked = append(h.asked[:0], h.asked[1:]...)
	}
}

// headOf is what a head says.
func headOf(head *http.Head, raw []byte) *Head {
	text := func(s http.Span) string { return string(raw[s.From:s.To]) }
	of := &Head{Request: head.Request, Type: head.Header(raw, "content-type"), Coding: head.Header(raw, "content-encoding"), Length: -1}
	if head.Request {
		of.Method, of.Target, of.Host = text(head.First), text(head.Second), head.Header(raw, "host")
	} else {
		of.Code = head.Code(raw)
	}
	return of
}

// ended ends the message of a side.
func (h *http1) ended(s *side1, why string) {
	s.body.end(why)
	s.state, s.left = inHead, 0
}

// close is for the end of a side.
func (h *http1) close(dir int) {
	s := &h.sides[dir]
	why := ""
	if s.state != toEnd {
		why = "it is cut short: the connection, or the capture, ends before it"
	}
	s.body.end(why)
	s.state = noMessage
}
