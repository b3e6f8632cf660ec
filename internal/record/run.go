//go:build linux

package record

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/file"
)

const (
	flushAt    = 256 << 10
	flushAfter = 100 * time.Millisecond
	countEvery = time.Second
	// crowded is how many events wait at most for packets of their time.
	crowded = 200_000
)

// Run records until the context is done, the command has ended, or an error.
//
//  1. Take what the tracer and the rings have.
//  2. Write what is older than the time that the slowest of them may be late by, in the order of time.
//  3. Look at the clock, and once a second write how much was lost.
//  4. Sleep a tick unless there is much to do.
//  5. At the end stop all, take the rest, and write that.
func (r *Recorder) Run(ctx context.Context, out Output) (err error) {
	began, flushed, counted := time.Now(), time.Now(), time.Now()
	if err := r.open(out); err != nil {
		return err
	}
	r.out.Clock(r.clock.began+r.clock.offset, r.clock.began, r.clock.uncertain)
	defer func() {
		if end := r.finish(out); err == nil {
			err = end
		}
	}()
	for {
		done := ctx.Err() != nil || r.command.ended()
		if done {
			if r.tracer != nil {
				time.Sleep(tick) // what the last call of a command wrote is on its way
				r.tracer.Stop()
			}
			time.Sleep(2 * tick) // the kernel hands over blocks that are not full after a tick
			for _, t := range r.rings {
				t.Stop()
			}
		}
		busy := r.take(done)
		limit := now(unix.CLOCK_REALTIME) - int64(hold)
		if done || r.events.len() > crowded {
			limit = math.MaxInt64
		}
		r.merge(limit)
		r.look()
		switch {
		case r.out.Pending() >= flushAt || time.Since(flushed) >= flushAfter || done:
			if err := r.out.Flush(); err != nil {
				return err
			}
			flushed = time.Now()
		}
		if done {
			return nil
		}
		if time.Since(counted) >= countEvery {
			counted = time.Now()
			r.statistics()
			r.counts.Bytes = r.out.Size()
			if out.Full(r.out.Size(), time.Since(began)) {
				began = time.Now()
				if err := r.next(out); err != nil {
					return err
				}
			}
		} else if r.out.Size() >= flushAt && out.Full(r.out.Size(), time.Since(began)) {
			began = time.Now()
			if err := r.next(out); err != nil {
				return err
			}
		}
		if !busy {
			r.sleep(ctx)
		}
	}
}

// open begins the next file.
func (r *Recorder) open(out Output) error {
	w, err := out.Open()
	if err != nil {
		return err
	}
	return r.out.Switch(w)
}

func (r *Recorder) next(out Output) error {
	r.statistics()
	if err := r.done(out, r.out.Flush()); err != nil {
		return err
	}
	return r.open(out)
}

// done ends a file, behind its last whole block.
func (r *Recorder) done(out Output, err error) error {
	whole := r.out.Size()
	var failed *file.WriteError
	if errors.As(err, &failed) {
		whole = failed.Whole
	}
	return errors.Join(err, out.Done(whole))
}

// finish writes what was lost, and ends the file.
func (r *Recorder) finish(out Output) error {
	r.statistics()
	if r.tracer != nil {
		r.out.EventsLost(now(unix.CLOCK_REALTIME), r.tracer.Lost()-r.counts.EventsLost)
		r.counts.EventsLost = r.tracer.Lost()
	}
	r.counts.Bytes = r.out.Size()
	return r.done(out, r.out.Flush())
}

// sleep waits a tick, or until a block is full.
func (r *Recorder) sleep(ctx context.Context) {
	fds := make([]unix.PollFd, 0, 8)
	for _, t := range r.rings {
		if len(t.blocks) == 0 {
			fds = append(fds, unix.PollFd{Fd: int32(t.FD()), Events: unix.POLLIN})
		}
	}
	if len(fds) < len(r.rings) || len(fds) == 0 || r.tracer != nil {
		select {
		case <-ctx.Done():
		case <-time.After(tick / 2):
		}
		return
	}
	unix.Poll(fds, int(tick/time.Millisecond))
}

// take takes what there is, and reports whether there is likely to be more at once.
func (r *Recorder) take(all bool) (busy bool) {
	if r.tracer != nil {
		busy = r.tracer.Waiting() > 0.1
		n := 0
		r.tracer.Read(func(e *event.Event) bool {
			e.Time += r.clock.offset
			r.events.push(e)
			n++
			return n < crowded || all
		})
	}
	for _, t := range r.rings {
		for {
			b, ok := t.Take()
			if !ok {
				break
			}
			t.blocks = append(t.blocks, b)
		}
		busy = busy || len(t.blocks) > 4
	}
	return busy
}

// merge writes events and packets up to a time in the order of their times.
// A ring that is half full is written whatever its times are.
func (r *Recorder) merge(limit int64) {
	for {
		var from *taken
		next := int64(math.MaxInt64)
		for _, t := range r.rings {
			at, ok := t.peek()
			if ok && at < next && (at <= limit || 2*t.Held() > t.Blocks()) {
				from, next = t, at
			}
		}
		for {
			e := r.events.first()
			if e == nil || e.Time > next || e.Time > limit && from == nil {
				break
			}
			r.event(e)
			r.events.pop()
		}
		if from == nil {
			return
		}
		r.packet(from)
		if r.out.Pending() >= 4*flushAt && r.out.Flush() != nil {
			return
		}
	}
}

// peek is the time of the next packet. Blocks that are used up go back to the kernel.
func (t *taken) peek() (int64, bool) {
	for len(t.blocks) > 0 {
		if at, ok := t.blocks[0].Peek(); ok {
			return at, true
		}
		t.blocks = t.blocks[1:]
		t.Give()
	}
	return 0, false
}

// look looks whether the clock was set.
func (r *Recorder) look() {
	mono, real, step := r.clock.check()
	if step != 0 {
		r.counts.Steps++
		r.out.Step(real, mono, step)
	}
}

// statistics writes what each interface has received and lost so far.
func (r *Recorder) statistics() {
	at := now(unix.CLOCK_REALTIME)
	for _, t := range r.rings {
		received, lost := t.Counts()
		if t.first < 0 && t.device != 0 { // an interface without a packet
			t.first = r.device(t.device, 0)
		}
		if t.first >= 0 {
			r.out.Statistics(t.first, r.start, at, received, lost)
		}
	}
	if r.tracer != nil {
		if n := r.tracer.Lost(); n > r.counts.EventsLost {
			r.out.EventsLost(at, n-r.counts.EventsLost)
			r.counts.EventsLost = n
		}
	}
}
