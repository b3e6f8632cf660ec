package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

func newInfo(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "info FILE...",
		Short:   "What is in each file, what is missing from it, and how good the capture is",
		Example: "  wiretale info server.etl",
		RunE:    func(cmd *cobra.Command, args []string) error { return runInfo(cmd.Context(), a, format, args) },
	}
	formatFlag(cmd.Flags(), &format, "text", "jsonl")
	return cmd
}

// look reads the files, and into the messages of applications when there are keys for them.
func (a *app) look(ctx context.Context, paths []string) (*engine.Case, error) {
	if a.secrets == nil {
		return a.analyse(ctx, paths)
	}
	a.applications = a.choice()
	return a.each(ctx, paths, nil, func(*engine.Run, *engine.Row) error { return nil })
}

func runInfo(ctx context.Context, a *app, format string, args []string) error {
	if err := checkFormat(format, "text", "jsonl"); err != nil {
		return err
	}
	paths, err := a.files(args)
	if err != nil {
		return err
	}
	c, err := a.look(ctx, paths)
	if err != nil {
		return err
	}
	if format == "jsonl" {
		err = jsonl.Sources(a.out, c)
	} else {
		err = text.Info(a.out, c, a.verbose, a.style)
	}
	if err != nil {
		return err
	}
	if damaged(c) {
		return &exit{code: exitDamaged}
	}
	return nil
}
