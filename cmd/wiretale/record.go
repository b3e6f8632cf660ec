package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/record"
)

type recordFlags struct {
	interfaces []string
	filter     string
	write      string
	snap       int
	pids       []uint
	process    string
	ring       []string
	duration   time.Duration
	until      string
	backend    string
	headers    bool
	all        bool
	buffer     int
	live       bool
	format     string
}

func newRecord(a *app) *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record -w FILE [-i IF] [-f FILTER] [--pid N | --process NAME | -- COMMAND ...]",
		Short: "Record packets, socket calls of processes and what the TCP/IP stack does into one pcapng file, on Linux",
		Example: `  wiretale record -w x.pcapng                              all, until Ctrl-C
  wiretale record -i eth0 -f 'port 443' -w x.pcapng        one interface, one port
  wiretale record -w x.pcapng -- curl https://example.org  one command: its calls and its packets
  wiretale record -b filesize:100000 -b files:10 -w x.pcapng
  wiretale record --until tcp.reset.mid_conversation -w x.pcapng
  wiretale record --live -w x.pcapng                       findings while it records`,
		RunE: func(cmd *cobra.Command, args []string) error { return runRecord(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.interfaces, "interface", "i", nil, "record packets of this interface: `IF` is its name, or any, which is what happens without; may be given several times")
	flags.StringVarP(&f.filter, "filter", "f", "", "record only what this capture `FILTER` takes, in the language of tcpdump; events that have endpoints too")
	flags.StringVarP(&f.write, "write", "w", "", "write to this `FILE`, which only you may read; - is standard output")
	flags.IntVarP(&f.snap, "snapshot-length", "s", 0, "record this many `BYTES` of a packet at most; 0 is 262144")
	flags.BoolVar(&f.headers, "headers-only", false, "record packets up to the end of the header of TCP or UDP, without what they carry")
	flags.UintSliceVar(&f.pids, "pid", nil, "record only the calls and packets of the process `N` and of those that it starts; may be given several times")
	flags.StringVar(&f.process, "process", "", "record only the processes that run with this `NAME`, and those that they start")
	flags.StringArrayVarP(&f.ring, "ring-buffer", "b", nil, "go on in another file: `OPTION` is filesize:KB or duration:SECONDS, and files:N for how many are kept; as tshark has it, may be given several times")
	flags.DurationVar(&f.duration, "duration", 0, "stop after this `TIME`, such as 90s or 5m")
	flags.StringVar(&f.until, "until", "", "stop when the diagnosis `RULE` has a finding; without -b a ring of 4 files of 60 seconds is kept")
	flags.BoolVar(&f.live, "live", false, "print findings while they are proven, as wiretale live does, beside writing the file; with --until it stops as soon as the finding is told")
	formatFlag(flags, &f.format, "text", "jsonl")
	flags.StringVar(&f.backend, "backend", "auto", "record calls and the stack with `NAME`: "+strings.Join(record.Backends(), ", ")+"; auto takes the first that works")
	flags.BoolVar(&f.all, "all-namespaces", false, "record the calls and the stack of other network namespaces too; packets are those of this one")
	flags.IntVarP(&f.buffer, "buffer-size", "B", 64, "ring of packets in the kernel, in `MiB`")
	return cmd
}

func runRecord(ctx context.Context, a *app, f *recordFlags, args []string) error {
	limits, err := f.check(a, args)
	if err != nil {
		return err
	}
	pids, err := f.processes()
	if err != nil {
		return err
	}
	// What is written ends when the command does: it gets the Ctrl-C too.
	rec, err := record.Open(record.Config{
		Interfaces: f.interfaces, Filter: f.filter, Snap: f.snap, HeadersOnly: f.headers, Backend: record.Backend(f.backend), PIDs: pids, AllNamespaces: f.all,
		Command: args, Stdin: a.stdin, Stdout: a.stderr, Stderr: a.stderr, Ring: f.buffer << 20, Application: writtenBy(),
	})
	if err != nil {
		return recordError(err)
	}
	defer rec.Close()
	a.missing(rec)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if f.duration > 0 {
		timer := time.AfterFunc(f.duration, stop)
		defer timer.Stop()
	}
	var out record.Output = record.Stream{W: a.stdout}
	files := &record.Files{Path: f.write, Limits: limits}
	watch := &watching{app: a, rule: f.until, stop: stop}
	if f.write != "-" {
		out = files
		if f.until != "" {
			files.Closed = watch.closed
		}
	}
	var looked func() error
	if f.live {
		out, looked = a.beside(files, f.format, func(t *engine.Told) {
			if t.Finding.Rule.ID == f.until {
				stop()
			}
		})
	}
	err = rec.Run(ctx, out)
	stop()
	watch.wait()
	if looked != nil {
		if failed := looked(); err == nil {
			err = failed
		}
	}
	f.said(a, rec, files)
	if watch.found != "" {
		fmt.Fprintf(a.stderr, "wiretale: %s found in %s\n", f.until, watch.found)
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return &exit{code: exitUnusable, err: fmt.Errorf("the recording ended: %w", err), hint: "what was written before is whole; -b filesize:KB -b files:N bounds what is kept"}
	case err != nil:
		return err
	}
	return nil
}

// check refuses what does not fit together, and reads the limits of files.
func (f *recordFlags) check(a *app, args []string) (limits record.Limits, err error) {
	for _, o := range f.ring {
		if err := limits.Set(o); err != nil {
			return limits, usage("-b filesize:100000 -b files:10", "-b %w", err)
		}
	}
	chosen := 0
	for _, given := range []bool{len(f.pids) > 0, f.process != "", len(args) > 0} {
		if given {
			chosen++
		}
	}
	switch {
	case len(a.read) > 0:
		return limits, usage("record writes a file, and reads none", "-r is of commands that read")
	case f.write == "":
		return limits, usage("name it with -w FILE, or -w - for standard output", "no file to write")
	case f.write == "-" && terminal(a.stdout) != nil:
		return limits, usage("name a file with -w FILE, or pipe it", "standard output is a terminal")
	case f.write == "-" && (limits.Any() || f.until != "" || f.live):
		return limits, usage("name a file with -w FILE", "-b, --until and --live need files")
	case f.format != "text" && !f.live:
		return limits, usage("-T is of what --live prints", "-T %s without --live", f.format)
	case limits.Files > 0 && !limits.Any() && f.until == "":
		return limits, usage("-b filesize:KB or -b duration:SECONDS says when one is full", "-b files:%d alone makes no second file", limits.Files)
	case chosen > 1:
		return limits, usage("give one of them", "--pid, --process and a command say the same thing in three ways")
	case f.snap < 0 || f.snap > 1<<18:
		return limits, usage("up to 262144", "-s %d is no length of a packet", f.snap)
	case f.buffer < 4 || f.buffer > 4096:
		return limits, usage("4 to 4096", "-B %d is no size of the ring in MiB", f.buffer)
	case f.duration < 0:
		return limits, usage("such as 90s or 5m", "--duration %v is in the past", f.duration)
	}
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return limits, err
	}
	if !strings.Contains(" "+strings.Join(record.Backends(), " ")+" ", " "+f.backend+" ") {
		return limits, usage(oneOf(f.backend, record.Backends()...), "--backend %q is none of %s", f.backend, strings.Join(record.Backends(), ", "))
	}
	if f.until != "" {
		if ruleByID(f.until) == nil {
			return limits, usage(ruleHint(f.until), "no diagnosis %q", f.until)
		}
		if !limits.Any() {
			limits.Time = time.Minute
			if limits.Files == 0 {
				limits.Files = 4
			}
		}
	}
	return limits, nil
}

// processes are those that are recorded, nil for all.
func (f *recordFlags) processes() (pids []uint32, err error) {
	if f.process != "" {
		if pids, err = record.Find(f.process); err != nil {
			return nil, usage("its name as ps -e has it; or -- COMMAND starts it", "%w", err)
		}
		return pids, nil
	}
	for _, pid := range f.pids {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err != nil {
			return nil, usage("ps -e lists them", "no process %d", pid)
		}
		pids = append(pids, uint32(pid))
	}
	return pids, nil
}

// recordError adds what to do to an error of opening.
func recordError(err error) error {
	var hint string
	var start *exec.Error
	switch {
	case errors.Is(err, record.ErrUnsupported):
		hint = "wiretale recipe"
	case errors.Is(err, record.ErrNothing):
		hint = "run it as root, or give it capabilities: setcap cap_net_raw,cap_bpf,cap_perfmon=ep wiretale"
	case errors.As(err, &start):
		hint = "the command behind --"
	case strings.Contains(err.Error(), "capture filter"):
		hint = "host, net, port, portrange, tcp, udp, icmp, ip, ip6, arp, vlan, less, greater, joined by and, or, not"
	}
	return usage(hint, "%w", err)
}

// said says what was recorded and lost.
func (f *recordFlags) said(a *app, rec *record.Recorder, files *record.Files) {
	if a.quiet {
		return
	}
	c := rec.Counts()
	where := f.write
	if n := len(files.Paths()); n > 1 {
		where = fmt.Sprintf("%s and %d files before", files.Paths()[n-1], n-1)
	} else if n == 1 {
		where = files.Paths()[0]
	}
	fmt.Fprintf(a.stderr, "wiretale: %s: %d packets, %d events; lost: %d packets, %d events\n", where, c.Packets, c.Events, c.PacketsLost, c.EventsLost)
	if c.Steps > 0 {
		fmt.Fprintf(a.stderr, "wiretale: the clock was set %d times meanwhile\n", c.Steps)
	}
}

// A watching analyses files that are complete until a diagnosis has a finding in one.
type watching struct {
	app   *app
	rule  string
	stop  func()
	busy  sync.WaitGroup
	mu    sync.Mutex // one analysis at a time
	found string     // the file
}

// closed analyses a file beside the recording.
func (w *watching) closed(path string) {
	w.busy.Add(1)
	go func() {
		defer w.busy.Done()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.found != "" {
			return
		}
		c, err := w.app.analyse(context.Background(), []string{path})
		if err != nil { // the ring has moved on, or nothing was in it
			return
		}
		for i := range c.Findings {
			if c.Findings[i].Rule.ID == w.rule {
				w.found = path
				w.stop()
				return
			}
		}
	}()
}

func (w *watching) wait() { w.busy.Wait() }
