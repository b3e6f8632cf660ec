package content

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/wiretale/wiretale/internal/coding"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/http2"
)

const (
	frameHead = 9
	flagEnd   = 0x04 // END_HEADERS (RFC 9113, 6.2)
	// maxStreams bounds the streams of a connection that are open at the same time; that which was opened first is given up.
	maxStreams = 1024
	// maxFields bounds the text of the fields of a message.
	maxFields = 1 << 18
)

// http2Messages takes the messages of a connection of HTTP/2 apart, by stream.
type http2Messages struct {
	session proto.Session
	sides   [2]side2
	streams map[uint32]*stream2
	order   []uint32
	emit    func(*Part)
}

// A side2 is what one side sends.
type side2 struct {
	buf    []byte // of a frame that is not whole
	gap    bool   // bytes are missing before
	lost   int64
	fields []byte // of a message whose fields are not all there
	head   *Head
	of     uint32 // stream of the fields
	ends   bool   // the message ends with them
}

// A stream2 is a request with its response.
type stream2 struct {
	asked  *Head
	bodies [2]body
	closed [2]bool
}

func newHTTP2(emit func(*Part)) *http2Messages {
	return &http2Messages{session: http2.Stream.New(), streams: map[uint32]*stream2{}, emit: emit}
}

// bytes takes in bytes of a side. What there is of a frame is kept until it is whole: its length is no more than 16 MiB.
func (h *http2Messages) bytes(dir int, b []byte, lost int64, mark request.Mark) {
	s := &h.sides[dir]
	if lost > 0 {
		s.buf, s.gap, s.lost = s.buf[:0], true, lost
		h.missing(dir, lost, mark)
	}
	if s.gap && len(s.buf) == 0 && h.session.Extent(&proto.Piece{Dir: dir, Data: b, Len: len(b), Gap: true}) == proto.NotThis {
		return // in the middle of a frame
	}
	for {
		if len(s.buf) == 0 {
			n := h.frames(dir, b, mark)
			s.buf = append(s.buf, b[n:]...)
			return
		}
		need := sizeOf(s.buf)
		if need == 0 {
			need = frameHead
			if http2Preface(s.buf) {
				need = len(http2.Preface)
			}
		}
		take := min(max(need-len(s.buf), 0), len(b))
		s.buf = append(s.buf, b[:take]...)
		b = b[take:]
		if n := sizeOf(s.buf); n > 0 && n <= len(s.buf) {
			h.frames(dir, s.buf[:n], mark)
			s.buf = s.buf[:0]
			if len(b) == 0 {
				return
			}
			continue
		}
		if len(b) == 0 {
			return
		}
	}
}

// http2Preface reports whether b is a part of the preface.
func http2Preface(b []byte) bool {
	n := min(len(b), len(http2.Preface))
	return n > 0 && string(b[:n]) == http2.Preface[:n]
}

// sizeOf is the length of the frame that b begins with, or of the preface; 0 when there is too little to tell.
func sizeOf(b []byte) int {
	switch {
	case http2Preface(b):
		return len(http2.Preface)
	case len(b) < frameHead:
		return 0
	}
	return frameHead + int(b[0])<<16 + int(b[1])<<8 + int(b[2])
}

// frames takes in the frames that are whole, and returns where they end.
func (h *http2Messages) frames(dir int, b []byte, mark request.Mark) (n int) {
	for n < len(b) {
		size := sizeOf(b[n:])
		if size == 0 || n+size > len(b) {
			return n
		}
		h.frame(dir, b[n:n+size], mark)
		n += size
	}
	return n
}

// frame takes in a frame.
func (h *http2Messages) frame(dir int, b []byte, mark request.Mark) {
	s := &h.sides[dir]
	if http2Preface(b) || b[3] == http2.Data {
		http2.Frames(b, func(f *http2.Frame) bool {
			if !f.Preface {
				h.data(dir, f, mark)
			} else {
				h.unit(dir, b, mark)
			}
			return true
		})
		return
	}
	u := h.unit(dir, b, mark)
	if len(u.Layers) == 0 {
		return
	}
	http2.Blocks(b, u.Layers[0].Texts, func(f *http2.Frame, k *http2.Block) bool {
		switch f.Type {
		case http2.Headers, http2.Continuation:
			h.fields(dir, f, k, mark)
		case http2.RstStream:
			h.reset(f)
		}
		return true
	})
	s.gap = false
}

// unit has the session take in a frame: it knows the tables of both sides.
func (h *http2Messages) unit(dir int, b []byte, mark request.Mark) *proto.Unit {
	s := &h.sides[dir]
	u := &proto.Unit{Dir: dir, Frame: mark.Number, Time: mark.Time, Data: b, Len: len(b), Gap: s.gap, Lost: s.lost}
	h.session.Unit(u)
	s.gap, s.lost = false, 0
	return u
}

// stream is that of a number, which begins if it is not open.
func (h *http2Messages) stream(id uint32) *stream2 {
	st := h.streams[id]
	if st == nil {
		if len(h.order) == maxStreams {
			h.drop(h.order[0], "there are too many streams")
		}
		st = new(stream2)
		h.streams[id] = st
		h.order = append(h.order, id)
	}
	return st
}

// drop ends a stream.
func (h *http2Messages) drop(id uint32, why string) {
	st := h.streams[id]
	if st == nil {
		return
	}
	st.bodies[0].end(why)
	st.bodies[1].end(why)
	delete(h.streams, id)
	for i, o := range h.order {
		if o == id {
			h.order = append(h.order[:i], h.order[i+1:]...)
			break
		}
	}
}

// fields puts the fields of a message together, which may come in several frames.
func (h *http2Messages) fields(dir int, f *http2.Frame, k *http2.Block, mark request.Mark) {
	s := &h.sides[dir]
	if f.Type == http2.Headers {
		s.fields, s.of, s.head, s.ends = s.fields[:0], f.Stream, &Head{Length: -1}, f.Ends()
	}
	if s.head == nil || s.of != f.Stream {
		return
	}
	k.Each(func(name, value, _, _ string) bool {
		if name == "" || len(s.fields)+len(name)+len(value) > maxFields {
			return true
		}
		s.fields = fmt.Appendf(s.fields, "%s: %s\r\n", name, value)
		s.head.field(name, value)
		return true
	})
	if f.Flags&flagEnd == 0 {
		return
	}
	head := s.head
	s.head = nil
	st := h.stream(f.Stream)
	if b := &st.bodies[dir]; b.open() { // trailers
		if s.ends {
			h.close(f.Stream, st, dir)
		}
		return
	}
	if head.Request {
		st.asked = head
	} else if st.asked != nil {
		head.Method, head.Target, head.Host = st.asked.Method, st.asked.Target, st.asked.Host
	}
	var codings []string
	if !s.ends && (head.Request || head.Method != "HEAD") {
		codings = coding.Of(head.Coding)
	}
	text := append(s.fields, "\r\n"...)
	s.fields = text
	st.bodies[dir].begin(head, text, codings, dir, f.Stream, mark, h.emit)
	switch {
	case s.ends:
		h.close(f.Stream, st, dir)
	case !head.Request && head.Code/100 == 1: // the final one is still to come
		st.bodies[dir].end("")
	}
}

// field takes what a field says.
func (h *Head) field(name, value string) {
	switch name {
	case ":method":
		h.Request, h.Method = true, value
	case ":path":
		h.Target = value
	case ":authority", "host":
		h.Host = value
	case ":status":
		h.Code, _ = strconv.Atoi(value)
	case "content-type":
		h.Type = value
	case "content-encoding":
		h.Coding = value
	case "content-length":
		if n, err := strconv.ParseUint(value, 10, 62); err == nil {
			h.Length = int64(n)
		}
	}
}

// data takes in content.
func (h *http2Messages) data(dir int, f *http2.Frame, mark request.Mark) {
	st := h.streams[f.Stream]
	if st == nil {
		return // its head is not in the capture
	}
	if b := &st.bodies[dir]; b.open() {
		b.write(f.Body, 0, mark)
	}
	if f.Ends() {
		h.close(f.Stream, st, dir)
	}
}

// close ends what a side sends on a stream.
func (h *http2Messages) close(id uint32, st *stream2, dir int) {
	st.bodies[dir].end("")
	if st.closed[dir] = true; st.closed[1-dir] {
		h.drop(id, "")
	}
}

// reset ends a stream before its time.
func (h *http2Messages) reset(f *http2.Frame) {
	why := "the stream was reset"
	if len(f.Body) >= 4 {
		if name := http2.Errors[uint64(binary.BigEndian.Uint32(f.Body))]; name != "" {
			why += " (" + name + ")"
		}
	}
	h.drop(f.Stream, why)
}

// missing tells the contents of a side that bytes are missing, which may be theirs.
func (h *http2Messages) missing(dir int, lost int64, mark request.Mark) {
	h.sides[dir].head = nil
	for _, id := range h.order {
		if b := &h.streams[id].bodies[dir]; b.open() {
			b.write(nil, lost, mark)
			if b.why == "" {
				b.why = fmt.Sprintf("%d bytes of the connection are missing in the capture, which may be its own", lost)
			}
		}
	}
}

// end is for the end of the connection.
func (h *http2Messages) end() {
	for len(h.order) > 0 {
		h.drop(h.order[0], "it is cut short: the connection, or the capture, ends before it")
	}
}
