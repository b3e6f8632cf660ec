package content

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A decoder undoes the codings of content as it comes: what is written to it comes out decoded, as far as that can be told yet.
// The readers that do so pull their input, so each runs as a coroutine that stops when it has read all that there is.
type decoder struct {
	feed  feed
	next  func() ([]byte, bool)
	stop  func()
	err   error
	done  bool
	total int64 // bytes that came out
}

// maxDecoded bounds what one content decodes to, in bytes: beyond it compression is an attack.
const maxDecoded = 1 << 30

var (
	errBomb   = fmt.Errorf("it decodes to more than %d bytes", maxDecoded)
	errCoding = errors.New("its coding is not known")
)

// opens are what undoes a coding (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
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

// codingsOf are the codings that a header lists, without those that change nothing, in the order in which they were applied.
func codingsOf(header string) (list []string) {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.ToLower(strings.TrimSpace(one)); one != "" && one != "identity" && one != "chunked" {
			list = append(list, one)
		}
	}
	return list
}

// maxCodings bounds the codings of one content.
const maxCodings = 4

// newDecoder undoes codings, the last one first; an error when one is not known.
func newDecoder(codings []string) (*decoder, error) {
	if len(codings) > maxCodings {
		return nil, errCoding
	}
	for _, c := range codings {
		if opens[c] == nil {
			return nil, errCoding
		}
	}
	d := &decoder{}
	d.next, d.stop = iter.Pull(func(yield func([]byte) bool) {
		d.feed.more = func() bool { return yield(nil) }
		d.err = d.run(codings, yield)
	})
	return d, nil
}

// run reads all through the codings.
func (d *decoder) run(codings []string, yield func([]byte) bool) (err error) {
	var r io.Reader = &d.feed
	for i := len(codings) - 1; i >= 0; i-- {
		if r, err = opens[codings[i]](r); err != nil {
			return err
		}
		if z, ok := r.(*zstd.Decoder); ok {
			defer z.Close()
		}
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if d.total += int64(n); d.total > maxDecoded {
			return errBomb
		}
		if n > 0 && !yield(buf[:n]) {
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// write decodes more; out gets what comes of it.
func (d *decoder) write(b []byte, out func([]byte)) {
	if d.done {
		return
	}
	d.feed.data = b
	d.pull(out)
}

// pull goes on until the coroutine wants more than there is.
func (d *decoder) pull(out func([]byte)) {
	for {
		b, ok := d.next()
		if !ok {
			d.done = true
			return
		}
		if b == nil {
			return
		}
		out(b)
	}
}

// close is for the end of what is decoded: an error when more should follow, or when it is damaged.
func (d *decoder) close(out func([]byte)) error {
	if !d.done {
		d.feed.ended = true
		d.pull(out)
	}
	d.stop()
	return d.err
}

// drop ends the decoder.
func (d *decoder) drop() {
	d.feed.ended = true
	d.stop()
}

// A feed is read as far as there is something, and then waits for more.
type feed struct {
	data  []byte
	ended bool
	more  func() bool // comes back when there is more, or the end; false when nobody wants to go on
}

func (f *feed) Read(p []byte) (int, error) {
	for len(f.data) == 0 {
		if f.ended || !f.more() {
			return 0, io.EOF
		}
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}
