//go:build unix

// Command bench runs wiretale and its peers on the same captures, in turn, and
// prints what each took as a Markdown table. The captures are those of
// tools/benchcap; they are written where they are missing and kept.
//
//	go run ./tools/bench -mb 1000 -dir bin/bench
//
// Figures are of whole processes as the operating system accounts for them:
// wall time, processor time (user and system), peak resident memory. The file is read once
// before, so that it comes from the page cache where that has room for it.
// wiretale and cat run -runs times and their median counts; tshark and
// tcptrace, which take minutes, run -peer-runs times. A peer that is not installed is left out,
// one that is not done after -timeout is stopped and shown as such.
//
// The server is measured as a page asks it: how long until there are findings,
// until all is there, how long a page of records anywhere takes, and all that pass a filter;
// beside sharkd, Wireshark's server (Debian has it in wireshark-common or sharkd), doing the same.
//
// Recording is measured at the process that is recorded, beside tcpdump and strace; alone:
//
//	go run ./tools/bench -kinds '' -growth=false
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

type bench struct {
	wiretale, dir  string
	megabytes      int64
	runs, peerRuns int
	timeout        time.Duration
	commands       bool
	growth         bool
	serves         string
	records        bool
}

func main() {
	var b bench
	kinds := flag.String("kinds", "mix,bulk,small,short,smb,tls", "captures, as in tools/benchcap")
	flag.StringVar(&b.wiretale, "wiretale", "bin/wiretale", "the program to measure")
	flag.StringVar(&b.dir, "dir", "bin/bench", "where the captures are kept")
	flag.Int64Var(&b.megabytes, "mb", 1000, "size of a capture in millions of bytes")
	flag.IntVar(&b.runs, "runs", 5, "runs of wiretale and cat")
	flag.IntVar(&b.peerRuns, "peer-runs", 1, "runs of tshark and tcptrace; 0 leaves them out")
	flag.DurationVar(&b.timeout, "timeout", 5*time.Minute, "longest run")
	flag.BoolVar(&b.commands, "commands", true, "the commands of the command line")
	flag.BoolVar(&b.growth, "growth", true, "also a quarter, a half and twice the mix, and of connections that last to the end")
	flag.StringVar(&b.serves, "serve", "mix", "the kind of capture that the server is measured with, beside sharkd; none to leave it out")
	flag.BoolVar(&b.records, "record", true, "also what recording costs, beside tcpdump and strace; needs Linux and root")
	own := map[string]*int{
		"calls":   flag.Int("calls", 0, "for the bench itself: make so many calls on sockets, and say what that took"),
		"packets": flag.Int("packets", 0, "for the bench itself: send so many datagrams, and say what that took"),
	}
	flag.Parse()
	for name, load := range map[string]func(int) error{"calls": calls, "packets": packets} {
		if n := *own[name]; n > 0 {
			if err := timed(load, n); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
				os.Exit(1)
			}
			return
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.all(ctx, strings.Split(*kinds, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) all(ctx context.Context, kinds []string) error {
	fmt.Println(machine())
	for _, kind := range kinds {
		if kind == "" {
			continue
		}
		file, err := b.capture(ctx, kind, b.megabytes)
		if err != nil {
			return err
		}
		packets, err := b.packets(ctx, file)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s: %d million bytes, %d packets\n\n", kind, b.megabytes, packets)
		if b.commands {
			if err := b.compare(ctx, kind, file, packets); err != nil {
				return err
			}
		}
		if kind == b.serves {
			if err := b.serve(ctx, kind, file, packets); err != nil {
				return err
			}
		}
	}
	if b.records {
		if err := b.record(ctx); err != nil {
			return err
		}
	}
	if !b.growth {
		return nil
	}
	for _, kind := range []string{"mix", "steady"} {
		if err := b.grow(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

// capture is the path of the capture, which is written when it is not there.
func (b *bench) capture(ctx context.Context, kind string, megabytes int64) (string, error) {
	path := filepath.Join(b.dir, fmt.Sprintf("%s-%d.pcap", kind, megabytes))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return "", err
	}
	part := path + ".part"
	_, err := run(ctx, 0, nil, "go", "run", "./tools/benchcap", "-kind", kind, "-mb", fmt.Sprint(megabytes), "-o", part)
	if err != nil {
		return "", err
	}
	for _, beside := range []string{".keys", ".key"} { // of TLS
		if err := os.Rename(part+beside, path+beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return path, os.Rename(part, path)
}

// packets counts the records of the capture, and so brings it into the page cache.
func (b *bench) packets(ctx context.Context, file string) (n int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return countRecords(ctx, f)
}

// compare runs all jobs on a file in turn and prints a row for each.
func (b *bench) compare(ctx context.Context, kind, file string, packets int64) error {
	jobs := b.jobs(kind, file)
	for round := range max(b.runs, b.peerRuns) {
		for i := range jobs {
			j := &jobs[i]
			if round >= j.runs || j.missing {
				continue
			}
			m, err := run(ctx, b.timeout, j.env, j.args[0], j.args[1:]...)
			if err != nil {
				return err
			}
			j.took = append(j.took, m)
			if m.stopped {
				j.runs = 0
			}
		}
	}
	fmt.Println("| command | wall | processor | memory | packets a second | wall, against wiretale |")
	fmt.Println("|---|---|---|---|---|---|")
	for i := range jobs {
		jobs[i].print(packets, jobs)
	}
	return nil
}

// grow shows how time and memory grow with the length of the file.
func (b *bench) grow(ctx context.Context, kind string) error {
	fmt.Printf("\n%s, by the length of the file\n\n| million bytes | wall | processor | memory |\n|---|---|---|---|\n", kind)
	for _, megabytes := range []int64{b.megabytes / 4, b.megabytes / 2, b.megabytes, b.megabytes * 2} {
		file, err := b.capture(ctx, kind, megabytes)
		if err != nil {
			return err
		}
		if _, err := b.packets(ctx, file); err != nil {
			return err
		}
		var took []measure
		for range b.runs {
			m, err := run(ctx, b.timeout, nil, b.wiretale, "-q", file)
			if err != nil {
				return err
			}
			took = append(took, m)
		}
		m := median(took)
		fmt.Printf("| %d | %.2f s | %.2f s | %.0f MB |\n", megabytes, m.wall.Seconds(), m.cpu.Seconds(), m.megabytes())
	}
	return nil
}
