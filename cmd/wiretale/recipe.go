package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type recipeFlags struct {
	format, finding string
	points          []string
}

func newRecipe(a *app) *cobra.Command {
	var f recipeFlags
	cmd := &cobra.Command{
		Use:   "recipe FILE...",
		Short: "What to record next to settle a finding: the commands of wiretale record, tcpdump, dumpcap, pktmon and netsh for each host",
		Example: `  wiretale recipe x.pcapng                 for the first finding
  wiretale recipe --finding 3 x.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error { return runRecipe(cmd.Context(), a, &f, args) },
	}
	formatFlag(cmd.Flags(), &f.format, "text", "jsonl")
	cmd.Flags().StringVar(&f.finding, "finding", "", "the finding: `N`, its number in the report, or the id of its diagnosis; without it the first that is more than a note")
	cmd.Flags().StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`, as the report does")
	return cmd
}

func runRecipe(ctx context.Context, a *app, f *recipeFlags, args []string) error {
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	c, err := a.analysePointed(ctx, args, f.points)
	if err != nil {
		return err
	}
	n := max(0, slices.IndexFunc(c.Findings, func(f diag.Finding) bool { return f.Severity > diag.Note }))
	if f.finding != "" {
		if n, err = chosenFinding(c, f.finding); err != nil {
			return err
		}
	} else if len(c.Findings) == 0 {
		return usage("", "nothing was found, so there is nothing to settle")
	}
	if f.format == "jsonl" {
		err = jsonl.Recipes(a.out, c, n+1)
	} else {
		err = text.Recipe(a.out, c, n+1, a.style)
	}
	if err != nil {
		return err
	}
	return a.damage(c)
}
