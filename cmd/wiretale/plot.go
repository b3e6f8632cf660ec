package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/plot"
)

type plotFlags struct {
	format    string
	output    string
	size      string
	conv      int
	process   string
	direction string
	from, to  time.Duration
	interval  time.Duration
	filters   []string
	unit      string
	smooth    int
	given     func(flag string) bool
}

func newPlot(a *app) *cobra.Command {
	var f plotFlags
	cmd := &cobra.Command{
		Use:   "plot KIND FILE...",
		Short: "A picture over time: " + strings.Join(kindNames(), ", "),
		Example: `  wiretale plot tcptrace x.pcapng > x.svg
  wiretale plot rtt --conv 3 -o rtt.png x.pcapng
  wiretale plot io --filter total --filter 'tcp.port == 445' --filter errors --interval 100ms -o io.svg x.pcapng

` + kindTable() + `
Without --conv and --process the TCP conversation with the most payload is shown, and of it the
direction with more. The picture goes to standard output, unless that is a terminal.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed
			return runPlot(cmd.Context(), a, &f, args)
		},
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, string(plot.SVG), string(plot.PNG))
	flags.StringVarP(&f.output, "output", "o", "-", "write this `FILE`, whose ending says the format; - is standard output")
	flags.StringVar(&f.size, "size", fmt.Sprintf("%dx%d", plot.UsualSize.Width, plot.UsualSize.Height), "`WIDTHxHEIGHT` in pixels")
	flags.IntVar(&f.conv, "conv", -1, "the conversation with the number `N`, as convs lists it")
	flags.StringVar(&f.process, "process", "", "the largest conversation of the process with this `NAME` or id; all of them in an IO graph")
	flags.StringVar(&f.direction, "direction", "", "show what this `SIDE` sent: client, server (the first and second end that convs lists)")
	flags.DurationVar(&f.from, "from", 0, "begin this `TIME` after the first packet, for example 1.5s")
	flags.DurationVar(&f.to, "to", 0, "end this `TIME` after the first packet")
	flags.DurationVar(&f.interval, "interval", 0, "`TIME` that throughput is averaged over, 1s if not given; that one point of an IO graph stands for")
	flags.StringArrayVar(&f.filters, "filter", nil, "a line of the IO graph: a display `FILTER`, or total, or errors; may be given several times")
	flags.StringVar(&f.unit, "unit", string(plot.UnitPackets), "what the IO graph counts: `UNIT` is one of packets, bytes, bits (a second)")
	flags.IntVar(&f.smooth, "sma", 1, "average each point of the IO graph over `N` intervals around it")
	cmd.MarkFlagsMutuallyExclusive("conv", "process")
	return cmd
}

func kindNames() []string {
	var names []string
	for _, k := range plot.Kinds {
		names = append(names, k.Name)
	}
	return names
}

func kindTable() string {
	var b strings.Builder
	for _, k := range plot.Kinds {
		fmt.Fprintf(&b, "  %-11s %s\n", k.Name, k.About)
	}
	return b.String()
}

func runPlot(ctx context.Context, a *app, f *plotFlags, args []string) error {
	if len(args) == 0 {
		return usage("wiretale plot KIND FILE..., where KIND is one of "+strings.Join(kindNames(), ", "), "no kind of plot is named")
	}
	kind := plot.KindNamed(args[0])
	if kind == nil {
		return usage(oneOf(args[0], kindNames()...), "%q is none of %s", args[0], strings.Join(kindNames(), ", "))
	}
	opt := plot.Options{Kind: kind}
	format, size, err := f.check(a, &opt)
	if err != nil {
		return err
	}
	if f.output == "-" && terminal(a.stdout) != nil {
		return usage(fmt.Sprintf("add -o %s.%s", kind.Name, format), "a picture is not for a terminal")
	}
	named, err := a.inputs(args[1:])
	if err != nil {
		return err
	}
	if err := notAnInput(f.output, named); err != nil {
		return err
	}
	opt.Columns = size.Width
	picture, c, err := a.collect(ctx, f, opt, named)
	if err != nil {
		return err
	}
	if err := a.writePicture(picture, f.output, format, size); err != nil {
		return err
	}
	return a.damage(c)
}

// collect reads the files twice: what is in them decides what is plotted.
func (a *app) collect(ctx context.Context, f *plotFlags, opt plot.Options, named []string) (*plot.Plot, *engine.Case, error) {
	paths, c, done, err := a.firstPass(ctx, named)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if err := a.plotted(c, f, &opt); err != nil {
		return nil, nil, err
	}
	collector := plot.Collect(opt)
	_, err = a.each(ctx, paths, c, func(_ *engine.Run, row *engine.Row) error {
		collector.Add(row)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return plot.New(opt, collector, named, a.location), c, nil
}

// writePicture draws before it opens the file: what is there stays when it cannot be drawn.
func (a *app) writePicture(p *plot.Plot, output string, format plot.Format, size plot.Size) error {
	var picture bytes.Buffer
	if err := p.Write(&picture, format, size); err != nil {
		return err
	}
	if output == "-" {
		_, err := a.out.Write(picture.Bytes())
		return err
	}
	return os.WriteFile(output, picture.Bytes(), 0o666)
}

// plotted completes opt with what the case has.
func (a *app) plotted(c *engine.Case, f *plotFlags, opt *plot.Options) error {
	var sel *view.Selection
	var err error
	if f.conv >= 0 || f.process != "" {
		if sel, err = a.choose(c, &timelineFlags{conv: f.conv, process: f.process}); err != nil {
			return err
		}
	}
	if !opt.Kind.Conversation {
		return everything(c, sel, opt)
	}
	if opt.Conv, err = a.conversation(c, sel); err != nil {
		return err
	}
	if opt.Kind.TCP && opt.Conv.Proto != proto.TCP {
		return usage("wiretale convs lists the conversations", "conversation %d is %s, and a plot of kind %s is of TCP", opt.Conv.ID, view.ProtoName(opt.Conv.Proto), opt.Kind.Name)
	}
	timed := false
	if opt.Start, timed = plot.Begin(c, opt.Conv); !timed {
		return untimed()
	}
	switch f.direction {
	case "":
		opt.Sender = plot.Sender(opt.Conv)
	case "server":
		opt.Sender = 1
	}
	if opt.Interval == 0 {
		opt.Interval = time.Second
	}
	return nil
}

// everything prepares an IO graph, of all rows or of a selection.
func everything(c *engine.Case, sel *view.Selection, opt *plot.Options) error {
	first, last, timed := plot.Span(c)
	if !timed {
		return untimed()
	}
	opt.Start, opt.End = first, last
	if opt.Interval == 0 {
		opt.Interval = opt.UsualInterval()
	}
	if n := opt.Intervals(); n > plot.MaxIntervals {
		return usage(fmt.Sprintf("--interval %v, for example", opt.UsualInterval()), "there are %d intervals of %v in the files, and %d is the most", n, opt.Interval, plot.MaxIntervals)
	}
	if sel != nil {
		opt.Want = sel.Has
	}
	return nil
}

func untimed() error {
	return usage("wiretale timeline shows the order of the records", "the records have no times, and a plot is over time")
}

// conversation is the one of the selection, else the one with the most payload.
func (a *app) conversation(c *engine.Case, sel *view.Selection) (*flow.Conversation, error) {
	if sel != nil && sel.Conv != nil {
		return sel.Conv, nil
	}
	best, among := plot.Largest(c, sel)
	if best == nil {
		return nil, usage("wiretale convs lists the conversations", "there is no TCP conversation to plot")
	}
	if among > 1 && !a.quiet {
		fmt.Fprintf(a.stderr, "wiretale: showing conversation %d, %s, which has the most payload of %d; --conv chooses another\n", best.ID, view.Line(best), among)
	}
	return best, nil
}
