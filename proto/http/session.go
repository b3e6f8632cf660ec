package http

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds HTTP/1 in connections: on the ports that Wireshark takes for it, and on any other by a first line.
var Stream = proto.Stream{
	ID:     proto.HTTP,
	Ports:  []uint16{80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8080, 8088, 11371},
	Looks:  looks,
	New:    func() proto.Session { return new(session) },
	Breaks: true,
}

// looks reports whether b begins with a line that begins or ends with a version of HTTP/1.
func looks(b []byte) bool {
	end, next := line.End(b[:min(len(b), maxLine)], 0)
	line := b[:end]
	const version = "HTTP/1."
	if next == 0 || len(line) <= len(version)+1 {
		return false
	}
	return bytes.HasPrefix(line, []byte(version)) || bytes.HasPrefix(line[len(line)-len(version)-1:], []byte(version))
}

// maxLine is the longest first line that tells HTTP on any port.
const maxLine = 8192

// What a note says of a message.
const (
	noteRequest = 0 // number of the record with the request that a response answers, 0 when it is not known
	noteTime    = 1 // nanoseconds since then
	noteNumber  = 2 // of the request or response in the connection
	noteKind    = 3 // 1 for bytes that are no message
)

// A request waits for its response.
type request struct {
	frame, time int64
	number      uint64
	method      string // HEAD and CONNECT; others are all alike
	port        uint16 // of CONNECT
}

// maxHead is the longest head.
const maxHead = 1 << 16

// maxRequests bounds the requests without a response.
const maxRequests = 64

type session struct {
	waiting             []request
	requests, responses uint64
	chunks              [2]chunked
	early               bool // a response came that no request had asked for whole
}

// answers reports whether the next response answers a request with this method.
func (s *session) answers(method string) bool {
	return len(s.waiting) > 0 && s.waiting[0].method == method
}

// Extent is the length of a message by its head. Bytes that are none go to the end of what is there.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	if len(p.Data) == 0 {
		return proto.Extent(p.Len)
	}
	h, ok := ReadHead(p.Data)
	switch {
	case p.Last || !ok && bytes.IndexByte(p.Data, '\n') >= 0:
		if ok && h.End > 0 {
			break
		}
		return proto.Extent(p.Len)
	case h.End == 0 && (len(p.Data) < p.Len || p.Len > maxHead):
		return proto.Extent(p.Len)
	case h.End == 0:
		return proto.More
	}
	return s.extent(&h, p)
}

// Unit matches responses with requests, and sees where the connection goes over to another protocol.
func (s *session) Unit(u *proto.Unit) {
	s.chunks[u.Dir] = chunked{}
	l := proto.UnitLayer{ID: proto.HTTP, Len: u.Len}
	h, ok := ReadHead(u.Data)
	l.Head = h.End
	switch {
	case !ok:
		l.Note[noteKind] = 1
	case h.Request:
		s.request(&h, u, &l)
	default:
		s.response(&h, u, &l)
	}
	u.Layers = append(u.Layers, l)
}

func (s *session) request(h *Head, u *proto.Unit, l *proto.UnitLayer) {
	s.requests++
	if !u.Broken { // nobody can answer what is not asked whole
		u.Turns = append(u.Turns, s.asks(h, u))
	}
	l.Note[noteNumber] = s.requests
	r := request{frame: u.Frame, time: u.Time, number: s.requests}
	switch method := h.First.in(u.Data); method {
	case "CONNECT":
		r.method, r.port = method, portOf(h.Second.in(u.Data))
	case "HEAD":
		r.method = method
	}
	if len(s.waiting) == maxRequests {
		s.waiting = append(s.waiting[:0], s.waiting[1:]...)
	}
	s.waiting = append(s.waiting, r)
}

// portOf is the port of the authority that a CONNECT names (RFC 9110, 9.3.6).
func portOf(target string) uint16 {
	n, _ := strconv.ParseUint(target[strings.LastIndexByte(target, ':')+1:], 10, 16)
	return uint16(n)
}

func (s *session) response(h *Head, u *proto.Unit, l *proto.UnitLayer) {
	code := h.Code(u.Data)
	s.responses++
	l.Note[noteNumber] = s.responses
	if len(s.waiting) == 0 {
		s.early = true
		return
	}
	if u.Gap { // responses are missing: that of the latest request is the likeliest
		s.waiting = append(s.waiting[:0], s.waiting[len(s.waiting)-1])
	}
	r := s.waiting[0]
	u.Turns = append(u.Turns, r.answers(h, u, code))
	l.Note[noteRequest], l.Note[noteTime] = uint64(r.frame), uint64(u.Time-r.time)
	if code/100 == 1 && code != 101 { // the final one is still to come
		return
	}
	s.waiting = append(s.waiting[:0], s.waiting[1:]...)
	if code == 101 || code/100 == 2 && r.method == "CONNECT" {
		u.Over, u.OverPort = &proto.UnitLayer{ID: proto.HTTP, Note: [4]uint64{noteKind: 1}}, r.port
		if code == 101 && strings.EqualFold(h.Header(u.Data, "upgrade"), "h2c") { // RFC 7540, 3.2
			u.OverTo = proto.HTTP2
		}
	}
}
