// Package http2 takes connections of HTTP/2 apart (RFC 9113): the preface and
// the frames of both directions, the lists of header fields that HPACK packs
// (RFC 7541), and the streams, each of which is a request. Numbers are in
// network byte order. Field names are Wireshark's.
package http2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Preface is what a client begins a connection with (RFC 9113, 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// headerLen is the length of the header of a frame (RFC 9113, 4.1).
const headerLen = 9

// Types of frames (RFC 9113, 6; RFC 7838, 4; RFC 8336, 2; RFC 9218, 7.1).
const (
	Data           = 0
	Headers        = 1
	Priority       = 2
	RstStream      = 3
	Settings       = 4
	PushPromise    = 5
	Ping           = 6
	GoAway         = 7
	WindowUpdate   = 8
	Continuation   = 9
	AltSvc         = 10
	Blocked        = 11
	Origin         = 12
	PriorityUpdate = 16
)

// Flags of frames, as far as their types have them.
const (
	flagAck        = 0x01
	flagEndStream  = 0x01
	flagEndHeaders = 0x04
	flagPadded     = 0x08
	flagPriority   = 0x20
)

// Types are the names of the types of frames, Errors those of the codes of errors.
var (
	Types  = proto.Names("http2.type")
	Errors = proto.Names("http2.rst_stream.error")
)

// A Frame is one frame, or the preface.
type Frame struct {
	Preface bool
	Type    byte
	Flags   byte
	Stream  uint32
	Len     int // of the payload, as the header says
	// Body is what there is of the payload without its padding and, in HEADERS, its priority, in PUSH_PROMISE, its promise.
	Body []byte
	// From is where Body begins in the frame.
	From int
	// Promised is the stream that a PUSH_PROMISE promises.
	Promised uint32
	// Padding is how many bytes of padding follow Body.
	Padding int
}

// isPreface reports whether b begins with the preface.
func isPreface(b []byte) bool {
	return len(b) >= len(Preface) && string(b[:len(Preface)]) == Preface
}

// size is the length of the frame that b begins with, 0 when there is too little to tell.
func size(b []byte) int {
	switch {
	case isPreface(b):
		return len(Preface)
	case len(b) < headerLen:
		return 0
	}
	return headerLen + int(b[0])<<16 + int(b[1])<<8 + int(b[2])
}

// frames yields where the frames of a layer are. What there is of the last one may be less than its length.
func frames(b []byte, yield func(off, n int) bool) {
	for at := 0; at < len(b); {
		n := size(b[at:])
		if n == 0 {
			return
		}
		if n = min(n, len(b)-at); !yield(at, n) {
			return
		}
		at += n
	}
}

// Frames yields the frames of a layer, in order.
func Frames(b []byte, yield func(f *Frame) bool) {
	var f Frame
	frames(b, func(off, n int) bool {
		f.decode(b[off : off+n])
		return yield(&f)
	})
}

// decode takes the frame b apart, of which there may be less than its length.
func (f *Frame) decode(b []byte) {
	if isPreface(b) {
		*f = Frame{Preface: true, Len: len(Preface), Body: b}
		return
	}
	*f = Frame{Type: b[3], Flags: b[4], Stream: binary.BigEndian.Uint32(b[5:]) &^ (1 << 31), Len: size(b) - headerLen}
	from := bodyAt(b)
	to := headerLen + f.Len
	if padded(b) && len(b) > headerLen {
		f.Padding = min(int(b[headerLen]), max(0, to-from))
	}
	to -= f.Padding
	f.From = min(from, len(b))
	if f.Type == PushPromise && len(b) >= from {
		f.Promised = binary.BigEndian.Uint32(b[from-4:]) &^ (1 << 31)
	}
	f.Body = b[f.From:max(f.From, min(to, len(b)))]
}

// has reports whether the frame has all the flags. Types without them never do.
func (f *Frame) has(flags byte) bool { return f.Flags&flags == flags }

// Ends reports whether the sender ends the stream with the frame.
func (f *Frame) Ends() bool {
	return !f.Preface && (f.Type == Data || f.Type == Headers) && f.has(flagEndStream)
}

// packed reports whether the frame carries a part of a list of header fields.
func (f *Frame) packed() bool {
	return !f.Preface && (f.Type == Headers || f.Type == PushPromise || f.Type == Continuation)
}

// padded reports whether a frame has a length of padding. Wireshark takes the flag in CONTINUATION for the same, where it means nothing (RFC 9113, 6.10).
func padded(b []byte) bool {
	switch b[3] {
	case Data, Headers, PushPromise, Continuation:
		return b[4]&flagPadded != 0
	}
	return false
}

// bodyAt is where what a frame carries begins.
func bodyAt(b []byte) int {
	at := headerLen
	if padded(b) {
		at++
	}
	switch {
	case b[3] == Headers && b[4]&flagPriority != 0:
		at += 5
	case b[3] == PushPromise:
		at += 4
	}
	return at
}

// A record is one header field of a list as the layer's texts have it: its
// name, its value, how it was represented (RFC 7541, 6), and the index that stood for it, "" without one.
const (
	recordName = iota
	recordValue
	recordForm
	recordIndex
	recordLen
)

// What the texts of a block say before its records.
const (
	blockCount = iota // of the records, in decimal
	blockMedia        // the type of the body that the frame ends, "" when it ends none
	blockFirst        // the first bytes of that body
	blockBody         // its codings and, behind a line end, all of it as it was sent; "" where the frame has all that is shown
	blockLen
)

// blocked reports whether the texts of a layer have a block for the frame: it carries header fields, or ends a stream.
func (f *Frame) blocked() bool { return f.packed() || f.Ends() }

// A Block is what the connection says of a frame that carries header fields or ends a body.
type Block struct {
	Media string // type of the body that the frame ends, without parameters, in lower case
	First string // first bytes of that body, as far as they tell a format
	body  string
	texts []string
}

// Each yields the header fields, in order. A change of the size of the table has no name; its value is the size.
func (k *Block) Each(yield func(name, value, form, index string) bool) {
	for t := k.texts; len(t) >= recordLen; t = t[recordLen:] {
		if !yield(t[recordName], t[recordValue], t[recordForm], t[recordIndex]) {
			return
		}
	}
}

// Count is the number of header fields, changes of the size of the table included.
func (k *Block) Count() int { return len(k.texts) / recordLen }

// Value is that of the first header field with a name; "" without one.
func (k *Block) Value(name string) (found string) {
	k.Each(func(n, value, _, _ string) bool {
		if n == name {
			found = value
		}
		return n != name
	})
	return found
}

// Blocks yields the frames of a layer, each with its block, which is empty for frames that have none.
func Blocks(b []byte, texts []string, yield func(f *Frame, k *Block) bool) {
	Frames(b, func(f *Frame) bool {
		var k Block
		if f.blocked() && len(texts) >= blockLen {
			n, _ := number(texts[blockCount])
			n = min(n*recordLen, len(texts)-blockLen)
			k = Block{Media: texts[blockMedia], First: texts[blockFirst], body: texts[blockBody], texts: texts[blockLen : blockLen+n]}
			texts = texts[blockLen+n:]
		}
		return yield(f, &k)
	})
}

// number is a short decimal number.
func number(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 1<<24 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// of holds for frames of the types, or of any.
func of(types ...byte) func(frame []byte) bool {
	return func(b []byte) bool {
		if len(b) < headerLen || isPreface(b) {
			return false
		}
		for _, t := range types {
			if b[3] == t {
				return true
			}
		}
		return len(types) == 0
	}
}

var walk proto.Walk = frames

// inFrame is a field of each frame that the condition holds for.
func inFrame(f field.Field, when func(frame []byte) bool) field.Field { return walk.In(f, when) }
