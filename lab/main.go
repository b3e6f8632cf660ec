//go:build linux

// Command lab runs scenarios: real servers and clients in network namespaces,
// captured at every point. It writes the captures and what wiretale must find in them, and holds wiretale to that.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/lab/check"
	"github.com/wiretale/wiretale/lab/scenario"
	"github.com/wiretale/wiretale/lab/testbed"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "../bin/lab", "folder for the captures")
	program := flag.String("wiretale", "../bin/wiretale", "the program that must find what labels say")
	seed := flag.Uint64("vary", 0, "run variations drawn from this seed, of the files or else of variations/*.txtar")
	n := flag.Int("n", 100, "how many variations")
	again := flag.Bool("again", false, "do not run anything: hold the captures that are in the folder to their labels once more")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	list, err := load(*seed, *n, flag.Args())
	if err == nil {
		err = lab(ctx, &bench{Tool: check.Tool{Program: *program}, out: *out, again: *again}, list)
	}
	if err != nil {
		stop()
		log.Fatal("lab: ", err)
	}
}

// load reads the scenarios in the files, all there are when none is named, or draws variations of them.
func load(seed uint64, n int, files []string) (list []*scenario.Scenario, err error) {
	pattern := "scenarios/*.txtar"
	if seed != 0 {
		pattern = "variations/*.txtar"
	}
	if len(files) == 0 {
		files, _ = filepath.Glob(pattern) // the pattern is a good one
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no %s here: run it in lab, or name scenarios", pattern)
	}
	if seed != 0 {
		return scenario.Vary(seed, n, files)
	}
	for _, name := range files {
		s, err := scenario.Load(name)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// A bench is what runs go through, and what came of them.
type bench struct {
	check.Tool
	out   string // folder for the captures
	again bool   // they are there
	tally
}

// ready makes ready what runs need.
func (b *bench) ready(ctx context.Context, list []*scenario.Scenario) error {
	if b.again {
		return nil
	}
	if why := testbed.Missing(list); why != "" {
		return fmt.Errorf("%s", why)
	}
	if err := clients(ctx); err != nil {
		return err
	}
	return os.MkdirAll(b.out, 0o755)
}

// lab runs scenarios.
func lab(ctx context.Context, t *bench, list []*scenario.Scenario) error {
	if err := t.ready(ctx, list); err != nil {
		return err
	}
	labels := scenario.Heading
	for _, s := range list {
		if why := skip(ctx, &t.Tool, s); why != "" {
			fmt.Printf("SKIP\t%s: %s\n", s.Name, why)
			t.skipped++
			continue
		}
		rows, err := t.one(ctx, s)
		labels += rows
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the others do not need it
			t.failed++
			fmt.Printf("FAIL\t%v\n", err)
		}
	}
	name := filepath.Join(t.out, "LABELS.tsv")
	if err := os.WriteFile(name, []byte(labels), 0o644); err != nil {
		return err
	}
	fmt.Println(name)
	return t.result()
}

// skip says why a scenario is left out, "" when it is not.
func skip(ctx context.Context, tool *check.Tool, s *scenario.Scenario) string {
	if s.Record {
		help, err := exec.CommandContext(ctx, tool.Program, "record", "--help").Output()
		if err != nil || !strings.Contains(string(help), "Usage: wiretale record") {
			return "this wiretale does not record"
		}
	}
	return testbed.Skip(s)
}

// A tally counts runs.
type tally struct {
	passed, failed, skipped   int
	causes, first, amongThree int // analyses that have a cause to find, and its rank
}

func (t *tally) result() error {
	if t.causes > 0 {
		fmt.Printf("lab: the cause is the first finding of %d of %d analyses, and among the first three of %d\n", t.first, t.causes, t.amongThree)
	}
	said := fmt.Sprintf("%d runs passed, %d failed, %d scenarios skipped", t.passed, t.failed, t.skipped)
	if t.failed > 0 {
		return fmt.Errorf("%s", said)
	}
	fmt.Println("lab:", said)
	return nil
}

// print says what came of a run.
func (t *tally) print(name string, verdicts []check.Verdict) {
	result := "PASS"
	if slices.ContainsFunc(verdicts, func(v check.Verdict) bool { return v.Wrong }) {
		result = "FAIL"
		t.failed++
	} else {
		t.passed++
	}
	fmt.Printf("%s\t%s\n", result, name)
	for _, v := range verdicts {
		if v.Caused {
			t.causes++
		}
		if v.Rank == 1 {
			t.first++
		}
		if v.Rank >= 1 && v.Rank <= 3 {
			t.amongThree++
		}
		mark := ""
		if v.Wrong {
			mark = "wrong: "
		}
		fmt.Printf("\t%s: %s%s\n", v.Points, mark, v.Text)
	}
}

// clients builds the clients of the lab and puts them where commands are looked for.
func clients(ctx context.Context) error {
	dir, err := filepath.Abs("../bin/labclients")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir, "./smbread", "./talk")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// one runs a scenario into a folder of its own, holds wiretale to its labels and returns them.
func (t *bench) one(ctx context.Context, s *scenario.Scenario) (labels string, err error) {
	dir := filepath.Join(t.out, s.Name)
	run := func(*scenario.Run) (said string, err error) { return "", nil }
	if !t.again {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		bed, err := testbed.Open(ctx, s)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.Name, err)
		}
		defer func() {
			if lost := bed.Close(); lost != [2]int{} {
				fmt.Printf("\t%s: the path lost %d frames of the client and %d of the server\n", s.Name, lost[0], lost[1])
			}
		}()
		if bed.Program, err = filepath.Abs(t.Program); err != nil {
			return "", err
		}
		run = func(r *scenario.Run) (string, error) { return bed.Run(ctx, r, dir) }
	}
	for i := range s.Runs {
		r := &s.Runs[i]
		said, err := run(r)
		if err != nil {
			return labels, fmt.Errorf("%s: %s: %w", s.Name, r.Name, err)
		}
		verdicts, err := t.Tool.Run(ctx, s, r, dir, testbed.File)
		if err != nil {
			verdicts = append(verdicts, check.Verdict{Points: "no analysis", Wrong: true, Text: err.Error()})
		}
		t.print(s.Name+" "+r.Name, verdicts)
		if said != "" {
			fmt.Printf("\tclient: %s\n", strings.ReplaceAll(said, "\n", "\n\t"))
		}
		labels += r.Row(s.Name + "/" + r.Name + "_*")
	}
	return labels, nil
}
