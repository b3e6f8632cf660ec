package content

import (
	"fmt"
	"io"
	"iter"

	"github.com/wiretale/wiretale/internal/coding"
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

var errBomb = fmt.Errorf("it decodes to more than %d bytes", maxDecoded)

// newDecoder undoes codings, the last one first; an error when one is not known.
func newDecoder(codings []string) (*decoder, error) {
	if err := coding.Known(codings); err != nil {
		return nil, err
	}
	d := &decoder{}
	d.next, d.stop = iter.Pull(func(yield func([]byte) bool) {
		d.feed.more = func() bool { return yield(nil) }
		d.err = d.run(codings, yield)
	})
	return d, nil
}

// run reads all through the codings.
func (d *decoder) run(codings []string, yield func([]byte) bool) error {
	r, err := coding.NewReader(&d.feed, codings)
	if err != nil {
		return err
	}
	defer r.Close()
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
