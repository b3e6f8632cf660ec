package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type storyFlags struct {
	format       string
	conversation int
	points       []string
}

func newStory(a *app) *cobra.Command {
	var f storyFlags
	cmd := &cobra.Command{
		Use:   "story FILE...",
		Short: "What happened in one conversation, in a few sentences: who opened it, what was asked, where it waited, who closed",
		Example: `  wiretale story x.pcapng                        the conversation of the first finding
  wiretale story --conversation 4 x.pcapng       of this number, as convs and the report have it`,
		RunE: func(cmd *cobra.Command, args []string) error { return runStory(cmd.Context(), a, &f, args) },
	}
	formatFlag(cmd.Flags(), &f.format, "text", "jsonl")
	cmd.Flags().IntVar(&f.conversation, "conversation", -1, "the conversation of this `NUMBER`, as convs and the report have it; without it that of the first finding")
	cmd.Flags().StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`, as the report does")
	return cmd
}

func runStory(ctx context.Context, a *app, f *storyFlags, args []string) error {
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	c, err := a.analysePointed(ctx, args, f.points)
	if err != nil {
		return err
	}
	conv := view.ToldOf(c)
	switch n := c.Conversations.Len(); {
	case conv == nil:
		return &exit{code: exitUnusable, err: errors.New("no conversation to tell of: no packets between two ends")}
	case f.conversation >= n || f.conversation < -1:
		return usage("wiretale convs lists them", "no conversation %d: they are numbered from 0 to %d", f.conversation, n-1)
	case f.conversation >= 0:
		conv = c.Conversations.At(f.conversation)
	}
	if f.format == "jsonl" {
		err = jsonl.Story(a.out, c, conv)
	} else {
		err = text.Story(a.out, c, conv, a.style)
	}
	if err != nil {
		return err
	}
	return a.damage(c)
}
