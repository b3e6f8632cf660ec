// Package coding undoes the codings of content that HTTP names (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
package coding

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrUnknown is that of a coding that is not known, or of too many.
var ErrUnknown = errors.New("its coding is not known")

// opens are what undoes a coding.
var opens = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"x-gzip":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"deflate": inflate,
	"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"zstd": func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderMaxWindow(maxWindow))
	},
}

// maxWindow bounds the window of zstd (RFC 9659, 3).
const maxWindow = 8 << 20

// inflate is for deflate, which is the format of zlib, and what some take for it: without its header.
func inflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, err
	}
	const method, check = 8, 31
	if head[0]&0x0f == method && (int(head[0])<<8|int(head[1]))%check == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// Of are the codings that a header lists, without those that change nothing, in the order in which they were applied.
func Of(header string) (list []string) {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.ToLower(strings.TrimSpace(one)); one != "" && one != "identity" && one != "chunked" {
			list = append(list, one)
		}
	}
	return list
}

// maxCodings bounds the codings of one content.
const maxCodings = 4

// Known is [ErrUnknown] when one of the codings is not known, or there are more than anybody applies.
func Known(codings []string) error {
	if len(codings) > maxCodings {
		return ErrUnknown
	}
	for _, c := range codings {
		if opens[c] == nil {
			return ErrUnknown
		}
	}
	return nil
}

// A Reader reads content without its codings. Close it.
type Reader struct {
	io.Reader
	closes []func()
}

// Close gives back what the codings need.
func (r *Reader) Close() error {
	for _, c := range r.closes {
		c()
	}
	return nil
}

// NewReader undoes codings, the last one first. It reads the begin of the content.
func NewReader(in io.Reader, codings []string) (*Reader, error) {
	if err := Known(codings); err != nil {
		return nil, err
	}
	r := &Reader{Reader: in}
	for i := len(codings) - 1; i >= 0; i-- {
		next, err := opens[codings[i]](r.Reader)
		if err != nil {
			r.Close()
			return nil, err
		}
		if z, ok := next.(*zstd.Decoder); ok {
			r.closes = append(r.closes, z.Close)
		}
		r.Reader = next
	}
	return r, nil
}

// Undo is content b without its codings; an error when it is damaged, cut, or longer than most bytes.
func Undo(b []byte, codings []string, most int) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(b), codings)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(out) > most {
		err = errLong
	}
	return out, err
}

var errLong = errors.New("it decodes to more than is kept")
