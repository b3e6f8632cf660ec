package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// firstPass analyses files that will be read a second time, and returns the
// paths for that: standard input goes into a private temporary file, which
// done removes. The case and the error name the sources as the user did.
func (a *app) firstPass(ctx context.Context, named []string) (paths []string, c *engine.Case, done func(), err error) {
	paths, done = named, func() {}
	i := slices.Index(named, "-")
	if i >= 0 {
		spooled, err := spool(a.stdin)
		if err != nil {
			return nil, nil, nil, err
		}
		paths = slices.Clone(named)
		paths[i] = spooled
		done = func() { os.Remove(spooled) }
	}
	c, err = a.analyse(ctx, paths)
	if i >= 0 {
		nameStdin(c, i, err)
	}
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return paths, c, done, nil
}

// twice are the paths for two passes that nobody analyses: standard input goes into a private temporary file, which done removes.
func (a *app) twice(named []string) (paths []string, done func(), err error) {
	i := slices.Index(named, "-")
	if i < 0 {
		return named, func() {}, nil
	}
	spooled, err := spool(a.stdin)
	if err != nil {
		return nil, nil, err
	}
	paths = slices.Clone(named)
	paths[i] = spooled
	return paths, func() { os.Remove(spooled) }, nil
}

// spool copies r into a temporary file that only the user may read.
func spool(r io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "wiretale-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, r)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// nameStdin puts "-" where the name of the temporary file stands.
func nameStdin(c *engine.Case, i int, err error) {
	var unknown *formats.UnknownError
	if errors.As(err, &unknown) {
		unknown.Name = "-"
	}
	var bad *trace.Error
	if errors.As(err, &bad) {
		bad.Source = "-"
	}
	if c == nil || i >= len(c.Sources) {
		return
	}
	src := c.Sources[i]
	src.Info.Name = "-"
	if errors.As(src.Err, &bad) {
		bad.Source = "-"
	}
	for _, e := range src.Info.Damage.First {
		e.Source = "-"
	}
}
