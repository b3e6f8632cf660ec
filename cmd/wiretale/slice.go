package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/scrub"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/capture"
)

type sliceFlags struct {
	scrubFlags
	finding string
	points  []string
	scrub   bool
}

func newSlice(a *app) *cobra.Command {
	var f sliceFlags
	cmd := &cobra.Command{
		Use:   "slice FILE... --finding N -w OUT",
		Short: "Write only the packets that prove a finding, and the handshakes of its connections, into a pcapng file",
		Example: `  wiretale slice --finding 1 x.pcapng -w first.pcapng
  wiretale slice --finding tcp.loss.rto client.pcapng server.pcapng -w loss.pcapng
  wiretale slice --finding 1 --scrub x.pcapng -w toSend.pcapng       without addresses and names`,
		RunE: func(cmd *cobra.Command, args []string) error { return runSlice(cmd.Context(), a, &f, args) },
	}
	f.addPath(cmd)
	cmd.Flags().StringVar(&f.finding, "finding", "", "the finding: `N`, its number in the report, or the id of its diagnosis, for the first of that")
	cmd.Flags().StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`, as the report does")
	cmd.Flags().BoolVar(&f.scrub, "scrub", false, "replace addresses, names and credentials, as wiretale scrub does")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "with --scrub: replace as the content of this `FILE` says, 16 bytes at least")
	return cmd
}

func runSlice(ctx context.Context, a *app, f *sliceFlags, args []string) error {
	switch {
	case f.finding == "":
		return usage("its number in the report of wiretale FILE, or the id of its diagnosis", "no finding named: --finding N")
	case f.keyFile != "" && !f.scrub:
		return usage("add --scrub", "--key-file is of --scrub")
	}
	if err := f.checkPath(a); err != nil {
		return err
	}
	s := slicing{merging: merging{app: a, flags: &mergeFlags{outputFlags: f.outputFlags}}, flags: f}
	paths, done, err := s.begin(ctx, args, f.points)
	if err != nil {
		return err
	}
	defer done()
	c := s.known
	n, err := chosenFinding(c, f.finding)
	if err != nil {
		return err
	}
	s.finding, s.number = &c.Findings[n], n+1
	if err := s.choose(); err != nil {
		return err
	}
	opt := engine.Options{Case: c, Rules: []*diag.Rule{}, Clock: s.clock}
	if f.scrub {
		if s.scrubber, err = s.learned(ctx, paths, opt); err != nil {
			return err
		}
	}
	if _, err = a.pass(ctx, paths, opt, s.write); err != nil {
		return err
	}
	return a.damage(c)
}

// chosenFinding is the index of the finding of that number or rule. One that is told in another is that one.
func chosenFinding(c *engine.Case, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 1 || n > len(c.Findings) {
			return 0, usage("wiretale FILE lists them", "no finding %d: there %s", n, existing(len(c.Findings)))
		}
		return n - 1, nil
	}
	i := slices.IndexFunc(c.Findings, func(f diag.Finding) bool {
		return f.Rule.ID == name || slices.ContainsFunc(f.Parts, func(p diag.Finding) bool { return p.Rule.ID == name })
	})
	if i >= 0 {
		return i, nil
	}
	if ruleByID(name) == nil {
		return 0, usage(ruleHint(name), "no diagnosis %q", name)
	}
	return 0, usage("wiretale FILE lists what was found", "no finding of %s", name)
}

func existing(n int) string {
	if n == 1 {
		return "is 1"
	}
	return fmt.Sprintf("are %d", n)
}

// A slicing is the evidence of a finding on its way into a file.
type slicing struct {
	merging
	flags    *sliceFlags
	finding  *diag.Finding
	number   int
	wanted   map[exhibitAt]*diag.Exhibit
	scrubber *scrub.Scrubber // nil without --scrub
	files    []*scrub.File   // with it, of the sources
	events   int             // exhibits that are events, which the file has no place for
}

type exhibitAt struct {
	source int
	number int64
}

func (s *slicing) choose() error {
	list := s.finding.Exhibits(s.known.Points)
	if len(list) == 0 {
		return usage("", "finding %d, %s, rests on no record", s.number, s.finding.Rule.ID)
	}
	s.wanted = make(map[exhibitAt]*diag.Exhibit, len(list))
	for i := range list {
		s.wanted[exhibitAt{list[i].Source, list[i].Number}] = &list[i]
	}
	return nil
}

// learned makes the pass in which a scrubber learns what connections carry.
func (s *slicing) learned(ctx context.Context, paths []string, opt engine.Options) (*scrub.Scrubber, error) {
	key, err := s.flags.key()
	if err != nil {
		return nil, err
	}
	scrubber, err := scrub.New(key, scrub.Zero)
	if err != nil {
		return nil, err
	}
	learner := scrubbing{app: s.app, scrubber: scrubber}
	s.applications = s.choice()
	s.applications.Observe = scrubber.Message
	_, err = s.pass(ctx, paths, opt, func(run *engine.Run) error { return run.Each(learner.learn) })
	s.applications.Observe = nil
	for _, src := range s.known.Sources {
		s.files = append(s.files, scrub.NewFile(src.Info))
	}
	return scrubber, err
}

// write makes the last pass.
func (s *slicing) write(run *engine.Run) error {
	var sources []capture.Source
	for i, src := range s.known.Sources {
		of := capture.Source{Info: src.Info, Point: s.names[i]}
		if s.scrubber != nil {
			of = capture.Source{Info: s.files[i].Info(), Point: fmt.Sprintf("point%d", 1+slices.Index(s.names, s.names[i]))}
		}
		sources = append(sources, of)
	}
	out, w, err := s.start(s.merging.flags.path, s.named)
	if err != nil {
		return err
	}
	merger := capture.NewMerger(w, sources)
	out.Writer, s.out = merger.PcapNG, out
	err = merger.Begin(trace.Section{Application: writtenBy(), Comments: s.about()})
	if err == nil {
		err = run.Each(func(row *engine.Row) error { return s.row(row, merger) })
	}
	if err == nil {
		s.report()
	}
	return out.finish(s.app, err)
}

// about is what the header of the file says: what is in it, and of what.
func (s *slicing) about() []string {
	f := s.finding
	said := []string{fmt.Sprintf("evidence of a finding: %s, %s, %s", f.Rule.ID, f.Severity, f.Confidence)}
	if f.Cost > 0 {
		said[0] += ", cost " + view.Duration(int64(f.Cost))
	}
	if s.scrubber != nil {
		return said
	}
	var files []string
	for _, p := range s.named {
		files = append(files, filepath.Base(p))
	}
	return append(said, f.Summary, "from "+strings.Join(files, ", "))
}

func (s *slicing) row(row *engine.Row, merger *capture.Merger) error {
	e := s.wanted[exhibitAt{row.Source, row.Record.Pos.Number}]
	if e == nil || !row.Record.Numbered {
		return nil
	}
	if row.Record.Kind != trace.Packet || row.Packet == nil {
		s.events++
		return nil
	}
	rec := *row.Record
	said := append([]string{fmt.Sprintf("frame %d: %s", e.Number, strings.Join(e.What, ", "))}, e.Facts...)
	if s.scrubber != nil {
		rec.Data = s.scrubber.Packet(row.Packet, row.Sighting)
		rec.Meta, rec.Event = scrub.Meta(rec.Meta), nil
		said = said[:1]
	} else {
		annotate(row)
		rec.Meta = row.Record.Meta
		said[0] += ": " + view.ColumnsOf(row).Info
	}
	meta := trace.Meta{}
	if rec.Meta != nil {
		meta = *rec.Meta
	}
	meta.Comments = append(slices.Clip(meta.Comments), strings.Join(said, "\n"))
	rec.Meta = &meta
	s.out.packets++
	return merger.Write(&rec, s.move(&rec))
}

func (s *slicing) report() {
	if s.quiet {
		return
	}
	fmt.Fprintf(s.stderr, "wiretale: finding %d, %s: %d packets\n", s.number, s.finding.Rule.ID, s.out.packets)
	if s.events > 0 {
		fmt.Fprintf(s.stderr, "wiretale: not in %s: events that the finding rests on (%d)\n", s.out.path, s.events)
	}
	if more := len(s.finding.Conversations) - diag.MaxOpened; more > 0 {
		fmt.Fprintf(s.stderr, "wiretale: not in %s: handshakes of further connections (%d)\n", s.out.path, more)
	}
	if s.scrubber != nil {
		fmt.Fprintln(s.stderr, "wiretale: what stays: times, lengths, ports, protocol numbers and states; see docs/scrub.md")
	}
}
