//go:build linux

package testbed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/wiretale/wiretale/lab/scenario"
)

// File is the name of the capture of a run at a point.
func File(r *scenario.Run, point string) string {
	if r.Record {
		return r.Name + "_" + point + ".pcapng"
	}
	return r.Name + "_" + point + ".pcap"
}

// longest is how long a run may take.
const longest = 2 * time.Minute

// Run runs what the client does, captured at every point into the folder out, and returns what it said. Keys of the run, and what it counted, are kept beside its captures.
func (t *Testbed) Run(ctx context.Context, r *scenario.Run, out string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for _, command := range r.Router {
		if _, err := t.do(ctx, routerEnd, command); err != nil {
			return "", err
		}
	}
	var running []*process
	defer func() {
		for _, p := range running {
			p.end()
		}
	}()
	for _, command := range t.scenario.Beside {
		p, err := t.start(ctx, clientEnd, command)
		if err != nil {
			return "", err
		}
		running = append(running, p)
	}
	beside := running
	var client *process
	begin := func() (err error) {
		if client, err = t.start(ctx, clientEnd, r.Command); err == nil {
			running = append(running, client)
		}
		return err
	}
	if t.scenario.After > 0 {
		if err := begin(); err != nil {
			return "", err
		}
		time.Sleep(t.scenario.After)
	}
	captures, files, err := t.captures(ctx, r)
	running = append(running, captures...)
	if err != nil {
		return "", err
	}
	if r.Record {
		time.Sleep(warming)
		if err := t.serveAll(ctx); err != nil {
			return "", err
		}
		defer t.endAll()
	}
	if client == nil {
		if err := begin(); err != nil {
			return "", err
		}
	}
	said, err := client.wait(r.Command)
	if err != nil {
		return "", err
	}
	for _, p := range beside {
		p.end()
	}
	t.settle(files)
	for i, file := range files {
		if err := t.keep(captures[i], filepath.Join(t.Dir, file), filepath.Join(out, file)); err != nil {
			return "", err
		}
	}
	kept := r.Keys
	if r.Plain != "" {
		kept = append(slices.Clone(kept), r.Plain)
	}
	for _, file := range kept {
		b, err := os.ReadFile(filepath.Join(t.Dir, file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(out, file), b, 0o600); err != nil {
			return "", err
		}
	}
	return said, nil
}

// captures starts one at each point and returns the names of their files in the folder of the testbed.
func (t *Testbed) captures(ctx context.Context, r *scenario.Run) (out []*process, files []string, err error) {
	begin := t.capture
	if r.Record {
		begin = t.record
	}
	for _, l := range t.links {
		for _, e := range l.ends {
			file := File(r, e.point)
			p, err := begin(ctx, &e, filepath.Join(t.Dir, file))
			if err != nil {
				return out, files, err
			}
			out, files = append(out, p), append(files, file)
		}
	}
	return out, files, nil
}

// settle waits until the last packets of a run are in its captures: until these have not grown for a while.
func (t *Testbed) settle(files []string) {
	const quiet = 400 * time.Millisecond
	size := func() (sum int64) {
		for _, f := range files {
			if info, err := os.Stat(filepath.Join(t.Dir, f)); err == nil {
				sum += info.Size()
			}
		}
		return sum
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		before := size()
		time.Sleep(quiet + 4*t.scenario.Path.Delay + t.scenario.Path.Late)
		if size() == before {
			return
		}
	}
}

// warming is how long recorders have to open their rings when they have begun to write.
const warming = 2 * time.Second

// record starts wiretale record and waits until it writes.
func (t *Testbed) record(ctx context.Context, e *end, file string) (*process, error) {
	p, err := t.start(ctx, e.namespace, []string{t.Program, "record", "-w", file})
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return p, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("wiretale record ended: %v: %s", p.err, bytes.TrimSpace(p.said.Bytes()))
		default:
		}
	}
	p.end()
	return nil, fmt.Errorf("wiretale record at %s does not begin", e.point)
}

// wholeFrame is more than any frame of the path has. The ring of a capture is
// divided into slots of that size, so it must not be much more.
const wholeFrame = 2000

// capture starts tcpdump and waits until it sees packets.
func (t *Testbed) capture(ctx context.Context, e *end, file string) (*process, error) {
	snap := t.scenario.Snap
	if snap == 0 {
		snap = wholeFrame
	}
	p, err := t.start(ctx, e.namespace, []string{"tcpdump", "-i", e.device, "-s", strconv.Itoa(snap), "-B", "65536", "-U", "--immediate-mode", "-Z", "root", "-w", file})
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// tcpdump writes the header of the file when the device is open, and the first packets come behind it.
		if info, err := os.Stat(file); err == nil && info.Size() >= 24 {
			return p, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("tcpdump ended: %v: %s", p.err, bytes.TrimSpace(p.said.Bytes()))
		default:
		}
	}
	p.end()
	return nil, fmt.Errorf("tcpdump at %s does not begin", e.point)
}

// keep ends a capture and copies it, unless packets are missing in it.
func (t *Testbed) keep(p *process, from, to string) error {
	p.signal(syscall.SIGINT)
	if !bytes.Contains(p.said.Bytes(), []byte("\n0 packets dropped by kernel")) && !bytes.Contains(p.said.Bytes(), []byte("lost: 0 packets, 0 events")) {
		return fmt.Errorf("a capture lacks packets: %s", bytes.TrimSpace(p.said.Bytes()))
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
