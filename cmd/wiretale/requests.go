package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type requestFlags struct {
	format string
	list   bool
	most   int
}

func newRequests(a *app) *cobra.Command {
	var f requestFlags
	cmd := &cobra.Command{
		Use:   "requests FILE...",
		Short: "Questions and their answers, of any protocol that has them: service times, sizes, depth, pauses",
		Example: `  wiretale requests copy.pcapng              what each command, conversation and file took
  wiretale requests sql.pcapng               and the thirteen steps of each login to SQL Server
  wiretale requests --list copy.pcapng       every request, a line each
  wiretale requests -T jsonl copy.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error { return runRequests(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, "text", "jsonl")
	flags.BoolVar(&f.list, "list", false, "every request, a line each, in the order of the questions")
	flags.IntVar(&f.most, "top", 10, "`LINES` of each table")
	return cmd
}

func runRequests(ctx context.Context, a *app, f *requestFlags, args []string) error {
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	if f.most < 1 {
		return usage("", "--top %d: a table has at least one line", f.most)
	}
	paths, err := a.inputs(args)
	if err != nil {
		return err
	}
	a.applications = a.choice()
	c, err := a.pass(ctx, paths, engine.Options{Requests: true, Points: true}, (*engine.Run).All)
	if err != nil {
		return err
	}
	names := view.NewNames(paths)
	switch {
	case f.format == "jsonl":
		err = jsonl.Requests(a.out, c)
	case f.list:
		err = text.RequestList(a.out, c, names, a.style)
	default:
		err = text.Requests(a.out, c, names, a.style, f.most)
	}
	if err != nil {
		return err
	}
	return errors.Join(a.locked(c), a.damage(c))
}
