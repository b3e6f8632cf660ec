package engine

import (
	"context"
	"errors"
	"io"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

// Follow analyses a capture while it is written, until it ends or ctx is done,
// which is an ordinary end. It returns the case of the last window.
func Follow(ctx context.Context, name string, r io.Reader, opt FollowOptions) (*Follower, *Case, error) {
	var f *Follower
	wake := func() error {
		if f == nil {
			return nil
		}
		if err := f.Idle(); err != nil {
			return err
		}
		return opt.tick(f)
	}
	in := newInflow(ctx, r, wake)
	defer in.close()
	reader, err := formats.Stream(name, in, formats.Options{})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, nil, err
	}
	defer reader.Close()
	f = NewFollower(name, reader.Info(), opt)
	if err := f.all(ctx, in, reader); err != nil {
		return f, nil, err
	}
	c, err := f.End()
	return f, c, err
}

// all follows every record of the reader.
func (f *Follower) all(ctx context.Context, in *inflow, reader trace.Reader) error {
	var rec trace.Record
	for n := 0; ctx.Err() == nil; n++ {
		if err := reader.Next(&rec); err != nil {
			if in.fail != nil {
				return in.fail
			}
			switch {
			case ctx.Err() != nil: // the rest of a record that was on its way is where it comes from, and not lost
				reader.Info().Damage.Unread = 0
			case !isEnd(err):
				f.Cut(err)
			}
			return nil
		}
		if err := f.Add(&rec); err != nil {
			return err
		}
		if n%checkWindow == 0 && in.due() {
			if err := f.opt.tick(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// Cut notes why there are no more records, when that is not the ordinary end.
func (f *Follower) Cut(err error) {
	if !errors.Is(err, io.EOF) {
		f.now.counts.Err = err
	}
}

func (o *FollowOptions) tick(f *Follower) error {
	if o.Tick == nil {
		return nil
	}
	return o.Tick(f)
}
