package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/text"
)

// An app is one run of the program: its streams and the flags that every command has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	out            *bufio.Writer // over stdout
	read           []string      // -r
	color          string
	zone           string
	quiet, verbose bool
	noTSO          bool     // an IP length of 0 is taken at its word
	keep           bool     // duplicates count as packets
	points         bool     // several files are compared as capture points
	matches        bool     // which record of one is which of another is kept
	pointNames     []string // of the points, "" for that of the file
	style          text.Style
	location       *time.Location
	as             []string       // -d
	rules          stream.Rules   // from it
	keys           []string       // --keys
	passwordFiles  []string       // --password-file
	explain        bool           // --explain-tls
	secrets        *secrets.Store // from them; nil without any
	applications   *stream.Choice // of the passes whose rows are handed out; nil when no row needs them
}

const outBuffer = 64 << 10

// run executes the program and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, out: bufio.NewWriterSize(stdout, outBuffer)}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(a.out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if flush := a.out.Flush(); err == nil {
		err = flush
	}
	return report(stderr, err)
}

// prepare checks the flags that every command has.
func (a *app) prepare() (err error) {
	if a.style, err = styleOf(a.stdout, a.color); err != nil {
		return err
	}
	if a.location, err = time.LoadLocation(a.zone); err != nil {
		return usage("a name of the time zone database, such as Europe/Berlin, or UTC, or Local", "--tz %q is not a known time zone", a.zone)
	}
	if a.rules, err = decodeAs(a.as); err != nil {
		return err
	}
	return a.loadKeys()
}

// inputs are the sources to read: the files, and of a merged one its points.
func (a *app) inputs(args []string) ([]string, error) {
	files, err := a.files(args)
	if err != nil {
		return nil, err
	}
	return engine.Points(files), nil
}

// files are those to read, from the arguments and from -r.
func (a *app) files(args []string) ([]string, error) {
	paths := slices.Concat(a.read, args)
	if len(paths) == 0 {
		return nil, usage("name a capture or trace file, or - for standard input; wiretale --help has examples", "no file to read")
	}
	stdin := 0
	for _, p := range paths {
		if p == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return nil, usage("", "standard input is named %d times, and can be read once", stdin)
	}
	if stdin > 0 && terminal(a.stdin) != nil {
		return nil, usage("pipe a capture into it: tcpdump -w - | wiretale -", "standard input is a terminal")
	}
	return paths, nil
}

// pointed are the files to read as capture points, and names those: those of --point come after the others.
func (a *app) pointed(args, points []string) (paths []string, err error) {
	var names []string
	for _, p := range points {
		name, file, ok := strings.Cut(p, "=")
		if !ok || name == "" || file == "" {
			return nil, usage("name the point and its file: --point client=client.pcapng", "--point %q is not NAME=FILE", p)
		}
		args, names = append(slices.Clip(args), file), append(names, name)
	}
	files, err := a.files(args)
	if err != nil {
		return nil, err
	}
	others := len(files) - len(names)
	paths = append(engine.Points(files[:others]), files[others:]...)
	a.points, a.pointNames = true, append(make([]string, len(paths)-len(names)), names...)
	return paths, nil
}

// analysePointed analyses files as capture points.
func (a *app) analysePointed(ctx context.Context, args, points []string) (*engine.Case, error) {
	paths, err := a.pointed(args, points)
	if err != nil {
		return nil, err
	}
	return a.analyse(ctx, paths)
}

// analyse reads all of the files once. The case is there, as far as it got, also when it was interrupted.
func (a *app) analyse(ctx context.Context, paths []string) (*engine.Case, error) {
	start := time.Now()
	restore := func() {}
	defer func() { restore() }()
	p := newProgress(a.stderr, !a.quiet)
	c, err := engine.Analyse(ctx, paths, engine.Options{Progress: p.update, LengthAsSent: a.noTSO, KeepDuplicates: a.keep, DecodeAs: a.rules, Points: a.points, PointNames: a.pointNames, Secrets: a.secrets, Matches: a.matches, Comparing: func() { restore = frugal() }})
	p.finish()
	if err == nil {
		err = a.explainTLS(c)
	}
	if err == nil && a.verbose {
		for _, src := range c.Sources {
			fmt.Fprintf(a.stderr, "wiretale: %s: %s, %d packets, %d events\n", src.Info.Name, src.Info.Format, src.Packets, src.Events)
		}
		fmt.Fprintf(a.stderr, "wiretale: read in %s\n", view.Duration(int64(time.Since(start))))
	}
	return c, err
}

// each visits every row. With c, the result of a first pass, rows carry their
// final owners. It returns the case of this pass, for what was lost.
func (a *app) each(ctx context.Context, paths []string, c *engine.Case, visit func(*engine.Run, *engine.Row) error) (*engine.Case, error) {
	return a.pass(ctx, paths, engine.Options{Case: c}, func(r *engine.Run) error {
		return r.Each(func(row *engine.Row) error { return visit(r, row) })
	})
}

// pass makes a pass over the files and returns its case.
func (a *app) pass(ctx context.Context, paths []string, opt engine.Options, over func(*engine.Run) error) (*engine.Case, error) {
	p := newProgress(a.stderr, !a.quiet && terminal(a.stdout) == nil)
	defer p.finish()
	opt.Progress, opt.LengthAsSent, opt.KeepDuplicates, opt.Applications, opt.Secrets = p.update, a.noTSO, a.keep, a.applications, a.secrets
	r, err := engine.Open(ctx, paths, opt)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := over(r); err != nil {
		return nil, err
	}
	c := r.Case()
	return c, a.explainTLS(c)
}

// damage says on stderr what could not be read, for commands whose output has no place for it, and sets the exit code.
func (a *app) damage(c *engine.Case) error {
	if !damaged(c) {
		return nil
	}
	if err := a.out.Flush(); err != nil {
		return err
	}
	if !a.quiet {
		for _, src := range c.Sources {
			for _, line := range view.LossTexts(src) {
				fmt.Fprintf(a.stderr, "wiretale: %s\n", line)
			}
		}
	}
	return &exit{code: exitDamaged}
}

func damaged(c *engine.Case) bool {
	return slices.ContainsFunc(c.Sources, view.Lost)
}
