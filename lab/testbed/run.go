//go:build linux

package testbed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/wiretale/wiretale/lab/scenario"
)

// Files are the names of the captures of a run.
func Files(r *scenario.Run) (client, server string) {
	return r.Name + "_client.pcap", r.Name + "_server.pcap"
}

// longest is how long a run may take.
const longest = 2 * time.Minute

// Run runs what the client does, captured at both ends into the folder out, and returns what it said.
func (t *Testbed) Run(ctx context.Context, r *scenario.Run, out string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	client, server := Files(r)
	var captures []*process
	defer func() {
		for _, c := range captures {
			c.end()
		}
	}()
	for _, c := range []struct{ namespace, file string }{{clientEnd, client}, {serverEnd, server}} {
		p, err := t.capture(ctx, c.namespace, filepath.Join(t.Dir, c.file))
		if err != nil {
			return "", err
		}
		captures = append(captures, p)
	}
	p, err := t.start(ctx, clientEnd, r.Command)
	if err != nil {
		return "", err
	}
	<-p.done
	said := string(bytes.TrimSpace(p.said.Bytes()))
	if p.err != nil {
		return "", fmt.Errorf("%s: %w: %s", r.Command[0], p.err, said)
	}
	t.settle(filepath.Join(t.Dir, client), filepath.Join(t.Dir, server))
	for i, file := range []string{client, server} {
		if err := t.keep(captures[i], filepath.Join(t.Dir, file), filepath.Join(out, file)); err != nil {
			return "", err
		}
	}
	return said, nil
}

// settle waits until the last packets of a run are in its captures: until these have not grown for a while.
func (t *Testbed) settle(files ...string) {
	const quiet = 400 * time.Millisecond
	size := func() (sum int64) {
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				sum += info.Size()
			}
		}
		return sum
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		before := size()
		time.Sleep(quiet + 4*t.scenario.Path.Delay)
		if size() == before {
			return
		}
	}
}

// wholeFrame is more than any frame of the path has. The ring of a capture is
// divided into slots of that size, so it must not be much more.
const wholeFrame = 2000

// capture starts tcpdump and waits until it sees packets.
func (t *Testbed) capture(ctx context.Context, namespace, file string) (*process, error) {
	snap := t.scenario.Snap
	if snap == 0 {
		snap = wholeFrame
	}
	p, err := t.start(ctx, namespace, []string{"tcpdump", "-i", device, "-s", strconv.Itoa(snap), "-B", "65536", "-U", "--immediate-mode", "-Z", "root", "-w", file})
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
	return nil, fmt.Errorf("tcpdump in %s does not begin", namespace)
}

// keep ends a capture and copies it, unless packets are missing in it.
func (t *Testbed) keep(p *process, from, to string) error {
	p.signal(syscall.SIGINT)
	if !bytes.Contains(p.said.Bytes(), []byte("\n0 packets dropped by kernel")) {
		return fmt.Errorf("a capture lacks packets: %s", bytes.TrimSpace(p.said.Bytes()))
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
