//go:build unix

package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// jumps is how many places of the list are asked for, page how many rows there.
	jumps = 100
	page  = 50
	// pollTime is the pause between two looks at how far a server is.
	pollTime = 5 * time.Millisecond
)

// serving is what a server took, from the start of its process on.
type serving struct {
	found    time.Duration // until there were findings
	done     time.Duration // until all was analysed
	indexed  time.Duration // until all records could be asked for
	jump     time.Duration // median of a page at a random place
	far      time.Duration // the longest of those
	filtered [2]time.Duration
	peak     int64 // resident memory in kibibytes
}

// serve measures the server beside the command line, and beside sharkd, which answers the same questions on its standard input.
func (b *bench) serve(ctx context.Context, kind, file string, packets int64) error {
	alone, err := run(ctx, b.timeout, nil, b.wiretale, "-q", file)
	if err != nil {
		return err
	}
	filters := [2]string{flagsFilter, pairFilter}
	var lines [2]measure
	for i, f := range filters {
		if lines[i], err = run(ctx, b.timeout, nil, b.wiretale, "packets", "-q", "-Y", f, file); err != nil {
			return err
		}
	}
	own, err := b.servingOf(ctx, file, packets, filters)
	if err != nil {
		return err
	}
	var peer *serving
	if _, err := exec.LookPath("sharkd"); err == nil && b.peerRuns > 0 {
		if peer, err = b.sharkd(ctx, file, packets, filters); err != nil {
			return err
		}
	}
	fmt.Printf("\nserve on %s, beside the command line and sharkd\n\n| what | wiretale serve | command line | sharkd |\n|---|---|---|---|\n", kind)
	theirs := func(d func(*serving) time.Duration) string {
		if peer == nil {
			return "not run"
		}
		return seconds(d(peer))
	}
	fmt.Printf("| first findings | %s | | |\n", seconds(own.found))
	fmt.Printf("| all analysed | %s | %s | %s (loaded) |\n", seconds(own.done), seconds(alone.wall), theirs(func(s *serving) time.Duration { return s.done }))
	fmt.Printf("| all records in the list | %s | | |\n", seconds(own.indexed))
	fmt.Printf("| a page of %d records anywhere, median of %d | %s | | %s |\n", page, jumps, seconds(own.jump), theirs(func(s *serving) time.Duration { return s.jump }))
	fmt.Printf("| the slowest of them | %s | | %s |\n", seconds(own.far), theirs(func(s *serving) time.Duration { return s.far }))
	for i, f := range filters {
		fmt.Printf("| all records that pass `%s` | %s | %s | %s |\n", f, seconds(own.filtered[i]), seconds(lines[i].wall), theirs(func(s *serving) time.Duration { return s.filtered[i] }))
	}
	memory := "not run"
	if peer != nil {
		memory = fmt.Sprintf("%.0f MB", measure{peak: peer.peak}.megabytes())
	}
	fmt.Printf("| memory | %.0f MB | %.0f MB | %s |\n", measure{peak: own.peak}.megabytes(), alone.megabytes(), memory)
	return nil
}

func seconds(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// a caseState is what is looked at of a case.
type caseState struct {
	State, Error string
	Indexed      bool
	Preliminary  bool
	Revision     int
}

// servingOf measures wiretale serve.
func (b *bench) servingOf(ctx context.Context, file string, packets int64, filters [2]string) (s *serving, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.wiretale, "serve", "--no-browser", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s = &serving{}
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		ended := cmd.Wait()
		s.peak = peakOf(cmd)
		err = cmp.Or(err, ended)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return s, err
	}
	address, token, ok := strings.Cut(strings.TrimSpace(line), "/?token=")
	if !ok {
		return s, fmt.Errorf("serve printed %q", line)
	}
	api := client{address + "/api/v1/cases/1", token}
	for !s.complete() {
		var state caseState
		if err := api.get(ctx, "", &state); err != nil {
			return s, err
		}
		if state.Error != "" {
			return s, errors.New(state.Error)
		}
		if s.found == 0 && state.Revision > 0 {
			if err := api.get(ctx, "/report", nil); err != nil {
				return s, err
			}
			s.found = time.Since(start)
		}
		if s.done == 0 && state.State == "done" {
			s.done = time.Since(start)
		}
		if state.Indexed {
			s.indexed = time.Since(start)
		}
		time.Sleep(pollTime)
	}
	err = s.asked(packets, func(skip int) error {
		return api.get(ctx, fmt.Sprintf("/rows?offset=%d&limit=%d", skip, page), nil)
	})
	for i, f := range filters {
		if err != nil {
			break
		}
		begin := time.Now()
		for complete := false; !complete && err == nil; {
			var rows struct{ Complete bool }
			err = api.get(ctx, fmt.Sprintf("/rows?limit=%d&filter=%s", page, url.QueryEscape(f)), &rows)
			if complete = rows.Complete; !complete {
				time.Sleep(pollTime)
			}
		}
		s.filtered[i] = time.Since(begin)
	}
	return s, err
}

func (s *serving) complete() bool { return s.found > 0 && s.done > 0 && s.indexed > 0 }

// asked measures pages at random places.
func (s *serving) asked(packets int64, ask func(skip int) error) error {
	var took []time.Duration
	places := rand.New(rand.NewPCG(1, 2))
	for range jumps {
		begin := time.Now()
		if err := ask(int(places.Int64N(packets - page))); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	s.jump, s.far = took[len(took)/2], took[len(took)-1]
	return nil
}

func peakOf(cmd *exec.Cmd) int64 {
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		return int64(usage.Maxrss)
	}
	return 0
}

// A client asks wiretale serve.
type client struct{ base, token string }

// get gets a path into v, which may be nil.
func (c client) get(ctx context.Context, path string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s: %.200s", path, answer.Status, b)
	case v == nil:
		return nil
	}
	return json.Unmarshal(b, v)
}

// sharkd measures the server of Wireshark, which is asked in JSON-RPC, a line a question.
func (b *bench) sharkd(ctx context.Context, file string, packets int64, filters [2]string) (s *serving, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sharkd", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s = &serving{}
	defer func() {
		in.Close()
		ended := cmd.Wait()
		s.peak = peakOf(cmd)
		err = cmp.Or(err, ended)
	}()
	answers := bufio.NewReaderSize(out, 1<<20)
	ask := func(method string, params map[string]any) error {
		q, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
		if err != nil {
			return err
		}
		if _, err := in.Write(append(q, '\n')); err != nil {
			return err
		}
		for {
			line, err := answers.ReadString('\n')
			if err != nil {
				return fmt.Errorf("sharkd %s: %w", method, err)
			}
			if strings.Contains(line, `"error"`) {
				return fmt.Errorf("sharkd %s: %.200s", method, line)
			}
			if strings.Contains(line, `"result"`) {
				return nil
			}
		}
	}
	if err := ask("load", map[string]any{"file": file}); err != nil {
		return s, err
	}
	s.done = time.Since(start)
	err = s.asked(packets, func(skip int) error { return ask("frames", map[string]any{"skip": skip, "limit": page}) })
	for i, f := range filters {
		if err != nil {
			break
		}
		begin := time.Now()
		err = ask("frames", map[string]any{"limit": page, "filter": f})
		s.filtered[i] = time.Since(begin)
	}
	return s, err
}
