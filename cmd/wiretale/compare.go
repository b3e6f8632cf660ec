package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

func newCompare(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "compare SLOW GOOD",
		Short: "Why one run of the same work is slower than another: the ratio of their rates in factors",
		Example: `  wiretale compare ccmexec.pcapng xcopy.pcapng
  wiretale compare slow1.pcapng slow2.pcapng -- good.pcapng    several files of a run
  wiretale compare -T jsonl slow.pcapng good.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error {
			runs, err := twoRuns(a, args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			return runCompare(cmd.Context(), a, format, runs)
		},
	}
	formatFlag(cmd.Flags(), &format, "text", "jsonl")
	return cmd
}

// twoRuns are the files of both runs: one each, or those before and those after "--".
func twoRuns(a *app, args []string, dash int) (runs [2][]string, err error) {
	switch {
	case len(a.read) > 0:
		return runs, usage("name the slow run, then the good one", "compare does not take -r")
	case dash < 0 && len(args) == 2:
		dash = 1
	case dash < 0:
		return runs, usage("put -- between the files of the slow run and those of the good one", "compare takes two runs, of one file each or with -- between them")
	}
	if runs = [2][]string{args[:dash], args[dash:]}; len(runs[0]) == 0 || len(runs[1]) == 0 {
		return runs, usage("", "compare takes two runs, and one has no file")
	}
	_, err = a.files(args)
	return runs, err
}

func runCompare(ctx context.Context, a *app, format string, runs [2][]string) error {
	if err := checkFormat(format, "text", "jsonl"); err != nil {
		return err
	}
	a.applications = a.choice()
	var cases [2]*engine.Case
	var inputs [2]*contrast.Input
	var err error
	for i, paths := range runs {
		if cases[i], inputs[i], err = a.oneRun(ctx, paths); err != nil {
			return err
		}
	}
	c, err := contrast.Compare(inputs[contrast.Slow], inputs[contrast.Good])
	var of *contrast.RunError
	switch {
	case errors.As(err, &of):
		return usage("wiretale requests says what was asked, wiretale stats hierarchy what there is", "%s: %v", runs[of.Run][0], err)
	case err != nil:
		return usage("wiretale requests says what each of them asked", "%s and %s: %v", runs[0][0], runs[1][0], err)
	}
	if format == "jsonl" {
		err = jsonl.Contrast(a.out, cases, c)
	} else {
		err = text.Contrast(a.out, c, runs, [2]view.Names{view.NewNames(runs[0]), view.NewNames(runs[1])}, a.style)
	}
	if err != nil {
		return err
	}
	return errors.Join(a.damage(cases[0]), a.damage(cases[1]))
}

// oneRun reads the files of a run, a second time where connections were held up: the packets say when.
func (a *app) oneRun(ctx context.Context, named []string) (*engine.Case, *contrast.Input, error) {
	paths := make([]string, len(named))
	for i, path := range named {
		if paths[i] = path; path == "-" {
			spooled, err := spool(a.stdin)
			if err != nil {
				return nil, nil, err
			}
			defer os.Remove(spooled)
			paths[i] = spooled
		}
	}
	c, err := a.pass(ctx, paths, engine.Options{Requests: true}, (*engine.Run).All)
	for i, path := range named {
		if path == "-" {
			nameStdin(c, i, err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	applications := a.applications
	a.applications = nil
	defer func() { a.applications = applications }()
	in, err := view.RunOf(c, func(visit func(*engine.Row) error) error {
		_, err := a.each(ctx, paths, c, func(_ *engine.Run, row *engine.Row) error { return visit(row) })
		return err
	})
	return c, in, err
}
