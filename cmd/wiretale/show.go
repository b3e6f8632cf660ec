package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

func newShow(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "show FILE N",
		Short:   "One record: every field with its byte range, and the bytes",
		Example: "  wiretale show x.pcapng 17",
		RunE:    func(cmd *cobra.Command, args []string) error { return runShow(cmd.Context(), a, format, args) },
	}
	formatFlag(cmd.Flags(), &format, "text", "jsonl")
	return cmd
}

func runShow(ctx context.Context, a *app, format string, args []string) error {
	if err := checkFormat(format, "text", "jsonl"); err != nil {
		return err
	}
	if len(args) == 0 {
		return usage("wiretale show x.pcapng 17", "show needs a file and the number of a record")
	}
	number, err := strconv.ParseInt(args[len(args)-1], 10, 64)
	if err != nil || number < 1 {
		return usage("wiretale show x.pcapng 17", "%q is not the number of a record", args[len(args)-1])
	}
	paths, err := a.inputs(args[:len(args)-1])
	if err != nil {
		return err
	}
	if len(paths) > 1 {
		return usage("wiretale show x.pcapng 17", "show takes one file, not %d", len(paths))
	}
	last := int64(0)
	c, err := a.each(ctx, paths, nil, func(run *engine.Run, row *engine.Row) error {
		last = max(last, row.Record.Pos.Number)
		if row.Record.Pos.Number != number || !row.Record.Numbered {
			return nil
		}
		src := run.Info(row.Source)
		if format == "jsonl" {
			return errors.Join(jsonl.NewRows(a.out).Print(row, !src.Untimed), errEnough)
		}
		return errors.Join(text.Show(a.out, row, src, view.NewNames(paths), !src.Untimed, a.style), errEnough)
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	}
	a.damage(c)
	return usage("", "%s has no record %d, the last is %d", paths[0], number, last)
}
