package http2

import (
	"bytes"
	"strconv"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds HTTP/2 in connections by the preface, on any port: no port is its own.
var Stream = proto.Stream{ID: proto.HTTP2, Looks: isPreface, First: Preface[:1], Resumes: true, New: func() proto.Session { return &session{} }}

const (
	// maxFrame is the longest frame that a side may send before the other one allows more (RFC 9113, 6.5.2).
	maxFrame = 1 << 14
	// maxUnit is how many bytes of frames are one layer: the frames of a segment, however large the card made it.
	maxUnit = 1 << 16
	// manyTexts is how many texts of layers are allocated at once; with less room than for fewTexts others are.
	manyTexts = 512
	fewTexts  = 32
)

// noteGRPC is what a note says of a layer: 1 when its last frame brings a part of a message of gRPC.
const noteGRPC = 0

// IsGRPC reports whether the last frame of a layer brings a part of a message of gRPC, as its note has it.
func IsGRPC(note *field.Note) bool { return note[noteGRPC] != 0 }

type session struct {
	sides   [2]side
	seen    bool // the preface went by, so no field was packed before
	streams map[uint32]*stream
	order   []uint32 // of streams, for those that were open longest
	scratch unpacked
	held    int      // bytes of bodies that are kept
	told    bool     // the latest texts have a body
	texts   []string // of layers, one behind the other: what a layer has does not change
}

// A side is what one direction says.
type side struct {
	unpacker
	begun bool   // header fields went by
	open  uint32 // stream of the block of header fields that the next frame goes on with, 0 without one
	push  bool   // it is that of a promise
}

// Extent takes all frames that are whole; else it waits for the first. After a gap the bytes must look like a frame, for they may be anything.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	switch {
	case len(b) == 0 && p.Len > 0: // not captured
		return proto.NotThis
	case p.Gap && !s.plausible(b):
		return proto.NotThis
	case len(b) < len(Preface) && len(b) == p.Len && bytes.HasPrefix([]byte(Preface), b):
		return proto.More
	case len(b) < headerLen && len(b) == p.Len:
		return proto.More
	case len(b) < headerLen:
		return proto.Extent(p.Len)
	}
	first, at := size(b), 0
	for at < min(maxUnit, len(b)) {
		n := size(b[at:])
		if n == 0 || at+n > p.Len || at > 0 && at+n > len(b) {
			break
		}
		at += n
	}
	return proto.Extent(max(first, at))
}

// Unlock has nothing to do: header fields are packed without a key.
func (s *session) Unlock(proto.Secrets) {}

// Whole says that of header fields all is needed: a part that is missing makes those of later frames unknown.
func (s *session) Whole(p *proto.Piece) bool {
	if len(p.Data) < headerLen || isPreface(p.Data) {
		return false
	}
	f := Frame{Type: p.Data[3]}
	return f.packed()
}

// plausible reports whether b begins with the preface or a frame of a type that is known, no longer than usual, on a stream that the type allows (RFC 9113, 6).
func (s *session) plausible(b []byte) bool {
	if isPreface(b) {
		return true
	}
	if len(b) < headerLen || size(b) > headerLen+maxFrame || b[5]&0x80 != 0 || Types[uint64(b[3])] == "" {
		return false
	}
	zero := b[5]|b[6]|b[7]|b[8] == 0
	switch b[3] {
	case Settings, Ping, GoAway, PriorityUpdate, Origin:
		return zero
	case WindowUpdate, AltSvc, Blocked:
		return true
	}
	return !zero
}

// Unit takes in frames in the order in which they come. Bytes that are missing leave the tables of header fields with entries that are not known;
// bytes that come late cannot be unpacked, for what was packed behind them went by, and tell nothing of what that was.
func (s *session) Unit(u *proto.Unit) {
	if cap(s.texts)-len(s.texts) < fewTexts {
		s.texts = make([]string, 0, manyTexts)
	}
	d := &s.sides[u.Dir]
	if u.Gap && !u.Late && !isPreface(u.Data) {
		d.skip()
		d.open = 0
		s.broken(u.Dir)
	}
	l := proto.UnitLayer{ID: proto.HTTP2, Len: u.Len}
	from := len(s.texts)
	u.Layers = append(u.Layers, l)
	shown := &u.Layers[len(u.Layers)-1]
	Frames(u.Data, func(f *Frame) bool {
		shown.Note[noteGRPC] = 0
		if s.one(u, d, f); !f.Preface && f.Type == Data && s.grpc(f.Stream, u.Dir) {
			shown.Note[noteGRPC] = 1
		}
		return true
	})
	if own := s.texts[from:len(s.texts):len(s.texts)]; len(own) > 0 {
		shown.Texts = own
		if s.told { // a body lives as long as the layer that has it
			s.texts, s.told = nil, false
		}
	}
}

// one takes in one frame.
func (s *session) one(u *proto.Unit, d *side, f *Frame) {
	if f.Preface {
		s.seen = true
		return
	}
	if !f.blocked() {
		s.tell(u, f)
		return
	}
	at := len(s.texts)
	s.texts = append(s.texts, "0", "", "", "")
	var h heading
	if f.packed() {
		s.unpack(u, d, f, &h)
	}
	s.texts[at+blockCount] = strconv.Itoa((len(s.texts) - at - blockLen) / recordLen)
	s.tell(u, f)
	s.message(u, f, &h, s.texts[at:])
}

// unpack undoes the packing of what the frame has of a block of header fields.
func (s *session) unpack(u *proto.Unit, d *side, f *Frame, h *heading) {
	h.promise = f.Type == PushPromise || f.Type == Continuation && d.push
	last := f.has(flagEndHeaders)
	short := f.From+len(f.Body)+f.Padding < headerLen+f.Len
	if u.Late {
		if alone := (unpacker{table: table{partial: true}}); f.Type != Continuation {
			s.texts = alone.block(f.Body, last, short, &s.scratch, s.texts, h.see)
		}
		return
	}
	if !d.begun && !s.seen { // the connection began before the capture
		d.table.partial = true
	}
	switch {
	case f.Type != Continuation && d.open != 0, f.Type == Continuation && d.open != f.Stream: // the end of a block is missing, or its begin
		d.skip()
		if d.open = 0; f.Type == Continuation {
			return
		}
	case f.Type == Continuation && d.lost:
		d.open = 0
		if !last {
			d.open = f.Stream
		}
		return
	}
	d.begun = true
	s.texts = d.block(f.Body, last, short, &s.scratch, s.texts, h.see)
	if d.open, d.push = 0, h.promise; !last {
		d.open = f.Stream
	}
}
