package http2

import (
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/coding"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxBody is how many bytes of a body are kept, and maxBodies how many of all of a connection. Longer ones are shown frame by frame.
	maxBody   = 1 << 20
	maxBodies = 4 << 20
	// maxDecoded is what a body may decode to for whoever looks at it.
	maxDecoded = 16 << 20
)

// A kept body is what its frames brought, as long as it is all of it.
type kept struct {
	data   []byte
	part   bool // something of it is missing, or it is too long
	frames int
}

// keep takes in what a frame brings.
func (s *session) keep(u *proto.Unit, f *Frame, k *kept) {
	k.frames++
	whole := f.From+len(f.Body)+f.Padding == headerLen+f.Len
	if k.part = k.part || u.Late || !whole || len(k.data)+len(f.Body) > maxBody || s.held+len(f.Body) > maxBodies; k.part {
		s.drop(k)
		return
	}
	k.data = append(k.data, f.Body...)
	s.held += len(f.Body)
}

// drop forgets what was kept.
func (s *session) drop(k *kept) {
	s.held -= len(k.data)
	k.data = nil
}

// broken is for bytes of a direction that are missing: they may be of any body.
func (s *session) broken(dir int) {
	for _, t := range s.streams {
		k := &t.sides[dir].whole
		k.part = true
		s.drop(k)
	}
}

// told is what the text of a block says of the body that the frame ends; "" where the frame alone says as much.
func (b *body) told(f *Frame) string {
	codings := coding.Of(b.coding)
	if strings.HasPrefix(b.media, "application/grpc") { // a stream of messages, none of which is all
		return ""
	}
	if b.whole.part || b.whole.frames == 0 || f.Type == Data && b.whole.frames == 1 && len(codings) == 0 {
		return ""
	}
	return strings.Join(codings, ",") + "\n" + string(b.whole.data)
}

// content is the body that a frame ends, without its codings where they can be undone; false where the frame alone has it.
func (k *Block) content() ([]byte, bool) {
	codings, data, ok := strings.Cut(k.body, "\n")
	if !ok {
		return nil, false
	}
	if codings != "" {
		if out, err := coding.Undo([]byte(data), strings.Split(codings, ","), maxDecoded); err == nil {
			return out, true
		}
	}
	return []byte(data), true
}

// dataField is what DATA frames bring: their own bytes; the frame that ends a body, which may be that of its trailers, has all of it, decoded, as in Wireshark.
func dataField() field.Field {
	f := carried("http2.data.data", "Data", field.Bytes, Data)
	f.Mixed = func(b []byte, _ *field.Note, texts []string, yield func(field.Span, field.Value) bool) {
		off := 0
		Blocks(b, texts, func(one *Frame, k *Block) bool {
			at := off
			off += headerLen + one.Len
			if one.Preface {
				off = at + one.Len
			}
			if content, ok := k.content(); ok {
				return yield(field.Span{}, field.Value{Type: field.Bytes, B: content})
			}
			return one.Preface || one.Type != Data ||
				yield(field.Span{Off: at + one.From, Len: len(one.Body)}, field.Value{Type: field.Bytes, B: one.Body})
		})
	}
	return f
}
