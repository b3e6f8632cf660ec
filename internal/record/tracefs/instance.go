//go:build linux

package tracefs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// prefix begins the names of instances that are ours.
const prefix = "wiretale-"

// A mount is where tracefs is.
type mount struct {
	dir string
	fd  int // of a mount that nobody else sees; -1 for none
}

// openMount finds tracefs where it is mounted, or mounts it for this process alone: "ip netns exec" hides what is mounted in /sys.
func openMount() (mount, error) {
	for _, dir := range []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} {
		if _, err := os.Stat(filepath.Join(dir, "instances")); err == nil {
			return mount{dir, -1}, nil
		} else if errors.Is(err, os.ErrPermission) {
			return mount{}, err
		}
	}
	fs, err := unix.Fsopen("tracefs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return mount{}, fmt.Errorf("tracefs is not mounted, and cannot be: %w", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return mount{}, fmt.Errorf("tracefs is not mounted, and cannot be: %w", err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return mount{}, fmt.Errorf("tracefs is not mounted, and cannot be: %w", err)
	}
	return mount{fmt.Sprintf("/proc/self/fd/%d", fd), fd}, nil
}

func (m *mount) close() {
	if m.fd >= 0 {
		unix.Close(m.fd)
		m.fd = -1
	}
}

// reclaim removes instances whose recorders are gone: one that is in use has open files, and the kernel keeps it.
func (m *mount) reclaim() {
	dirs, _ := filepath.Glob(filepath.Join(m.dir, "instances", prefix+"*"))
	for _, d := range dirs {
		unix.Rmdir(d)
	}
}

// An instance is buffers of tracing of our own, with their settings.
type instance struct {
	dir              string
	on, pids, resize *os.File // tracing_on, set_event_pid, buffer_size_kb: they can be written when privileges are gone
	cpus             []*stream
	stats            []*os.File
	ring             int64 // bytes of the ring of a processor
}

// newInstance makes an instance that records nothing yet, with so many bytes a processor.
func (m *mount) newInstance(name string, layout Layout, size int) (in *instance, err error) {
	in = &instance{dir: filepath.Join(m.dir, "instances", fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), name)), ring: int64(size)}
	for range 3 { // another recorder that begins takes one that has no open files yet for one that nobody uses
		unix.Rmdir(in.dir)
		if err = os.Mkdir(in.dir, 0o700); err != nil {
			return nil, err
		}
		if err = in.set(layout); !errors.Is(err, os.ErrNotExist) {
			break
		}
		in.close()
	}
	if err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *instance) set(layout Layout) (err error) {
	if in.on, err = in.open("tracing_on", os.O_WRONLY); err != nil {
		return err
	}
	if err = in.pipes(layout); err != nil {
		return err
	}
	// Times are those of the clock that events of eBPF have too. What there is no room for is lost, not what is there: as with the ring of eBPF.
	for _, s := range [...][2]string{{"tracing_on", "0"}, {"trace_clock", "mono"}, {"options/overwrite", "0"}, {"buffer_size_kb", strconv.FormatInt(in.ring/1024, 10)}} {
		if err := in.write(s[0], s[1]); err != nil {
			return err
		}
	}
	if in.resize, err = in.open("buffer_size_kb", os.O_WRONLY); err != nil {
		return err
	}
	in.pids, err = in.open("set_event_pid", os.O_WRONLY|os.O_APPEND)
	return err
}

// pipes opens the ring of each processor.
func (in *instance) pipes(layout Layout) error {
	dirs, err := filepath.Glob(filepath.Join(in.dir, "per_cpu", "cpu[0-9]*"))
	if err != nil {
		return err
	}
	for _, d := range dirs {
		cpu, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(d), "cpu"), 10, 16)
		if err != nil {
			return err
		}
		fd, err := unix.Open(filepath.Join(d, "trace_pipe_raw"), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: filepath.Join(d, "trace_pipe_raw"), Err: err}
		}
		in.cpus = append(in.cpus, &stream{fd: fd, cpu: uint16(cpu), layout: layout, page: make([]byte, layout.Size())})
		stats, err := os.Open(filepath.Join(d, "stats"))
		if err != nil {
			return err
		}
		in.stats = append(in.stats, stats)
	}
	if len(in.cpus) == 0 {
		return fmt.Errorf("%s: %w", filepath.Join(in.dir, "per_cpu"), os.ErrNotExist)
	}
	return nil
}

func (in *instance) open(name string, mode int) (*os.File, error) {
	return os.OpenFile(filepath.Join(in.dir, name), mode, 0)
}

func (in *instance) write(name, value string) error {
	f, err := in.open(name, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// enable begins to record a point, with its filter.
func (in *instance) enable(p *point) error {
	dir := filepath.Join("events", p.system, p.name)
	if p.filter != "" {
		if err := in.write(filepath.Join(dir, "filter"), p.filter); err != nil {
			return err
		}
	}
	return in.write(filepath.Join(dir, "enable"), "1")
}

// lost is how many records there was no room for.
func (in *instance) lost() (n uint64) {
	var buf [1024]byte
	for _, f := range in.stats {
		if got, _ := f.ReadAt(buf[:], 0); got > 0 {
			n += parseLost(string(buf[:got]))
		}
	}
	return n
}

// stop records nothing more; what is in the rings stays.
func (in *instance) stop() {
	if in.on != nil {
		in.on.WriteString("0")
	}
}

// close removes the instance. Who may not do that leaves it empty, and the next recorder removes it.
func (in *instance) close() {
	in.stop()
	if in.resize != nil {
		in.resize.WriteString("4")
	}
	for _, c := range in.cpus {
		unix.Close(c.fd)
	}
	for _, f := range append(in.stats, in.on, in.pids, in.resize) {
		if f != nil {
			f.Close()
		}
	}
	in.cpus, in.stats, in.on, in.pids, in.resize = nil, nil, nil, nil, nil
	unix.Rmdir(in.dir)
}
