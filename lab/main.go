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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := lab(ctx, &check.Tool{Program: *program}, *out, flag.Args()); err != nil {
		stop()
		log.Fatal("lab: ", err)
	}
}

// lab runs the scenarios in the files, all there are when none is named.
func lab(ctx context.Context, tool *check.Tool, out string, files []string) error {
	if len(files) == 0 {
		files, _ = filepath.Glob("scenarios/*.txtar") // the pattern is a good one
	}
	if len(files) == 0 {
		return fmt.Errorf("no scenarios/*.txtar here: run it in lab, or name scenarios")
	}
	var list []*scenario.Scenario
	for _, name := range files {
		s, err := scenario.Load(name)
		if err != nil {
			return err
		}
		list = append(list, s)
	}
	if why := testbed.Missing(list); why != "" {
		return fmt.Errorf("%s", why)
	}
	if err := clients(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var t tally
	labels := scenario.Heading
	for _, s := range list {
		if why := skip(ctx, tool, s); why != "" {
			fmt.Printf("SKIP\t%s: %s\n", s.Name, why)
			t.skipped++
			continue
		}
		rows, err := one(ctx, tool, &t, s, out)
		labels += rows
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the others do not need it
			t.failed++
			fmt.Printf("FAIL\t%v\n", err)
		}
	}
	name := filepath.Join(out, "LABELS.tsv")
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
type tally struct{ passed, failed, skipped int }

func (t *tally) result() error {
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
func one(ctx context.Context, tool *check.Tool, tally *tally, s *scenario.Scenario, out string) (labels string, err error) {
	dir := filepath.Join(out, s.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	t, err := testbed.Open(ctx, s)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Name, err)
	}
	if t.Program, err = filepath.Abs(tool.Program); err != nil {
		return "", err
	}
	defer func() {
		if lost := t.Close(); lost != [2]int{} {
			fmt.Printf("\t%s: the path lost %d frames of the client and %d of the server\n", s.Name, lost[0], lost[1])
		}
	}()
	for i := range s.Runs {
		r := &s.Runs[i]
		said, err := t.Run(ctx, r, dir)
		if err != nil {
			return labels, fmt.Errorf("%s: %s: %w", s.Name, r.Name, err)
		}
		verdicts, err := tool.Run(ctx, s, r, dir, testbed.File)
		if err != nil {
			verdicts = append(verdicts, check.Verdict{Points: "no analysis", Wrong: true, Text: err.Error()})
		}
		tally.print(s.Name+" "+r.Name, verdicts)
		if said != "" {
			fmt.Printf("\tclient: %s\n", strings.ReplaceAll(said, "\n", "\n\t"))
		}
		labels += r.Row(s.Name + "/" + r.Name + "_*")
	}
	return labels, nil
}
