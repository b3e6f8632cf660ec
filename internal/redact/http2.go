package redact

import (
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/http2"
)

const (
	// maxBlock bounds a block of header fields that is put together, in bytes.
	maxBlock = 1 << 18
	// maxBodies bounds the streams whose kind of body is remembered.
	maxBodies  = 1024
	endHeaders = 0x04
)

// packed is one direction of HTTP/2.
type packed struct {
	http2.Unpacker
	pos    int64 // of the next unit
	block  []byte
	pieces []piece // of the block
	stream uint32
	bodies map[uint32]body
}

// A piece of a block lies at pos of the direction.
type piece struct {
	pos int64
	n   int
}

// A body is what the header of a message says of it.
type body struct{ media, packing string }

// frames looks through frames of HTTP/2 (RFC 9113). Values of header fields are written anew in their code: each is as long as it was.
func (s *Session) frames(u *proto.Unit) {
	d := &s.http2[u.Dir]
	if u.Gap || u.Lost > 0 {
		d.Missed()
		d.block, d.pieces = d.block[:0], d.pieces[:0]
	}
	at := 0
	http2.Frames(u.Data, func(f *http2.Frame) bool {
		if f.Preface {
			at += f.Len
			return true
		}
		s.frame(d, f, at)
		at += 9 + f.Len
		return true
	})
	d.pos += int64(u.Len)
}

// frame looks through one frame at an offset of the unit.
func (s *Session) frame(d *packed, f *http2.Frame, at int) {
	switch f.Type {
	case http2.Headers, http2.PushPromise, http2.Continuation:
		if f.Type != http2.Continuation {
			d.block, d.pieces, d.stream = d.block[:0], d.pieces[:0], f.Stream
			if f.Type == http2.PushPromise {
				d.stream = f.Promised
			}
		}
		if len(d.block)+len(f.Body) > maxBlock {
			d.Missed()
			s.blank(at+f.From, len(f.Body))
			return
		}
		d.block = append(d.block, f.Body...)
		d.pieces = append(d.pieces, piece{d.pos + int64(at+f.From), len(f.Body)})
		if f.Flags&endHeaders != 0 {
			s.fields(d)
		}
	case http2.Data:
		b := d.bodies[f.Stream]
		if !plainMedia(b.media) {
			s.spans(at+f.From, findings(f.Body, b.packing))
		}
		if f.Ends() {
			delete(d.bodies, f.Stream)
		}
	}
}

// fields looks through a whole block.
func (s *Session) fields(d *packed) {
	var b body
	read := d.Block(d.block, func(f *http2.HeaderField) {
		name := strings.ToLower(f.Name)
		switch name {
		case "content-type":
			b.media = strings.ToLower(f.Value)
		case "content-encoding":
			b.packing = strings.ToLower(f.Value)
		}
		if f.To == 0 { // the value was blanked where it was added to the table
			return
		}
		parts := inHeader(name, f.Value)
		if f.Name == http2.Unknown {
			parts = []span{{0, len(f.Value)}}
		}
		switch {
		case len(parts) == 0:
		case f.Huffman:
			s.inBlock(d, f.From, hpack.AppendHuffmanString(nil, string(inCode(f.Value, parts))), f.To-f.From)
		default:
			for _, p := range parts {
				s.inBlock(d, f.From+p.from, blanks[:min(p.to-p.from, Longest)], p.to-p.from)
			}
		}
	})
	if n := len(d.block) - read; n > 0 { // nobody can read it
		for i := 0; i < n; i += Longest {
			s.inBlock(d, read+i, blanks[:min(n-i, Longest)], min(n-i, Longest))
		}
	}
	if (b != body{}) && len(d.bodies) < maxBodies {
		if d.bodies == nil {
			d.bodies = map[uint32]body{}
		}
		d.bodies[d.stream] = b
	}
	d.block, d.pieces = d.block[:0], d.pieces[:0]
}

// inBlock puts bytes in the place of n at an offset of a block, wherever its pieces lie.
func (s *Session) inBlock(d *packed, off int, with []byte, n int) {
	for len(with) < n { // longer than one edit of blanks
		with = append(with[:len(with):len(with)], blanks[:min(n-len(with), Longest)]...)
	}
	with = with[:n]
	at := 0
	for _, p := range d.pieces {
		if from, to := max(off, at), min(off+n, at+p.n); from < to {
			s.put(int(p.pos-d.pos)+from-at, with[from-off:to-off])
		}
		at += p.n
	}
}
