package format

import (
	"errors"
	"io"
)

// A Window reads a stream in large blocks and hands out slices into them, so
// that records are not copied. It never allocates more than has really
// arrived plus one block, whatever length a file claims.
type Window struct {
	r     io.Reader
	buf   []byte
	start int   // first unread byte in buf
	end   int   // end of the valid bytes in buf
	off   int64 // offset of buf[start] in the stream
	err   error // what ended the stream, io.EOF included
}

// windowBlock is the size of one read: few system calls, and a few blocks that
// are on their way through several goroutines stay in the cache of a processor.
const windowBlock = 1 << 18

// NewWindow returns a window at the start of r.
func NewWindow(r io.Reader) *Window { return &Window{r: r} }

// Offset is the position of the next byte in the stream.
func (w *Window) Offset() int64 { return w.off }

// Err is what ended the stream: nil while there may be more, io.EOF at its ordinary end.
func (w *Window) Err() error { return w.err }

// Peek returns the next n bytes without consuming them, or as many as there
// are when the stream ends before. The slice is valid until the next call.
func (w *Window) Peek(n int) []byte {
	if w.end-w.start >= n {
		return w.buf[w.start : w.start+n : w.start+n]
	}
	w.fill(n)
	n = min(n, w.end-w.start)
	return w.buf[w.start : w.start+n : w.start+n]
}

// Take consumes the next n bytes; ok is false, and nothing is consumed, when
// the stream ends before. The slice is valid until the next call.
func (w *Window) Take(n int) (b []byte, ok bool) {
	b = w.Peek(n)
	if len(b) < n {
		return nil, false
	}
	w.start += n
	w.off += int64(n)
	return b, true
}

// Left is the number of bytes that are known to be left; all of them once Err is not nil.
func (w *Window) Left() int { return w.end - w.start }

// Discard consumes up to n bytes and returns how many there were.
func (w *Window) Discard(n int64) int64 {
	var done int64
	for done < n {
		step := len(w.Peek(int(min(n-done, windowBlock))))
		if step == 0 {
			break
		}
		w.start += step
		w.off += int64(step)
		done += int64(step)
	}
	return done
}

// fill makes n bytes available if the stream has them.
func (w *Window) fill(n int) {
	for w.end-w.start < n && w.err == nil {
		if w.start > 0 {
			copy(w.buf, w.buf[w.start:w.end])
			w.end -= w.start
			w.start = 0
		}
		if w.end == len(w.buf) {
			grown := make([]byte, max(2*len(w.buf), windowBlock))
			copy(grown, w.buf[:w.end])
			w.buf = grown
		}
		m, err := w.r.Read(w.buf[w.end:])
		w.end += m
		if err != nil {
			w.err = err
		} else if m == 0 {
			w.err = w.retryEmpty()
		}
	}
}

// retryEmpty guards against readers that return 0, nil for ever.
func (w *Window) retryEmpty() error {
	for range 100 {
		m, err := w.r.Read(w.buf[w.end:])
		w.end += m
		if err != nil || m > 0 {
			return err
		}
	}
	return io.ErrNoProgress
}

// Move makes b the window's memory and reads until it is full, or the stream
// ends or has no more for the moment. Slices handed out before stay valid: the
// old memory is the caller's. It returns the memory, which is a larger one
// when what was unread did not fit.
func (w *Window) Move(b []byte) []byte {
	b = b[:cap(b)]
	if left := w.end - w.start; len(b) < max(windowBlock, 2*left) {
		b = make([]byte, max(windowBlock, 2*left))
	}
	w.end = copy(b, w.buf[w.start:w.end])
	w.buf, w.start = b, 0
	for w.end < len(w.buf) && w.err == nil {
		had := w.end
		w.fill(w.end + 1)
		if w.end-had < windowBlock/8 { // a live pipe: what is there is not held back
			break
		}
	}
	return w.buf
}

// Memory is what the slices handed out lie in.
func (w *Window) Memory() []byte { return w.buf }

// Ended reports whether the stream ended in order, at a record's border.
func (w *Window) Ended() bool { return errors.Is(w.err, io.EOF) && w.end == w.start }
