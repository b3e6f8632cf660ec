//go:build linux

package record

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/internal/record/file"
)

// processOf is what /proc says of a process; of one that has ended its command alone.
func processOf(pid uint32, command string) file.Process {
	p := file.Process{PID: pid, Name: command}
	dir := "/proc/" + strconv.FormatUint(uint64(pid), 10)
	if b, err := os.ReadFile(dir + "/comm"); err == nil {
		p.Name = strings.TrimRight(string(b), "\n")
	}
	p.Path, _ = os.Readlink(dir + "/exe")
	if b, err := os.ReadFile(dir + "/cmdline"); err == nil {
		p.Command = string(b)
	}
	if b, err := os.ReadFile(dir + "/stat"); err == nil {
		// Behind the name in parentheses: state, parent, and as the 20th the start in ticks since the system's.
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) > 19 {
			parent, _ := strconv.ParseUint(f[1], 10, 32)
			ticks, _ := strconv.ParseInt(f[19], 10, 64)
			p.Parent = uint32(parent)
			if boot := bootTime(); boot > 0 {
				p.Start = boot + ticks*(1e9/ticksPerSecond)
			}
		}
	}
	if st, err := os.ReadFile(dir + "/status"); err == nil {
		if _, rest, ok := strings.Cut(string(st), "\nUid:"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				uid, err := strconv.ParseUint(f[0], 10, 32)
				p.UID, p.HasUID = uint32(uid), err == nil
			}
		}
	}
	return p
}

// ticksPerSecond is USER_HZ, which is the same on all processors that Go knows.
const ticksPerSecond = 100

// bootTime is when the system began, in nanoseconds since 1970.
var bootTime = sync.OnceValue(func() int64 {
	b, _ := os.ReadFile("/proc/stat")
	_, rest, _ := strings.Cut(string(b), "\nbtime ")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(line, 10, 64)
	return n * 1e9
})

// Find is the processes of a name: of their command, or of their program's file.
func Find(name string) (pids []uint32, err error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, d := range dirs {
		pid, err := strconv.ParseUint(filepath.Base(d), 10, 32)
		if err != nil || int(pid) == os.Getpid() {
			continue
		}
		comm, _ := os.ReadFile(d + "/comm")
		exe, _ := os.Readlink(d + "/exe")
		if strings.TrimRight(string(comm), "\n") == name || filepath.Base(exe) == name || exe == name {
			pids = append(pids, uint32(pid))
		}
	}
	if len(pids) == 0 {
		return nil, fmt.Errorf("no process %q runs", name)
	}
	slices.Sort(pids)
	return pids, nil
}

// A child is the command that is recorded.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid when done is closed
}

// run starts the command. This process is followed while it does, so the command is from its first call on.
func (r *Recorder) run() (*child, error) {
	c := &child{cmd: exec.Command(r.cfg.Command[0], r.cfg.Command[1:]...), done: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = r.cfg.Stdin, r.cfg.Stdout, r.cfg.Stderr
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	r.scope.follow[uint32(c.pid())] = true
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// ended reports whether there is a command, and it has ended.
func (c *child) ended() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
