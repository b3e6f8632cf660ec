//go:build linux

package testbed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wiretale/wiretale/lab/scenario"
)

// A process runs in a namespace, with what it starts itself in a group of its own.
type process struct {
	cmd  *exec.Cmd
	said bytes.Buffer // standard output and error; valid after done
	done chan struct{}
	err  error // how it ended; valid after done
}

// start starts a command in a namespace.
func (t *Testbed) start(ctx context.Context, namespace string, command []string) (*process, error) {
	args := []string{"netns", "exec", namespace} // ip becomes the command, so that its process id is the command's
	for _, word := range command {
		args = append(args, t.expand.Replace(word))
	}
	p := &process{cmd: exec.CommandContext(ctx, "ip", args...), done: make(chan struct{})}
	p.cmd.Dir = t.Dir
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// patience is how long a server, a capture or the end of one may take.
const patience = 10 * time.Second

// end ends a process with all that it started; one that has ended already is no matter.
func (p *process) end() { p.signal(syscall.SIGTERM) }

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.done: // its number may be another's by now
		return
	default:
	}
	syscall.Kill(-p.cmd.Process.Pid, s)
	select {
	case <-p.done:
	case <-time.After(patience):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// do runs a command to its end and returns what it said.
func (t *Testbed) do(ctx context.Context, namespace string, command []string) (string, error) {
	p, err := t.start(ctx, namespace, command)
	if err != nil {
		return "", err
	}
	return p.wait(command)
}

// wait waits until a command ends by itself and returns what it said.
func (p *process) wait(command []string) (string, error) {
	<-p.done
	said := string(bytes.TrimSpace(p.said.Bytes()))
	if p.err != nil {
		return said, fmt.Errorf("%s: %w: %s", strings.Join(command, " "), p.err, said)
	}
	return said, nil
}

// serve starts a server and waits until it listens.
func (t *Testbed) serve(ctx context.Context, namespace string, s *scenario.Server) error {
	p, err := t.start(ctx, namespace, s.Command)
	if err != nil {
		return err
	}
	t.servers = append(t.servers, p)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended: %v: %s", s.Command[0], p.err, bytes.TrimSpace(p.said.Bytes()))
		default:
		}
		if listens(p.cmd.Process.Pid, s.Network, s.Port) {
			return nil
		}
	}
	return fmt.Errorf("%s does not listen on port %d/%s", s.Command[0], s.Port, s.Network)
}

// waiting are the states of proc(5) of sockets that take what comes: TCP_LISTEN, and that of any socket of UDP without a peer.
var waiting = map[string]string{"tcp": "0A", "udp": "07"}

// listens reports whether something in the namespace of the process listens on a port, over IPv4 or IPv6.
func listens(pid int, network string, port uint16) bool {
	for _, table := range []string{network, network + "6"} {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "net", table))
		if err == nil && listening(string(b), waiting[network], port) {
			return true
		}
	}
	return false
}

// listening looks for a port in a table of proc(5): local address and port in hex, peer, state.
func listening(table, state string, port uint16) bool {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == state && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			return true
		}
	}
	return false
}
