package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

func newConvs(a *app) *cobra.Command {
	var format, filter, level string
	cmd := &cobra.Command{
		Use:     "convs FILE...",
		Short:   "Processes and their conversations: counts, bytes, duration, round-trip time, losses, who closed",
		Example: "  wiretale convs server.etl\n  wiretale convs -T jsonl x.pcapng\n  wiretale convs -Y 'tcp.flags.reset == 1' x.pcapng\n  wiretale convs --type ip x.pcapng",
		RunE: func(cmd *cobra.Command, args []string) error {
			if level != "" {
				return runPairs(cmd.Context(), a, format, filter, level, args)
			}
			return runConvs(cmd.Context(), a, format, filter, args)
		},
	}
	formatFlag(cmd.Flags(), &format, "text", "jsonl")
	cmd.Flags().StringVar(&level, "type", "", "pairs of endpoints of this `TYPE`, with what each sent, as tshark -z conv: tcp, udp, ip, ipv6, eth; -Y then takes the frames that count")
	filterFlag(cmd, &filter, "only conversations with frames")
	return cmd
}

func runConvs(ctx context.Context, a *app, format, filter string, args []string) error {
	if err := checkFormat(format, "text", "jsonl"); err != nil {
		return err
	}
	want, err := a.filter(filter)
	if err != nil {
		return err
	}
	paths, err := a.inputs(args)
	if err != nil {
		return err
	}
	var c *engine.Case
	if filter == "" {
		c, err = a.analyse(ctx, paths)
	} else {
		c, err = a.matching(ctx, paths, want)
	}
	if err != nil {
		return err
	}
	if format == "jsonl" {
		err = jsonl.Conversations(a.out, c)
	} else {
		err = text.Conversations(a.out, c, view.NewNames(paths), a.style)
	}
	if err != nil {
		return err
	}
	return a.damage(c)
}

// runPairs lists the pairs of endpoints of one level.
func runPairs(ctx context.Context, a *app, format, filter, name string, args []string) error {
	if err := checkFormat(format, "text", "jsonl"); err != nil {
		return err
	}
	level, err := levelNamed(name)
	if err != nil {
		return err
	}
	only, err := a.filter(filter)
	if err != nil {
		return err
	}
	return a.count(ctx, args, []statistic{newPairs(level, only)}, format)
}
