package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type packetsFlags struct {
	format  string
	columns string
	time    string
	fields  []string
	options []string
	count   int
	filter  string
}

func newPackets(a *app) *cobra.Command {
	var f packetsFlags
	cmd := &cobra.Command{
		Use:   "packets FILE...",
		Short: "One row a record: packets and events, in order of time",
		Example: `  wiretale packets x.pcapng
  wiretale packets -t ad.3 -c 20 x.pcapng
  wiretale packets -Y 'ip.addr == 10.0.0.0/8 and tcp.flags.reset == 1' x.pcapng
  wiretale packets --columns netmon server.etl
  wiretale packets -T fields -e frame.number -e ip.src -e tcp.seq -E header=y x.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error { return runPackets(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, packetFormats...)
	flags.StringVar(&f.columns, "columns", text.Layouts[0], "`COLUMNS` of the text: "+strings.Join(text.Layouts, ", ")+" (of version 1, with checksums checked)")
	timeFlag(cmd, &f.time)
	flags.StringArrayVarP(&f.fields, "field", "e", nil, "print this `FIELD` (with -T fields, json, ek); may be given several times")
	flags.StringArrayVarP(&f.options, "option", "E", nil, "`OPTION` of -T fields: header=y, separator=, occurrence=f|l|a, aggregator=, quote=d|s|n, bom=y")
	flags.IntVarP(&f.count, "count", "c", 0, "stop after `N` rows")
	filterFlag(cmd, &f.filter, "only rows")
	return cmd
}

// timeFlag adds -t with tshark's letters, those of view.ClockFormats.
func timeFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVarP(to, "time", "t", "r",
		"times as `FORMAT`: r since the first row, d since the row before, dd since the displayed row before, a time of day, ad with date, adoy with day of the year, u, ud and udoy in UTC, e since 1970; .N for N decimals")
}

func (a *app) clock(format string) (*view.Clock, error) {
	c, err := view.NewClock(format, a.location)
	if err != nil {
		return nil, usage("one of a, ad, adoy, d, dd, e, r, u, ud, udoy, and maybe .N: -t ad.3", "-t %w", err)
	}
	return c, nil
}

// errEnough ends a run whose reader has all it wants.
var errEnough = errors.New("enough rows")

// A rowPrinter prints one row; timed is false when its source has no times.
type rowPrinter interface {
	Print(row *engine.Row, timed bool) error
}

func runPackets(ctx context.Context, a *app, f *packetsFlags, args []string) error {
	clock, err := a.clock(f.time)
	if err != nil {
		return err
	}
	if f.count < 0 {
		return usage("", "-c %d is less than 0", f.count)
	}
	want, err := a.filter(f.filter)
	if err != nil {
		return err
	}
	if a.applications != nil || f.showsApplications() {
		a.applications = a.choice()
	}
	paths, err := a.inputs(args)
	if err != nil {
		return err
	}
	printer, final, err := packetsPrinter(a, f, clock, view.NewNames(paths))
	if err != nil {
		return err
	}
	var first *engine.Case
	if final || want.Final() {
		again, c, done, err := a.firstPass(ctx, paths)
		if err != nil {
			return err
		}
		defer done()
		paths, first = again, c
	}
	return finish(printer, a.rows(ctx, paths, first, clock, f.count, printer, f.choice(want)))
}

// showsApplications reports whether what is printed depends on the protocols of applications: fields do not, unless they are theirs.
func (f *packetsFlags) showsApplications() bool {
	if f.format != "fields" && len(f.fields) == 0 {
		return true
	}
	return slices.ContainsFunc(f.fields, view.OfApplications)
}

// choice is what the filter takes. Numbers of streams and relative times are those in the order of all rows.
func (f *packetsFlags) choice(want *filter.Filter) choice {
	c := choice{
		match: func() func(*engine.Row) bool { return want.Matcher().Match },
		apart: f.filter != "" && !want.Ordered() && !slices.ContainsFunc(f.fields, session.InOrder),
	}
	if pair := want.Pair(); pair != nil {
		c.pair = func() func(*engine.Row) bool { return pair.Matcher().Match }
	}
	return c
}

// packetsPrinter chooses the view. final is true when it shows owners, which only the whole file tells.
func packetsPrinter(a *app, f *packetsFlags, clock *view.Clock, names view.Names) (printer rowPrinter, final bool, err error) {
	if err := checkFormat(f.format, packetFormats...); err != nil {
		return nil, false, err
	}
	layout := slices.Index(text.Layouts, f.columns)
	if layout < 0 {
		return nil, false, usage(oneOf(f.columns, text.Layouts...), "--columns %q is none of %s", f.columns, strings.Join(text.Layouts, ", "))
	}
	if err := f.checkFields(); err != nil {
		return nil, false, err
	}
	switch f.format {
	case "jsonl":
		return jsonl.NewRows(a.out), true, nil
	case "json", "ek":
		printer, err := tsharkPrinter(a, f)
		return printer, true, err
	case "fields":
		columns, err := chosen(f.fields)
		if err != nil {
			return nil, false, err
		}
		opt, err := text.ParseFieldOptions(f.options)
		if err != nil {
			return nil, false, usage("for example -E header=y -E separator=,", "%w", err)
		}
		final := slices.ContainsFunc(f.fields, func(name string) bool { return strings.HasPrefix(name, "frame.process.") || name == "conv.id" })
		return text.NewFields(a.out, columns, opt), final, nil
	}
	of := text.Layout(layout)
	return text.NewRows(a.out, names, clock, of, a.style), of == text.NetMon, nil
}

// chosen finds the fields of -e.
func chosen(names []string) ([]view.Column, error) {
	if len(names) == 0 {
		return nil, usage("for example -e frame.number -e ip.src", "-T fields needs at least one -e")
	}
	var columns []view.Column
	for _, name := range names {
		c, ok := view.NewColumn(name)
		if !ok {
			hint := ""
			if n := spell.Nearest(name, fieldNames()); n != "" {
				hint = "did you mean " + n
			}
			return nil, usage(hint, "-e %s: no such field", name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

func fieldNames() []string {
	var names []string
	for _, f := range view.FieldNames() {
		names = append(names, f.Name)
	}
	return names
}

// A choice says which rows are printed; the zero value takes all.
type choice struct {
	match func() func(*engine.Row) bool
	pair  func() func(*engine.Row) bool // as engine.Selection.Pair
	// apart is true when rows may be tested out of order: what is printed of them does not depend on it either.
	apart bool
	// lanes, when set, gives rows the one clock of several points.
	lanes *view.Lanes
}

// rows prints the rows of the choice, at most limit of them when that is not 0.
func (a *app) rows(ctx context.Context, paths []string, first *engine.Case, clock *view.Clock, limit int, printer rowPrinter, of choice) error {
	printed := 0
	opt := engine.Options{Case: first, Rules: []*diag.Rule{}} // nobody looks at findings
	if of.lanes != nil {
		opt.Clock = of.lanes.Clock
	}
	c, err := a.pass(ctx, paths, opt, func(run *engine.Run) error {
		show := func(row *engine.Row) error {
			t := row.Record.Time
			if of.lanes != nil {
				t, _ = of.lanes.Time(row)
			}
			clock.Seen(t)
			row.Displayed = clock.Displayed()
			if err := printer.Print(row, !run.Info(row.Source).Untimed); err != nil {
				return err
			}
			clock.Done(t, true)
			if printed++; printed == limit {
				return errEnough
			}
			return nil
		}
		skip := func(t int64) { clock.Seen(t); clock.Done(t, false) }
		if of.apart {
			return run.Select(engine.Selection{Match: of.match, Pair: of.pair, Visit: show, Skip: skip})
		}
		match := func(*engine.Row) bool { return true }
		if of.match != nil {
			match = of.match()
		}
		return run.Each(func(row *engine.Row) error {
			if match(row) {
				return show(row)
			}
			if of.lanes != nil {
				t, _ := of.lanes.Time(row)
				skip(t)
				return nil
			}
			skip(row.Record.Time)
			return nil
		})
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.Is(err, context.Canceled):
		return errors.Join(a.out.Flush(), err)
	case err != nil:
		return err
	}
	if a.verbose {
		fmt.Fprintf(a.stderr, "wiretale: %d rows\n", printed)
	}
	locked := c
	if first != nil { // it has the names that the user gave
		c = first
	}
	return errors.Join(a.locked(locked), a.damage(c))
}
