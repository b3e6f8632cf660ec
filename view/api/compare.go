package api

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A Compared is why one run of the same work is slower than another.
type Compared struct {
	Lines []any `json:"lines" doc:"those of wiretale compare -T jsonl"`
}

func compareQuery(q *query) answering {
	slow, good := q.number("slow", 0, 0, math.MaxInt16), q.number("good", 1, 0, math.MaxInt16)
	return func(ctx context.Context, a *Analysis) (*pass, error) { return told(a.Compare(ctx, slow, good)) }
}

// Compare compares two of the files as two runs of the same work.
func (a *Analysis) Compare(ctx context.Context, slow, good int) (*Compared, error) {
	switch {
	case len(a.Paths) < 2:
		return nil, unfit("a comparison is of two runs, and there is one file", "open the file of the other run beside it")
	case slow == good || slow >= len(a.Paths) || good >= len(a.Paths):
		return nil, bad(fmt.Sprintf("slow and good are two of %d files, numbered from 0", len(a.Paths)), "")
	}
	var cases [2]*engine.Case
	var inputs [2]*contrast.Input
	for i, file := range []int{slow, good} {
		var err error
		if cases[i], inputs[i], err = a.run(ctx, a.Paths[file]); err != nil {
			return nil, err
		}
	}
	c, err := contrast.Compare(inputs[contrast.Slow], inputs[contrast.Good])
	if err != nil {
		var of *contrast.RunError
		if errors.As(err, &of) {
			err = fmt.Errorf("%s: %w", a.Case.Sources[[]int{slow, good}[of.Run]].Info.Name, err)
		}
		return nil, unfit(err.Error(), "requests says what was asked")
	}
	return &Compared{jsonl.ContrastOf(cases, c)}, nil
}

// run reads a file as a run of its own.
func (a *Analysis) run(ctx context.Context, path string) (*engine.Case, *contrast.Input, error) {
	one := &Analysis{Paths: []string{path}, Options: a.Options, Location: a.Location}
	opt := one.again()
	opt.Rules, opt.Requests, opt.Applications = nil, true, stream.NewChoice(a.Options.DecodeAs)
	run, err := engine.Open(ctx, one.Paths, opt)
	if err != nil {
		return nil, nil, err
	}
	defer run.Close()
	if err := run.All(); err != nil {
		return nil, nil, err
	}
	one.Case = run.Case()
	in, err := view.RunOf(one.Case, func(visit func(*engine.Row) error) error { return one.pass(ctx, &pass{visit: visit}) })
	return one.Case, in, err
}
