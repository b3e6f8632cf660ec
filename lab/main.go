//go:build linux

// Command lab runs scenarios: real servers and clients in network namespaces,
// captured at both ends. It writes the captures and what wiretale must find in them.
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
	"strings"

	"github.com/wiretale/wiretale/lab/scenario"
	"github.com/wiretale/wiretale/lab/testbed"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "../bin/lab", "folder for the captures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := lab(ctx, *out, flag.Args()); err != nil {
		stop()
		log.Fatal("lab: ", err)
	}
}

// lab runs the scenarios in the files, all there are when none is named.
func lab(ctx context.Context, out string, files []string) error {
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
	labels := scenario.Heading
	for _, s := range list {
		rows, err := one(ctx, s, out)
		if err != nil {
			return err
		}
		labels += rows
	}
	name := filepath.Join(out, "LABELS.tsv")
	fmt.Println(name)
	return os.WriteFile(name, []byte(labels), 0o644)
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
	build := exec.CommandContext(ctx, "go", "build", "-o", dir, "./smbread")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// one runs a scenario into a folder of its own and returns its labels.
func one(ctx context.Context, s *scenario.Scenario, out string) (labels string, err error) {
	dir := filepath.Join(out, s.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	t, err := testbed.Open(ctx, s)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Name, err)
	}
	defer func() {
		if lost := t.Close(); lost != [2]int{} {
			fmt.Printf("%s\tthe path lost %d frames of the client and %d of the server\n", s.Name, lost[0], lost[1])
		}
	}()
	for i := range s.Runs {
		r := &s.Runs[i]
		said, err := t.Run(ctx, r, dir)
		if err != nil {
			return "", fmt.Errorf("%s: %s: %w", s.Name, r.Name, err)
		}
		fmt.Printf("%s %s\n\t%s\n", s.Name, r.Name, strings.ReplaceAll(said, "\n", "\n\t"))
		labels += r.Row(s.Name + "/" + r.Name + "_*")
	}
	return labels, nil
}
