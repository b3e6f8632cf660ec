package main

import (
	"context"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/internal/record"
)

// recorded records interfaces of this host, calls and the stack with their packets where that can be, and gives what record would write.
// done ends it, and gives the error that it ended with.
func (a *app) recorded(ctx context.Context, interfaces []string, filter string) (in io.Reader, done func() error, err error) {
	rec, err := record.Open(record.Config{Interfaces: interfaces, Filter: filter, Ring: liveRing, Application: writtenBy()})
	if err != nil {
		return nil, nil, recordError(err)
	}
	a.missing(rec)
	r, w := io.Pipe()
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := rec.Run(ctx, record.Stream{W: w})
		rec.Close()
		w.CloseWithError(err) // nil is the end of the capture
		ended <- err
	}()
	done = func() error {
		select {
		case err := <-ended: // by itself
			stop()
			return err
		default:
		}
		stop()
		r.Close() // what it still writes nobody reads
		<-ended
		return nil
	}
	return r, done, nil
}

// liveRing is the ring of packets in the kernel for what is only looked at, in bytes.
const liveRing = 64 << 20

// missing says what cannot be recorded, and why.
func (a *app) missing(rec *record.Recorder) {
	if a.quiet {
		return
	}
	for _, n := range rec.Notes {
		fmt.Fprintf(a.stderr, "wiretale: not recorded: %s\n", n)
	}
	if rec.Kept != nil {
		fmt.Fprintf(a.stderr, "wiretale: privileges are kept: %v\n", rec.Kept)
	}
}
