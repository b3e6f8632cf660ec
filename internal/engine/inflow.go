package engine

import (
	"context"
	"io"
	"sync"
	"time"
)

// An inflow is a stream that may be silent for long, or faster than it is
// looked at. A goroutine reads ahead, as much as maxInflow; whoever waits for more is woken now and then.
type inflow struct {
	ctx  context.Context
	wake func() error // while nothing comes
	tick *time.Ticker
	came chan struct{} // there are bytes, or an end
	room chan struct{} // for more bytes
	fail error         // of wake

	mu  sync.Mutex
	buf []byte // read and not handed out
	off int    // of it, what is handed out
	err error
}

const (
	// maxInflow is how much is read ahead while the rules look: then the writer waits.
	maxInflow = 16 << 20
	inflowRow = 64 << 10
	// waking is the time between two calls of wake.
	waking = 250 * time.Millisecond
)

func newInflow(ctx context.Context, r io.Reader, wake func() error) *inflow {
	in := &inflow{ctx: ctx, wake: wake, tick: time.NewTicker(waking), came: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	go in.pump(r)
	return in
}

// pump reads until the stream ends, or the reader of the inflow is gone. A Read
// that never returns keeps its goroutine: only who opened the stream can end it.
func (in *inflow) pump(r io.Reader) {
	b := make([]byte, inflowRow)
	for in.ctx.Err() == nil {
		n, err := r.Read(b)
		in.mu.Lock()
		if in.off > 0 && in.off == len(in.buf) {
			in.buf, in.off = in.buf[:0], 0
		}
		if in.off > maxInflow/2 {
			in.buf, in.off = in.buf[:copy(in.buf, in.buf[in.off:])], 0
		}
		in.buf = append(in.buf, b[:n]...)
		in.err = err
		full := len(in.buf)-in.off >= maxInflow
		in.mu.Unlock()
		signal(in.came)
		if err != nil {
			return
		}
		if full {
			select {
			case <-in.room:
			case <-in.ctx.Done():
			}
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Read implements io.Reader: it returns what there is, waits for something, and ends with the context.
func (in *inflow) Read(p []byte) (int, error) {
	for {
		if in.fail != nil {
			return 0, in.fail
		}
		in.mu.Lock()
		n := copy(p, in.buf[in.off:])
		in.off += n
		err := in.err
		in.mu.Unlock()
		if n > 0 {
			signal(in.room)
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		select {
		case <-in.came:
		case <-in.tick.C:
			in.fail = in.wake()
		case <-in.ctx.Done():
			return 0, io.EOF
		}
	}
}

// due reports whether it is time to wake: a stream that is never silent has nobody who waits.
func (in *inflow) due() bool {
	select {
	case <-in.tick.C:
		return true
	default:
		return false
	}
}

func (in *inflow) close() { in.tick.Stop() }
