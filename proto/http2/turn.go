package http2

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto"
)

// maxStreams bounds the streams of a connection that are remembered; the oldest is given up.
const maxStreams = 256

// maxTarget is how much of an authority, and of a path, names a request.
const maxTarget = 256

// A stream is one request with its response, as far as both went by.
type stream struct {
	client  int8 // direction that asks, -1 while it is not known
	pushed  bool // the server promised it: nobody asked
	tunnel  bool // CONNECT: what follows the answer is another protocol's
	answers bool // the answer is whole
	sides   [2]body
}

// A body is what one direction of a stream brings.
type body struct {
	headed bool // its header fields went by
	coded  bool // it has a transfer coding, which HTTP/2 has not
	ended  bool
	length int64
	media  string
	first  string // its first bytes, as far as an image is told by them
	coding string // that of its content
	whole  kept
}

// maxFirst is how many bytes tell the format of an image.
const maxFirst = 8

// A heading is what a list of header fields says of a request or a response.
type heading struct {
	promise                         bool
	method, path, authority, status string
	media, transferCoding, grpc     string
	coding                          string
	hasMethod, hasStatus, hasMedia  bool
}

// see takes in a header field.
func (h *heading) see(name, value string) {
	switch name {
	case ":method":
		h.method, h.hasMethod = value, true
	case ":path":
		h.path = value
	case ":authority":
		h.authority = value
	case ":status":
		h.status, h.hasStatus = value, true
	case "content-type":
		if !h.hasMedia {
			h.media, h.hasMedia = mediaType(value), true
		}
	case "content-encoding":
		h.coding = value
	case "transfer-encoding":
		h.transferCoding = value
	case "grpc-status":
		h.grpc = value
	}
}

// mediaType is a type without its parameters, in lower case.
func mediaType(value string) string {
	if end := strings.IndexAny(value, "; \t"); end >= 0 {
		value = value[:end]
	}
	return strings.ToLower(value)
}

// of is the stream with a number. A new one takes the place of the oldest when there are too many.
func (s *session) of(id uint32) *stream {
	if t := s.streams[id]; t != nil {
		return t
	}
	if s.streams == nil {
		s.streams = map[uint32]*stream{}
	}
	if len(s.streams) >= maxStreams {
		s.drop(&s.streams[s.order[0]].sides[0].whole)
		s.drop(&s.streams[s.order[0]].sides[1].whole)
		delete(s.streams, s.order[0])
		s.order = append(s.order[:0], s.order[1:]...)
	}
	t := &stream{client: -1}
	s.streams[id] = t
	s.order = append(s.order, id)
	return t
}

// grpc reports whether the body of a direction of a stream is of gRPC.
func (s *session) grpc(id uint32, dir int) bool {
	t := s.streams[id]
	return t != nil && t.sides[dir].length > 0 && strings.HasPrefix(t.sides[dir].media, "application/grpc")
}

// end forgets a stream.
func (s *session) end(id uint32) {
	if s.streams[id] == nil {
		return
	}
	s.drop(&s.streams[id].sides[0].whole)
	s.drop(&s.streams[id].sides[1].whole)
	delete(s.streams, id)
	for i, o := range s.order {
		if o == id {
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}

// turn is a turn of a stream in the latest layer of the unit.
func turn(u *proto.Unit, kind proto.TurnKind, id uint32) proto.Turn {
	return proto.Turn{Kind: kind, Key: uint64(id), Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
}

// tell takes in a frame for what it says of streams, without its header fields.
func (s *session) tell(u *proto.Unit, f *Frame) {
	if f.Stream == 0 && f.Type != GoAway {
		return
	}
	switch f.Type {
	case Data:
		if t := s.streams[f.Stream]; t != nil {
			s.data(u, f, t)
		}
	case RstStream:
		if t := s.streams[f.Stream]; t != nil && len(f.Body) >= 4 {
			if int(t.client) == 1-u.Dir && !t.answers {
				u.Turns = append(u.Turns, failed(u, f.Stream, "RST_STREAM ", binary.BigEndian.Uint32(f.Body)))
			}
			s.end(f.Stream)
		}
	case GoAway:
		if len(f.Body) >= 8 {
			s.goAway(u, binary.BigEndian.Uint32(f.Body)&^(1<<31), binary.BigEndian.Uint32(f.Body[4:]))
		}
	}
}

// failed is the answer to a request that will have no other one.
func failed(u *proto.Unit, id uint32, what string, code uint32) proto.Turn {
	name := Errors[uint64(code)]
	if name == "" {
		name = strconv.FormatUint(uint64(code), 10)
	}
	t := turn(u, proto.Answer, id)
	t.Status, t.Code, t.Failed = what+name, code, true
	return t
}

// goAway ends the streams that the other side asked on and that the sender says it did not look at (RFC 9113, 6.8).
func (s *session) goAway(u *proto.Unit, last, code uint32) {
	kept := s.order[:0]
	for _, id := range s.order {
		t := s.streams[id]
		if id <= last || int(t.client) != 1-u.Dir {
			kept = append(kept, id)
			continue
		}
		if !t.answers {
			u.Turns = append(u.Turns, failed(u, id, "GOAWAY ", code))
		}
		s.drop(&t.sides[0].whole)
		s.drop(&t.sides[1].whole)
		delete(s.streams, id)
	}
	s.order = kept
}

// data takes in what a frame brings of a body.
func (s *session) data(u *proto.Unit, f *Frame, t *stream) {
	b := &t.sides[u.Dir]
	n := f.Len - (f.From - headerLen) - f.Padding
	if len(b.first) < maxFirst && strings.HasPrefix(b.media, "image/") {
		b.first += string(f.Body[:min(len(f.Body), maxFirst-len(b.first))])
	}
	b.length += int64(max(n, 0))
	if u.Shown {
		s.keep(u, f, &b.whole)
	}
	one := turn(u, proto.Ask, f.Stream)
	switch int(t.client) {
	case u.Dir:
		one.More = !f.Ends()
	case 1 - u.Dir:
		if one.Kind, one.More = proto.Answer, !f.Ends(); t.answers || !b.headed {
			return
		}
		t.answers = !one.More
	default:
		return
	}
	if t.pushed || t.tunnel {
		return
	}
	one.Size = int64(max(n, 0))
	u.Turns = append(u.Turns, one)
}

// message takes in a frame that has header fields, or that ends a stream. What it ends is told in its block.
func (s *session) message(u *proto.Unit, f *Frame, h *heading, block []string) {
	if h.promise {
		if f.Promised != 0 {
			t := s.of(f.Promised)
			t.pushed, t.client = true, int8(1-u.Dir)
		}
		return
	}
	if f.Stream == 0 { // no stream has it
		return
	}
	if f.packed() {
		s.headers(u, f, h)
	}
	t := s.streams[f.Stream]
	if t == nil || !f.Ends() {
		return
	}
	b := &t.sides[u.Dir]
	if b.headed && !b.coded && !t.tunnel && b.length > 0 {
		block[blockMedia], block[blockFirst] = b.media, b.first
		block[blockBody] = b.told(f)
		s.told = s.told || block[blockBody] != ""
	}
	s.drop(&b.whole)
	if b.ended = true; t.sides[1-u.Dir].ended || t.pushed {
		s.end(f.Stream)
	}
}

// headers takes in header fields: the head of a request or a response, or what trails one.
func (s *session) headers(u *proto.Unit, f *Frame, h *heading) {
	switch {
	case h.hasMethod:
		t := s.of(f.Stream)
		t.client, t.tunnel = int8(u.Dir), h.method == "CONNECT"
		t.sides[u.Dir].take(h)
		one := turn(u, proto.Ask, f.Stream)
		one.Command, one.More = h.method, !f.Ends() && !t.tunnel
		one.Name = h.authority[:min(len(h.authority), maxTarget)] + h.path[:min(len(h.path), maxTarget)]
		u.Turns = append(u.Turns, one)
		return
	case h.hasStatus:
		s.answer(u, f, h)
		return
	}
	t := s.streams[f.Stream]
	if t == nil || t.pushed || int(t.client) != 1-u.Dir || t.answers || f.Type != Headers || !f.Ends() {
		if t != nil {
			t.sides[u.Dir].take(h)
		}
		return
	}
	one := turn(u, proto.Answer, f.Stream)
	h.grpcStatus(&one)
	t.answers = true
	u.Turns = append(u.Turns, one)
}

// answer takes in the head of a response.
func (s *session) answer(u *proto.Unit, f *Frame, h *heading) {
	t := s.of(f.Stream)
	if t.client < 0 {
		t.client = int8(1 - u.Dir)
	}
	code, _ := number(h.status)
	one := turn(u, proto.Answer, f.Stream)
	one.Status, one.Code, one.Failed = h.status, uint32(code), code >= 400
	if code/100 == 1 { // the final one is still to come
		if one.Kind = proto.Interim; !t.pushed {
			u.Turns = append(u.Turns, one)
		}
		return
	}
	t.sides[u.Dir].take(h)
	one.More = !f.Ends() && !t.tunnel
	h.grpcStatus(&one)
	t.answers = !one.More
	if !t.pushed {
		u.Turns = append(u.Turns, one)
	}
}

// grpcStatus is how a call of gRPC went, which its trailers say (gRPC over HTTP2, Responses).
func (h *heading) grpcStatus(t *proto.Turn) {
	if h.grpc == "" || h.grpc == "0" {
		return
	}
	code, _ := number(h.grpc)
	t.Status, t.Code, t.Failed = "grpc-status "+h.grpc, uint32(code), true
}

// take takes what header fields say of the body.
func (b *body) take(h *heading) {
	b.headed = b.headed || h.hasMethod || h.hasStatus
	b.coded = b.coded || h.transferCoding != ""
	if b.media == "" {
		b.media = h.media
	}
	if b.coding == "" {
		b.coding = h.coding
	}
}
