// Command fuzz runs every fuzz target of the module for a while, several at a
// time: go test runs one target of one package in one call.
//
//	go run ./tools/fuzz -time 10s -jobs 2
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A target is one fuzz function.
type target struct{ pkg, name string } // the folder, and the function

func main() {
	fuzztime := flag.String("time", "10s", "how long each target runs")
	jobs := flag.Int("jobs", 2, "how many targets run at a time")
	flag.Parse()
	targets, err := find()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
	if failed := runAll(targets, *fuzztime, max(*jobs, 1)); failed > 0 {
		fmt.Printf("fuzz: %d of %d targets failed\n", failed, len(targets))
		os.Exit(1)
	}
	fmt.Printf("fuzz: %d targets passed, %s each\n", len(targets), *fuzztime)
}

// find lists the fuzz functions of all packages that have any.
func find() ([]target, error) {
	cmd := exec.Command("git", "grep", "-l", "--untracked", "-E", `^func Fuzz[A-Z]`, "--", "*_test.go")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("no test file has a fuzz function: %w", err)
	}
	var targets []target
	for _, file := range strings.Fields(string(out)) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		dir := "./" + file[:strings.LastIndexByte("/"+file, '/')]
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "func Fuzz"); ok {
				name, _, _ := strings.Cut(rest, "(")
				targets = append(targets, target{strings.TrimSuffix(dir, "/"), "Fuzz" + name})
			}
		}
	}
	return targets, nil
}

func runAll(targets []target, fuzztime string, jobs int) (failed int) {
	work := make(chan target)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range jobs {
		wg.Go(func() {
			for t := range work {
				start := time.Now()
				out, err := fuzz(t, fuzztime)
				mu.Lock()
				if err != nil {
					failed++
					fmt.Printf("FAIL  %s %s\n%s", t.pkg, t.name, out)
				} else {
					fmt.Printf("ok    %s %s %.1fs, %s\n", t.pkg, t.name, time.Since(start).Seconds(), lastExecs(out))
				}
				mu.Unlock()
			}
		})
	}
	for _, t := range targets {
		work <- t
	}
	close(work)
	wg.Wait()
	return failed
}

// fuzz runs one target on one core: the targets share the machine.
func fuzz(t target, fuzztime string) ([]byte, error) {
	cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", fuzztime, "-fuzzminimizetime", "1x", "-parallel", "1", ".")
	cmd.Dir = t.pkg // which may be of a module of its own
	out, err := cmd.CombinedOutput()
	if err != nil && onlyDeadline(out) {
		return out, nil
	}
	return out, err
}

// onlyDeadline reports whether the target failed for nothing but the end of
// its time: go test reports its own deadline as a failure when a worker is
// inside a call at that moment. A finding writes or names a failing input.
func onlyDeadline(out []byte) bool {
	_, after, failed := bytes.Cut(out, []byte("--- FAIL: "))
	if !failed || bytes.Contains(out, []byte("Failing input")) || bytes.Contains(out, []byte("failure while testing")) {
		return false
	}
	lines := bytes.Split(bytes.TrimSpace(after), []byte("\n"))
	return len(lines) > 1 && string(bytes.TrimSpace(lines[1])) == "context deadline exceeded" &&
		(len(lines) == 2 || string(bytes.TrimSpace(lines[2])) == "FAIL")
}

// lastExecs is how many inputs the target saw.
func lastExecs(out []byte) string {
	i := bytes.LastIndex(out, []byte("execs: "))
	if i < 0 {
		return "no count"
	}
	n, _, _ := bytes.Cut(out[i+len("execs: "):], []byte(" "))
	return string(n) + " inputs"
}
