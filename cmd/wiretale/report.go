package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/scrub"
	"github.com/wiretale/wiretale/view/api"
	"github.com/wiretale/wiretale/view/capture"
	reports "github.com/wiretale/wiretale/view/report"
	"github.com/wiretale/wiretale/view/web"
)

type reportFlags struct {
	format, include, path string
	points                []string
	scrub                 bool
	keyFile               string
}

func newReport(a *app) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report FILE... -o OUT",
		Short: "What was found as one file to send: a page that opens without a server, or Markdown for a ticket",
		Example: `  wiretale report x.pcapng -o x.html
  wiretale report -T md x.pcapng                         for a ticket
  wiretale report --scrub x.pcapng -o toSend.html        without addresses and names
  wiretale report --include conversations client.pcapng server.pcapng -o both.html`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("format") {
				f.format = formatOf(f.path)
			}
			return runReport(cmd.Context(), a, &f, args)
		},
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, "html", "md")
	flags.StringVarP(&f.path, "output", "o", "", "write to this `FILE`, which only you can read when keys opened what is in it; one that ends in .md is Markdown")
	flags.StringVar(&f.include, "include", reports.Includes[0], "of HTML: which `RECORDS` are in it, beside those that prove findings: "+strings.Join(reports.Includes, ", "))
	flags.StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`")
	flags.BoolVar(&f.scrub, "scrub", false, "replace addresses, names and credentials before, as wiretale scrub does")
	flags.StringVar(&f.keyFile, "key-file", "", "with --scrub: replace as the content of this `FILE` says, 16 bytes at least")
	return cmd
}

// formatOf is the format that the name of a file asks for.
func formatOf(path string) string {
	if slices.Contains([]string{".md", ".markdown"}, strings.ToLower(filepath.Ext(path))) {
		return "md"
	}
	return "html"
}

// check finds what is wrong with the flags, and the pages that HTML is made of.
func (f *reportFlags) check(a *app) (fs.FS, error) {
	if err := checkFormat(f.format, "html", "md"); err != nil {
		return nil, err
	}
	if !slices.Contains(reports.Includes, f.include) {
		return nil, usage(oneOf(f.include, reports.Includes...), "--include %q is none of %s", f.include, strings.Join(reports.Includes, ", "))
	}
	switch {
	case f.keyFile != "" && !f.scrub:
		return nil, usage("add --scrub", "--key-file is of --scrub")
	case f.scrub && len(f.points) > 0:
		return nil, usage("name the files alone: a name may tell what is to be hidden", "--scrub and --point exclude one another")
	case f.format == "md":
		return nil, nil
	case (f.path == "" || f.path == "-") && terminal(a.stdout) != nil:
		return nil, usage("add -o x.html, or -T md for Markdown", "a page is not for a terminal")
	}
	pages := web.Built()
	if pages == nil {
		return nil, usage("-T md works; make build makes the pages where Node.js and npm are", "%w", reports.ErrNoPages)
	}
	return pages, nil
}

func runReport(ctx context.Context, a *app, f *reportFlags, args []string) error {
	pages, err := f.check(a)
	if err != nil {
		return err
	}
	named, err := a.pointed(args, f.points)
	if err != nil {
		return err
	}
	out, err := a.followed(f.path, named)
	if err != nil {
		return err
	}
	read, lost := named, error(nil)
	if f.scrub {
		clean, done, err := a.scrubbed(ctx, f, args)
		var damaged *exit
		if errors.As(err, &damaged) && damaged.code == exitDamaged { // what could be read is in the copies
			lost, err = err, nil
		}
		if err != nil {
			return err
		}
		defer done()
		read, a.secrets, a.pointNames = clean, nil, nil
	}
	a.matches = true
	paths, c, done, err := a.firstPass(ctx, read)
	if err != nil {
		return err
	}
	defer done()
	opt := engine.Options{LengthAsSent: a.noTSO, KeepDuplicates: a.keep, DecodeAs: a.rules, Secrets: a.secrets}
	r := &reports.Report{
		Analysis: &api.Analysis{Case: c, Paths: paths, Options: opt, Location: a.location},
		Product:  writtenBy(), Include: reports.Include(f.include), Scrubbed: f.scrub,
	}
	if f.scrub {
		for _, src := range c.Sources { // the folder is nobody's concern
			src.Info.Name = filepath.Base(src.Info.Name)
		}
	}
	var text bytes.Buffer // what is in the file stays when there is an error
	if f.format == "md" {
		err = r.Markdown(&text)
	} else {
		err = a.page(ctx, r, &text, pages)
	}
	if err != nil {
		return err
	}
	w, err := out.open(cleartextIn(a, c))
	if err == nil {
		_, err = w.Write(text.Bytes())
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if a.verbose {
		fmt.Fprintf(a.stderr, "wiretale: %d bytes\n", text.Len())
	}
	return errors.Join(a.damage(c), lost)
}

// cleartextIn reports whether what was opened with keys may be in the report.
func cleartextIn(a *app, c *engine.Case) bool {
	return a.secrets != nil || slices.ContainsFunc(c.Sources, func(s *engine.Source) bool { return len(s.Info.Secrets) > 0 })
}

// page writes HTML, and says what is not in it.
func (a *app) page(ctx context.Context, r *reports.Report, text *bytes.Buffer, pages fs.FS) error {
	e, err := r.HTML(ctx, text, pages)
	if err != nil {
		return err
	}
	if !a.quiet {
		for _, left := range e.Left {
			fmt.Fprintf(a.stderr, "wiretale: %s\n", left)
		}
	}
	return nil
}

// scrubbed are copies of the inputs without what tells people and places apart, in a private folder that done removes. They have names of their own.
func (a *app) scrubbed(ctx context.Context, f *reportFlags, args []string) (clean []string, done func(), err error) {
	files, err := a.files(args)
	if err != nil {
		return nil, nil, err
	}
	paths, spooled, err := a.twice(files)
	if err != nil {
		return nil, nil, err
	}
	defer spooled()
	dir, err := os.MkdirTemp("", "wiretale-*")
	if err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(dir) }
	flags := &scrubFlags{dir: dir, keyFile: f.keyFile, payload: "zero"}
	key, err := flags.key()
	if err != nil {
		done()
		return nil, nil, err
	}
	s, err := scrub.New(key, scrub.Zero)
	if err != nil {
		done()
		return nil, nil, err
	}
	c := scrubbing{app: a, flags: flags, format: capture.Formats()[0], scrubber: s, left: map[string]int64{}}
	for i := range files {
		c.named = append(c.named, fmt.Sprintf("capture%d", i+1))
	}
	err = c.run(ctx, paths)
	a.applications = nil
	for _, out := range c.outs {
		clean = append(clean, out.path)
	}
	return engine.Points(clean), done, err
}
