package content

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/coding"
	"github.com/wiretale/wiretale/internal/request"
)

// A body is the content of a message on its way.
type body struct {
	head    *Head
	dir     int
	stream  uint32
	decoder *decoder // nil when nothing is to be undone
	why     string
	emit    func(*Part)
	mark    request.Mark
}

// begin tells of the head, and what is to be undone of the content.
func (b *body) begin(head *Head, text []byte, codings []string, dir int, stream uint32, mark request.Mark, emit func(*Part)) {
	*b = body{head: head, dir: dir, stream: stream, emit: emit, mark: mark}
	if len(codings) > 0 {
		var err error
		if b.decoder, err = newDecoder(codings); err != nil {
			b.why = fmt.Sprintf("%s: %v", head.Coding, err)
		}
	}
	emit(&Part{Kind: HeadPart, Dir: dir, Stream: stream, Mark: mark, Head: head, Bytes: text})
}

// open reports whether a message is on its way.
func (b *body) open() bool { return b.head != nil }

// write takes in content as it was sent.
func (b *body) write(data []byte, lost int64, mark request.Mark) {
	b.mark = mark
	if lost > 0 && b.decoder != nil { // what follows cannot be decoded
		b.decoder.drop()
		b.decoder, b.why = nil, fmt.Sprintf("%d bytes are missing in the capture, so the rest cannot be decoded (%s)", lost, b.head.Coding)
		b.part(nil, lost)
		return
	}
	if b.decoder == nil {
		if b.why == "" || b.head.Coding == "" || b.undecoded() {
			b.part(data, lost)
		}
		return
	}
	b.decoder.write(data, func(out []byte) { b.part(out, 0) })
}

// undecoded reports whether the content is shown as it was sent, as nobody knows its coding.
func (b *body) undecoded() bool {
	return b.why == fmt.Sprintf("%s: %v", b.head.Coding, coding.ErrUnknown)
}

func (b *body) part(data []byte, lost int64) {
	if len(data) > 0 || lost > 0 {
		b.emit(&Part{Kind: BodyPart, Dir: b.dir, Stream: b.stream, Mark: b.mark, Head: b.head, Bytes: data, Lost: lost})
	}
}

// end ends the message; why says what is missing of it.
func (b *body) end(why string) {
	if !b.open() {
		return
	}
	if b.decoder != nil {
		if why != "" { // the decoder does not know that more was to come
			b.decoder.close(func(out []byte) { b.part(out, 0) })
		} else if err := b.decoder.close(func(out []byte) { b.part(out, 0) }); err != nil {
			why = fmt.Sprintf("%s: %v", b.head.Coding, err)
		}
	}
	if b.why != "" {
		why = b.why
	}
	b.emit(&Part{Kind: EndPart, Dir: b.dir, Stream: b.stream, Mark: b.mark, Head: b.head, Why: why})
	*b = body{}
}
