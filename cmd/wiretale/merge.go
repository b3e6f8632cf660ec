package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/capture"
)

type mergeFlags struct {
	outputFlags
	points  []string
	noShift bool
}

func newMerge(a *app) *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge FILE... -w OUT",
		Short: "Write the captures of several points into one pcapng file, on one clock",
		Example: `  wiretale merge client.pcapng server.etl -w both.pcapng
  wiretale merge --point client=a.pcap --point server=b.pcap -w both.pcapng
  wiretale merge --point client=a1.pcap --point client=a2.pcap server.pcap -w all.pcapng    files of one point
  wiretale merge --no-shift ring_0*.pcap -w ring.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error { return runMerge(cmd.Context(), a, &f, args) },
	}
	f.addPath(cmd)
	cmd.Flags().StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`; several files may be of one point; others are named after their files")
	cmd.Flags().BoolVar(&f.noShift, "no-shift", false, "leave times as they are")
	return cmd
}

func runMerge(ctx context.Context, a *app, f *mergeFlags, args []string) error {
	if err := f.checkPath(a); err != nil {
		return err
	}
	m := merging{app: a, flags: f}
	paths, done, err := m.begin(ctx, args, f.points)
	if err != nil {
		return err
	}
	defer done()
	if _, err = a.pass(ctx, paths, engine.Options{Case: m.known, Rules: []*diag.Rule{}, Clock: m.clock}, m.write); err != nil {
		return err
	}
	return a.damage(m.known)
}

// A merging is files on their way into one.
type merging struct {
	*app
	flags  *mergeFlags
	named  []string
	known  *engine.Case
	names  []string // point of each source
	clocks []*point.Timebase
	out    *output
}

// begin makes the first pass. paths are for the second one, and done is to be called when that is over.
func (m *merging) begin(ctx context.Context, args, points []string) (paths []string, done func(), err error) {
	if m.named, err = m.pointed(args, points); err != nil {
		return nil, nil, err
	}
	if paths, m.known, done, err = m.firstPass(ctx, m.named); err != nil {
		return nil, nil, err
	}
	m.gather(m.pointNames)
	return paths, done, nil
}

// gather finds which files are of one point, and their clocks.
func (m *merging) gather(given []string) {
	r := m.known.Points
	for i, src := range m.known.Sources {
		name := given[i]
		if name == "" && r != nil {
			name = r.Of(i).Name
		} else if name == "" {
			name = strings.TrimSuffix(filepath.Base(src.Info.Name), filepath.Ext(src.Info.Name))
		}
		m.names = append(m.names, name)
		clock := &point.Timebase{}
		if r != nil && !m.flags.noShift {
			clock = r.Clock(i)
		}
		m.clocks = append(m.clocks, clock)
	}
}

// clock is the time of a record on the one clock.
func (m *merging) clock(rec *trace.Record) int64 { return m.move(rec)(rec.Time) }

// move says what times of the record's source are on the one clock.
func (m *merging) move(rec *trace.Record) func(t int64) int64 {
	base, number := m.clocks[rec.Pos.Source], rec.Pos.Number
	return func(t int64) int64 {
		at, _ := base.At(number, t)
		return at
	}
}

// write makes the second pass.
func (m *merging) write(run *engine.Run) error {
	var sources []capture.Source
	for i, src := range m.known.Sources {
		sources = append(sources, capture.Source{Info: src.Info, Point: m.names[i]})
	}
	out, w, err := m.start(m.flags.path, m.named)
	if err != nil {
		return err
	}
	merger := capture.NewMerger(w, sources)
	out.Writer, m.out = merger.PcapNG, out
	said := m.said()
	for _, line := range said {
		if !m.quiet {
			fmt.Fprintf(m.stderr, "wiretale: %s\n", line)
		}
	}
	err = merger.Begin(trace.Section{Application: writtenBy(), Comments: m.comments(said, merger)})
	if err == nil {
		err = m.copy(run, merger)
	}
	return out.finish(m.app, err)
}

func (m *merging) copy(run *engine.Run, merger *capture.Merger) error {
	write := func(rec *trace.Record) error {
		if rec.Kind == trace.Packet {
			m.out.packets++
		}
		return merger.Write(rec, m.move(rec))
	}
	if slices.ContainsFunc(run.Infos(), func(i *trace.Info) bool { return i.Session != nil }) {
		return run.Each(func(row *engine.Row) error {
			if row.Record.Kind == trace.Packet {
				annotate(row)
			}
			return write(row.Record)
		})
	}
	return run.Records(func(_ *trace.Info, rec *trace.Record) error { return write(rec) })
}

// several reports whether there is more than one point.
func (m *merging) several() bool {
	return slices.ContainsFunc(m.names, func(name string) bool { return name != m.names[0] })
}

// said is what was done to the clock of each file.
func (m *merging) said() (lines []string) {
	r := m.known.Points
	for i, src := range m.known.Sources {
		file := view.Printable(filepath.Base(src.Info.Name))
		if m.several() {
			file = view.Printable(m.names[i]) + " (" + file + ")"
		}
		base := m.clocks[i]
		switch {
		case r == nil || !m.several():
			continue
		case m.flags.noShift:
			lines = append(lines, file+": times as they are")
		case base.Reference:
			lines = append(lines, file+": times as they are; its clock is that of all")
		case !base.Linked:
			lines = append(lines, file+": times as they are: no packet in common with another file tells how far its clock is off")
		default:
			for _, s := range base.Stretches {
				lines = append(lines, fmt.Sprintf("%s: %s", file, shiftText(&s, base, max(1, r.Of(i).Unit))))
			}
		}
	}
	return lines
}

// shiftText says how the times in a stretch were moved.
func shiftText(s *point.Stretch, base *point.Timebase, unit int64) string {
	err := s.Error + base.Tick
	by := diag.Uncertain(-s.Offset[0], err, unit)
	if end := diag.Uncertain(-s.Offset[1], err, unit); end != by {
		by += " at its start and " + end + " at its end"
	}
	text := "moved by " + by
	switch base.Bound {
	case point.AtMost, point.AtLeast, point.Loose:
		text += "; packets went one way only, so the time on the way is in it"
	}
	if len(base.Stretches) > 1 {
		text += ", from " + view.ISO(s.From) + " on"
	}
	return text
}

// comments are what the header of the file says for people.
func (m *merging) comments(said []string, merger *capture.Merger) []string {
	if !m.several() {
		var files []string
		for _, p := range m.named {
			files = append(files, filepath.Base(p))
		}
		return []string{"merged from " + strings.Join(files, ", ")}
	}
	filters := merger.Filters()
	first := fmt.Sprintf("merged from %d capture points: a packet that passed several is here once for each, and looks retransmitted unless one point is shown at a time", len(filters))
	return slices.Concat([]string{first}, filters, said)
}
