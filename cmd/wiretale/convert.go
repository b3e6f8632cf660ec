package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view/capture"
)

type convertFlags struct {
	outputFlags
	filter string
	count  int64
}

func newConvert(a *app) *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "convert FILE... -w OUT",
		Short: "Write the packets of any trace as a pcapng or pcap file",
		Example: `  wiretale convert server.etl -w server.pcapng
  wiretale convert -F pcap netmon.cap -w x.pcap
  wiretale convert -Y 'tcp.stream == 3' x.pcapng -w stream3.pcapng
  wiretale convert server.etl -w - | wireshark -k -i -`,
		RunE: func(cmd *cobra.Command, args []string) error { return runConvert(cmd.Context(), a, &f, args) },
	}
	f.add(cmd)
	cmd.Flags().Int64VarP(&f.count, "count", "c", 0, "stop after `N` packets")
	filterFlag(cmd, &f.filter, "only packets")
	return cmd
}

func runConvert(ctx context.Context, a *app, f *convertFlags, args []string) error {
	format, err := f.check(a)
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
	paths, err := a.files(args)
	if err != nil {
		return err
	}
	c := conversion{app: a, flags: f, format: format, named: paths}
	if f.filter != "" {
		c.want = want
	}
	return c.run(ctx)
}

// A conversion copies records into a file.
type conversion struct {
	*app
	flags  *convertFlags
	format capture.Format
	named  []string
	want   *filter.Filter // nil to take all
	out    *output
}

// run makes the pass that the sources and the filter need: over records as they are, over rows, or over rows when
// everything is known of their owners.
func (c *conversion) run(ctx context.Context) error {
	paths, first := c.named, (*engine.Case)(nil)
	if final, err := c.final(ctx); err != nil {
		return err
	} else if final {
		again, known, done, err := c.firstPass(ctx, paths)
		if err != nil {
			return err
		}
		defer done()
		paths, first = again, known
	}
	lost, err := c.pass(ctx, paths, engine.Options{Case: first, Rules: []*diag.Rule{}}, func(run *engine.Run) (err error) {
		c.out, err = c.create(c.flags.path, c.format, c.named, capture.Options{Joined: len(paths) > 1})
		if err != nil {
			return err
		}
		return c.out.finish(c.app, c.copy(run, first != nil))
	})
	if err != nil {
		return err
	}
	if first != nil { // it has the names that the user gave
		lost = first
	}
	return c.damage(lost)
}

// final reports whether rows are wanted with their owners: a source has events, or the filter asks for what the end tells.
func (c *conversion) final(ctx context.Context) (bool, error) {
	if c.want != nil && c.want.Final() {
		return true, nil
	}
	if slices.Contains(c.named, "-") { // standard input can be opened once; an ETL file in it has no owners
		return false, nil
	}
	run, err := engine.Open(ctx, c.named, engine.Options{})
	if err != nil {
		return false, err
	}
	defer run.Close()
	return slices.ContainsFunc(run.Infos(), func(i *trace.Info) bool { return i.Session != nil }), nil
}

// copy writes what the run has.
func (c *conversion) copy(run *engine.Run, owners bool) error {
	for i, info := range run.Infos() {
		if err := c.out.Describe(i, info); err != nil {
			return err
		}
	}
	if err := c.records(run, owners); err != nil {
		return err
	}
	for i, info := range run.Infos() {
		if err := c.out.Describe(i, info); err != nil {
			return err
		}
	}
	return nil
}

// records hands the records of the choice to the file. Several workers test packets where the reader has said of
// interfaces at its start what there is to say.
func (c *conversion) records(run *engine.Run, owners bool) error {
	if c.want == nil && !owners {
		return run.Records(c.record)
	}
	infos := run.Infos()
	if !owners && !c.want.Ordered() && len(infos) == 1 && !infos[0].NamesInterfaces {
		sel := engine.Selection{Match: c.matcher, Visit: func(row *engine.Row) error { return c.record(infos[0], row.Record) }, Skip: func(int64) {}}
		if pair := c.want.Pair(); pair != nil {
			sel.Pair = func() func(*engine.Row) bool { return pair.Matcher().Match }
		}
		return run.Select(sel)
	}
	match := c.matcher()
	return run.Each(func(row *engine.Row) error {
		if !match(row) {
			return nil
		}
		return c.row(row)
	})
}

// matcher is a test of rows. What is no packet passes: it describes those that are.
func (c *conversion) matcher() func(*engine.Row) bool {
	if c.want == nil {
		return func(*engine.Row) bool { return true }
	}
	m := c.want.Matcher()
	return func(row *engine.Row) bool { return row.Packet == nil || m.Match(row) }
}

func (c *conversion) record(info *trace.Info, rec *trace.Record) error {
	if rec.Kind == trace.Packet && c.flags.count > 0 && c.out.packets == c.flags.count {
		return errEnough
	}
	return c.out.write(info, rec)
}

func (c *conversion) row(row *engine.Row) error {
	if row.Record.Kind == trace.Packet {
		annotate(row)
	}
	return c.record(row.Info, row.Record)
}

// annotate adds what only events tell of a packet as comments, in the forms that other tools write: ptcpdump's for the
// process that owns it, etl2pcapng's for who was running.
func annotate(row *engine.Row) {
	rec := row.Record
	m := rec.Meta
	if rec.Event == nil { // a capture says what it knows itself
		return
	}
	if m == nil {
		m = &trace.Meta{}
		rec.Meta = m
	}
	comments := slices.Clip(m.Comments)
	switch p := row.Object.Process; {
	case p != nil:
		comments = append(comments, ownerText(p))
	case m.HasProcess && m.Running:
		comments = append(comments, fmt.Sprintf("PID=%d TID=%d", m.PID, m.TID))
	case row.Header.PID != 0:
		comments = append(comments, fmt.Sprintf("PID=%d TID=%d", row.Header.PID, row.Header.TID))
	}
	if d := m.Drop; d != nil {
		comments = append(comments, strings.TrimSpace(fmt.Sprintf("dropped at %s: %d %s", d.Component, d.Reason, d.ReasonText)))
		if len(m.Verdicts) == 0 { // as etl2pcapng: XDP_DROP
			m.Verdicts = []trace.Verdict{{Type: trace.VerdictXDP, Number: xdpDrop, Data: []byte{xdpDrop, 0, 0, 0, 0, 0, 0, 0}}}
		}
	}
	m.Comments = comments
}

// xdpDrop is XDP_DROP of Linux.
const xdpDrop = 1

// ownerText is ptcpdump's comment.
func ownerText(p *session.Process) string {
	s := fmt.Sprintf("PID: %d", p.PID)
	if name := p.Path; name != "" {
		s += "\nCmd: " + name
	} else if p.Name != "" {
		s += "\nCmd: " + p.Name
	}
	if p.CommandLine != "" {
		s += "\nArgs: " + p.CommandLine
	}
	return s
}
