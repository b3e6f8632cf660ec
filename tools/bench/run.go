//go:build unix

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A measure is what one process took.
type measure struct {
	wall, cpu time.Duration
	peak      int64 // resident memory in kibibytes
	stopped   bool  // it was not done in time
}

func (m measure) megabytes() float64 {
	kib := float64(m.peak)
	if runtime.GOOS == "darwin" { // bytes there
		kib /= 1024
	}
	return kib * 1024 / 1e6
}

// median is the measure in the middle by wall time, the zero measure of none.
func median(all []measure) measure {
	if len(all) == 0 {
		return measure{}
	}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b measure) int { return cmp.Compare(a.wall, b.wall) })
	return sorted[len(sorted)/2]
}

// run executes a command, throws away what it prints, and measures it. A limit
// of 0 is none. Only the caller's interrupt and a command that fails by itself are errors.
func run(ctx context.Context, limit time.Duration, env []string, name string, args ...string) (measure, error) {
	bounded := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	cmd := exec.CommandContext(bounded, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	start := time.Now()
	err := cmd.Run()
	m := measure{wall: time.Since(start)}
	if state := cmd.ProcessState; state != nil {
		m.cpu = state.UserTime() + state.SystemTime()
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			m.peak = int64(usage.Maxrss)
		}
	}
	switch {
	case ctx.Err() != nil:
		return m, ctx.Err()
	case bounded.Err() != nil:
		m.stopped = true
	case err != nil:
		return m, fmt.Errorf("%s %s: %w: %.200s", name, strings.Join(args, " "), err, errors.String())
	}
	return m, nil
}

// countRecords counts the records of a little-endian pcap file.
func countRecords(ctx context.Context, r io.Reader) (n int64, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	if _, err := in.Discard(24); err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		head, err := in.Peek(16)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		if _, err := in.Discard(16 + int(binary.LittleEndian.Uint32(head[8:]))); err != nil {
			return n, err
		}
		n++
	}
	return n, ctx.Err()
}

// machine says what the figures were measured on.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d processors, %s", model, runtime.NumCPU(), runtime.Version())
}
