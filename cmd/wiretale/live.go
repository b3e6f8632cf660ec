package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type liveFlags struct {
	format   string
	filter   string
	failOn   string
	window   time.Duration
	every    time.Duration
	duration time.Duration

	interfaces []string
	capture    string
}

func newLive(a *app) *cobra.Command {
	var f liveFlags
	cmd := &cobra.Command{
		Use:   "live [FILE]",
		Short: "Findings while it is captured: of an interface of this host, from a pipe, or a file that is being written",
		Example: `  wiretale live -i any -f 'port 443'
  ssh host tcpdump -i any -U -w - | wiretale live -
  wiretale live -T jsonl growing.pcapng
  tcpdump -U -w - | wiretale live -Y 'ip.addr == 10.0.0.9' -`,
		RunE: func(cmd *cobra.Command, args []string) error { return runLive(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, "text", "jsonl")
	filterFlag(cmd, &f.filter, "only findings about conversations with rows")
	flags.StringArrayVarP(&f.interfaces, "interface", "i", nil, "record this `INTERFACE` of this host, and what its processes call, as wiretale record does, instead of reading a FILE; any for all; may be given several times")
	flags.StringVarP(&f.capture, "filter", "f", "", "with -i, packets that pass this `FILTER` of libpcap's language")
	flags.StringVar(&f.failOn, "fail-on", "", "exit with 1 when a finding of this `SEVERITY` or above was told: note, warning, error")
	flags.DurationVar(&f.window, "window", 10*time.Minute, "remember conversations for this `TIME` at least, unless they are too many")
	flags.DurationVar(&f.every, "every", 2*time.Second, "look for findings after this `TIME` of the capture")
	flags.DurationVar(&f.duration, "duration", 0, "end after this `TIME`; 0 ends with the capture, or with Ctrl-C")
	return cmd
}

func runLive(ctx context.Context, a *app, f *liveFlags, args []string) error {
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	limit, ok := severities[f.failOn]
	if !ok && f.failOn != "" {
		return usage(oneOf(f.failOn, "note", "warning", "error"), "--fail-on %q is none of note, warning, error", f.failOn)
	}
	for name, d := range map[string]time.Duration{"window": f.window, "every": f.every} {
		if d <= 0 {
			return usage("for example --"+name+" 30s", "--%s %v is no time", name, d)
		}
	}
	name, err := f.source(a, args)
	if err != nil {
		return err
	}
	opt := engine.FollowOptions{Every: f.every, Window: f.window}
	if f.filter != "" {
		if opt.Filter, err = a.filter(f.filter); err != nil {
			return err
		}
	}
	var in io.Reader
	var done func() error
	if len(f.interfaces) > 0 {
		if in, done, err = a.recorded(ctx, f.interfaces, f.capture); err != nil {
			return err
		}
	}
	if f.duration > 0 { // making ready to record takes none of it
		var stop func()
		ctx, stop = context.WithTimeout(ctx, f.duration)
		defer stop()
	}
	if in == nil {
		if in, done, err = a.growing(ctx, name); err != nil {
			return err
		}
	}
	l := newListener(a, f, name)
	found, err := l.follow(ctx, in, opt)
	for t, ok := in.(*tail); ok && t.anew && ctx.Err() == nil; {
		if err = l.again(t, err); err == nil {
			found, err = l.follow(ctx, in, opt)
		}
	}
	if failed := done(); err == nil {
		err = failed
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%s: not even the beginning of a capture came in %v", name, f.duration)
	}
	if err == nil && limit != 0 && found >= int(limit) {
		return &exit{code: exitFound}
	}
	return err
}

// source is the name of what is followed.
func (f *liveFlags) source(a *app, args []string) (string, error) {
	if len(f.interfaces) > 0 {
		if len(args) > 0 {
			return "", usage("", "live follows an interface or a file, and -i and %s are given", args[0])
		}
		return strings.Join(f.interfaces, ","), nil
	}
	if f.capture != "" {
		return "", usage("-Y is for what is read", "-f is for what -i records")
	}
	files, err := a.files(args)
	if err != nil {
		return "", err
	}
	if len(files) > 1 {
		return "", usage("merge writes several into one", "live follows one capture, and %d are named", len(files))
	}
	return files[0], nil
}

// growing opens what is being written: standard input, a pipe, or a file, of which what comes is waited for.
func (a *app) growing(ctx context.Context, path string) (in io.Reader, done func() error, err error) {
	if path == "-" {
		return a.stdin, func() error { return nil }, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if st, err := file.Stat(); err == nil && st.Mode().IsRegular() {
		t := &tail{ctx: ctx, path: path, file: file}
		return t, t.close, nil
	}
	return file, func() error { file.Close(); return nil }, nil
}

// A listener prints what a follower tells.
type listener struct {
	a      *app
	name   string
	format string
	text   *text.Live
	status *status
	worst  int
	told   bool
	heard  func(*engine.Told) // of what is told, nil for nobody
}

func newListener(a *app, f *liveFlags, name string) *listener {
	return &listener{
		a: a, name: name, format: f.format, text: text.NewLive(a.out, view.NewNames([]string{name}), a.location, a.style, a.verbose),
		status: newStatus(a.stderr, !a.quiet),
	}
}

// follow prints findings until the capture ends, then the report. It returns the worst severity that was told.
func (l *listener) follow(ctx context.Context, in io.Reader, opt engine.FollowOptions) (worst int, err error) {
	a := l.a
	opt.LengthAsSent, opt.KeepDuplicates, opt.DecodeAs, opt.Secrets = a.noTSO, a.keep, a.rules, a.secrets
	if a.applications != nil {
		opt.Applications, opt.Requests = a.applications, true
	}
	opt.Tell, opt.Tick = l.tell, l.tick
	f, c, err := engine.Follow(ctx, l.name, in, opt)
	l.status.clear()
	if err != nil {
		return l.worst, err
	}
	if l.format == "jsonl" {
		err = jsonl.Followed(a.out, f, c)
	} else {
		if l.told {
			fmt.Fprintln(a.out)
		}
		err = text.Followed(a.out, f, c, view.NewNames([]string{l.name}), a.style, a.verbose)
	}
	if err == nil && damaged(c) {
		err = &exit{code: exitDamaged}
	}
	return l.worst, err
}

// tell prints a finding at once: nobody knows when the next one comes.
func (l *listener) tell(t *engine.Told) error {
	l.worst = max(l.worst, int(t.Finding.Severity))
	if l.heard != nil {
		l.heard(t)
	}
	if t.AtEnd && l.format == "text" { // the report has it
		return nil
	}
	l.told = true
	l.status.clear()
	var err error
	if l.format == "jsonl" {
		err = jsonl.Live(l.a.out, t)
	} else {
		err = l.text.Told(t)
	}
	if err != nil {
		return err
	}
	return l.a.out.Flush()
}

// again goes over to the capture that a file has begun anew. failed is how the one before ended: that it is cut is said there.
func (l *listener) again(t *tail, failed error) error {
	var cut *exit
	if failed != nil && !(errors.As(failed, &cut) && cut.code == exitDamaged) {
		t.anew = false
		return failed
	}
	if err := l.a.out.Flush(); err != nil {
		return err
	}
	if !l.a.quiet {
		fmt.Fprintf(l.a.stderr, "wiretale: %s begins anew\n", t.path)
	}
	l.told = false
	return t.reopen()
}

func (l *listener) tick(f *engine.Follower) error {
	l.status.show(f)
	return nil
}

// A status is one line on a terminal that is written over.
type status struct {
	w       io.Writer // nil: silent
	records int64
	came    time.Time // the last record
	shown   time.Time
	line    bool // it stands on the terminal
}

func newStatus(stderr io.Writer, show bool) *status {
	s := &status{came: time.Now()}
	if show && terminal(stderr) != nil {
		s.w = stderr
	}
	return s
}

const (
	// clearLine goes to the beginning of the line and empties it (ECMA-48: CR, EL).
	clearLine = "\r\x1b[K"
	// showing is the least time between two lines.
	showing = 500 * time.Millisecond
)

func (s *status) show(f *engine.Follower) {
	if s.w == nil || time.Since(s.shown) < showing {
		return
	}
	s.shown = time.Now()
	if f.Records != s.records {
		s.records, s.came = f.Records, s.shown
	}
	fmt.Fprint(s.w, clearLine+text.Status(f, s.shown.Sub(s.came)))
	s.line = true
}

func (s *status) clear() {
	if s.line {
		fmt.Fprint(s.w, clearLine)
		s.line = false
	}
}
