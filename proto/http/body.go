package http

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// A chunked walks a body in chunks (RFC 9112, 7.1). It remembers how far it
// came, so that each byte is looked at once however often it is asked.
type chunked struct {
	at   int  // in the message: the size of the next chunk begins there
	tail bool // the last chunk went by: trailers follow
}

// next walks on in the first bytes of a message of n bytes so far. A message
// longer than what is kept of it ends where that is found out.
func (c *chunked) next(b []byte, n int) proto.Extent {
	for {
		if c.at > n {
			return proto.More
		}
		if c.at > len(b) {
			return proto.Extent(n)
		}
		end, next := line.End(b, c.at)
		switch {
		case next == 0 && len(b) < n:
			return proto.Extent(n)
		case next == 0 && len(b)-c.at < maxSizeLine:
			return proto.More
		case next == 0:
			return proto.Extent(max(c.at, 1))
		}
		line := b[c.at:end]
		if c.tail {
			if len(line) == 0 { // asked again, it is the end again
				return proto.Extent(next)
			}
			c.at = next
			continue
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		length, ok := number(strings.TrimSpace(string(size)), 16)
		switch {
		case !ok:
			return proto.Extent(max(c.at, 1)) // no chunk: the body ends before it
		case length == 0:
			c.at, c.tail = next, true
		default:
			c.at = next + int(length) + len("\r\n")
		}
	}
}

// maxSizeLine is the longest line that gives the size of a chunk.
const maxSizeLine = 4096

// extent is the length of a message whose head is whole. last says that the sender closes behind n bytes.
func (s *session) extent(h *Head, p *proto.Piece) proto.Extent {
	b := p.Data
	code := h.Code(b)
	if !h.Request && (code/100 == 1 || code == 204 || code == 304 || s.answers("HEAD") || code/100 == 2 && s.answers("CONNECT")) {
		return proto.Extent(h.End) // RFC 9112, 6.3
	}
	var length, coding, connection string
	h.eachHeader(b[:h.End], func(n, v, _ Span) bool {
		switch name := n.in(b); {
		case strings.EqualFold(name, "content-length"):
			length = v.in(b)
		case strings.EqualFold(name, "transfer-encoding"):
			coding = v.in(b)
		case strings.EqualFold(name, "connection"):
			connection = v.in(b)
		}
		return true
	})
	if Chunked(coding) {
		c := &s.chunks[p.Dir]
		if c.at < h.End {
			*c = chunked{at: h.End}
		}
		return c.next(b, p.Len)
	}
	if n, ok := number(length, 10); ok {
		return proto.Extent(int64(h.End) + n)
	}
	switch {
	case h.Request:
		return proto.Extent(h.End)
	case strings.EqualFold(connection, "keep-alive"):
		return proto.Extent(p.Len)
	}
	return proto.UntilEnd
}

// Chunked reports whether a transfer coding ends in chunks.
func Chunked(coding string) bool { return strings.HasSuffix(strings.ToLower(coding), "chunked") }
