package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
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
	a.applications = a.choice()
	const example = "wiretale show x.pcapng 17"
	if len(args) == 0 {
		return usage(example, "show needs a file and the number of a record")
	}
	number, err := strconv.ParseInt(args[len(args)-1], 10, 64)
	if err != nil || number < 1 {
		return usage(example, "%q is not the number of a record", args[len(args)-1])
	}
	files, err := a.files(args[:len(args)-1])
	if err != nil {
		return err
	}
	if len(files) > 1 {
		return usage(example, "show takes one file, not %d", len(files))
	}
	named := engine.Points(files) // numbers are those of the file
	paths, c, done, err := a.firstPass(ctx, named)
	if err != nil {
		return err
	}
	defer done()
	return a.showRecord(ctx, paths, c, number, format)
}

// seenFor is how long, in nanoseconds, after the record that is shown further sightings of its packet are looked for.
const seenFor = 1_000_000_000

// showRecord prints the record with a number; c is the result of a first pass, for the owner.
func (a *app) showRecord(ctx context.Context, paths []string, c *engine.Case, number int64, format string) error {
	last := int64(0)
	var seen view.Sightings
	var shown *trace.Pos // first record of the packet that was shown
	until := int64(0)
	_, err := a.each(ctx, paths, c, func(run *engine.Run, row *engine.Row) error {
		last = max(last, row.Record.Pos.Number)
		first, placed := seen.Add(row)
		if shown != nil && row.Record.Time > until {
			return errEnough
		}
		if row.Record.Pos.Number != number || !row.Record.Numbered {
			return nil
		}
		if placed && format == "text" {
			shown, until = &first, row.Record.Time+seenFor
			return text.Show(a.out, row, run.Info(row.Source), view.Names{}, !run.Info(row.Source).Untimed, a.style)
		}
		src := run.Info(row.Source)
		if format == "jsonl" {
			return errors.Join(jsonl.NewRows(a.out).Print(row, !src.Untimed), errEnough)
		}
		return errors.Join(text.Show(a.out, row, src, view.Names{}, !src.Untimed, a.style), errEnough)
	})
	if shown != nil && (err == nil || errors.Is(err, errEnough)) {
		return text.Sightings(a.out, seen.Of(*shown), view.Names{}, a.style)
	}
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	}
	var cut *exit
	if err := a.damage(c); err != nil && !errors.As(err, &cut) {
		return err
	}
	return usage("", "%s has no record %d, the last is %d", c.Sources[0].Info.Name, number, last)
}
