//go:build linux

package record

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	backend "github.com/wiretale/wiretale/internal/record/bpf"
	"github.com/wiretale/wiretale/internal/record/capfilter"
	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/file"
	"github.com/wiretale/wiretale/internal/record/packets"
	"github.com/wiretale/wiretale/internal/record/procfs"
	"github.com/wiretale/wiretale/internal/record/tracefs"
)

// A tracer tells what processes and the stack do; times are those of CLOCK_MONOTONIC.
type tracer interface {
	Read(f func(e *event.Event) bool)
	Lost() uint64
	// Waiting is how full its ring is, from 0 to 1.
	Waiting() float64
	Stop()
	Close()
	// Follow and Forget change whose calls are recorded.
	Follow(pid uint32) error
	Forget(pid uint32)
}

// A Recorder is a recording that is open. It is for one goroutine.
type Recorder struct {
	Backend Backend
	// Notes are what is not recorded, and why.
	Notes []string
	// Kept is why the privileges of the process are not given up, nil when they are, or when they are to be kept.
	Kept error

	cfg     Config
	clock   *clock
	tracer  tracer
	rings   []*taken
	devices map[int]int // interface index -> number in the file
	out     *file.Writer
	events  queue
	owners  owners
	scope   *scope
	known   map[uint32]bool // processes that were described
	command *child
	counts  Counts
	start   int64 // of the recording
	loop    int   // index of the loopback device
}

// A taken is a ring with its blocks that are not written yet.
type taken struct {
	*packets.Ring
	blocks []packets.Block
	device int // index; 0 for all
	first  int // number of its interface in the file, for statistics
}

// Open takes everything that needs privileges, and gives these up.
func Open(cfg Config) (*Recorder, error) {
	if cfg.Snap == 0 {
		cfg.Snap = 1 << 18
	}
	prog, err := capfilter.Compile(cfg.Filter, capfilter.Socket, uint32(cfg.Snap))
	if err != nil {
		return nil, err
	}
	if len(cfg.Command) > 0 {
		cfg.PIDs = append(cfg.PIDs, uint32(os.Getpid())) // until it runs, so that it is followed from its first call on
	}
	r := &Recorder{cfg: cfg, clock: newClock(), devices: map[int]int{}, owners: newOwners(), known: map[uint32]bool{}}
	if r.scope, err = newScope(cfg.Filter, cfg.PIDs); err != nil {
		return nil, err
	}
	r.start = now(unix.CLOCK_REALTIME)
	if err := r.trace(); err != nil {
		return nil, err
	}
	if err := r.capture(prog); err != nil {
		r.Close()
		return nil, err
	}
	if r.tracer == nil && cfg.PIDs != nil {
		r.Close()
		return nil, fmt.Errorf("which packets are those of a process is known from its calls alone, and these cannot be recorded: %s", strings.Join(r.Notes, "; "))
	}
	r.scan()
	if len(cfg.Command) > 0 {
		if r.command, err = r.run(); err != nil {
			r.Close()
			return nil, err
		}
		r.tracer.Forget(uint32(os.Getpid()))
	}
	r.out = file.NewWriter(r.section())
	if !cfg.Keep {
		r.Kept = drop()
	}
	return r, nil
}

// trace opens the back-end that was asked for, or the first that works.
func (r *Recorder) trace() error {
	want := r.cfg.Backend
	if want == "" {
		want = Auto
	}
	r.Backend = None
	if want == None {
		return nil
	}
	var failed []string
	if want == Auto || want == BPF {
		t, err := r.openBPF()
		if err == nil {
			r.Backend, r.tracer = BPF, t
			return nil
		}
		failed = append(failed, fmt.Sprintf("eBPF: %v", explain(err)))
	}
	if want == Auto || want == Tracefs {
		t, err := tracefs.Open(tracefs.Options{PIDs: r.cfg.PIDs, Self: len(r.cfg.Command) > 0, Namespace: r.namespace()})
		if err == nil {
			r.Backend, r.tracer = Tracefs, t
			r.Notes = append(r.Notes, t.Missing...)
			return nil
		}
		if missing(err) {
			err = fmt.Errorf("it is for root: %w", err)
		}
		failed = append(failed, fmt.Sprintf("tracefs: %v", err))
	}
	if want != Auto {
		return errors.New(strings.Join(failed, "; "))
	}
	r.Notes = append(r.Notes, "calls and the stack: "+strings.Join(failed, "; "))
	return nil
}

func (r *Recorder) openBPF() (*backend.Trace, error) {
	t, err := backend.Open(backend.Options{PIDs: r.cfg.PIDs, Self: len(r.cfg.Command) > 0, Namespace: r.namespace()})
	if err == nil {
		r.Notes = append(r.Notes, t.Missing...)
	}
	return t, err
}

// namespace is the inode of the network namespace whose events are recorded, 0 for all.
func (r *Recorder) namespace() uint32 {
	var st unix.Stat_t
	if r.cfg.AllNamespaces || unix.Stat("/proc/thread-self/ns/net", &st) != nil {
		return 0
	}
	return uint32(st.Ino)
}

// capture opens the rings of packets.
func (r *Recorder) capture(prog []bpf.Instruction) error {
	if lo, err := net.InterfaceByName("lo"); err == nil {
		r.loop = lo.Index
	}
	names := r.cfg.Interfaces
	if len(names) == 0 || slices.Contains(names, "any") {
		names = []string{"any"}
	}
	size := r.cfg.Ring
	if size == 0 {
		size = 64 << 20 / len(names)
	}
	for _, name := range names {
		t := &taken{first: -1}
		if name != "any" {
			i, err := packets.Lookup(name)
			if err != nil {
				return err
			}
			t.device = i.Index
		}
		var err error
		if t.Ring, err = packets.Open(packets.Options{Interface: t.device, Program: prog, Size: max(size, 4<<20)}); err != nil {
			if r.tracer != nil && missing(err) {
				r.Notes = append(r.Notes, fmt.Sprintf("packets: %v", explain(err)))
				return nil
			}
			if missing(err) {
				return fmt.Errorf("%w: packets: %w", ErrNothing, explain(err))
			}
			return err
		}
		r.rings = append(r.rings, t)
	}
	return nil
}

// scan learns the owners of the sockets that there are before the recording.
func (r *Recorder) scan() {
	if r.tracer == nil {
		return
	}
	wanted := func(pid uint32) bool {
		return (r.scope.follow == nil || r.scope.follow[pid]) && int(pid) != os.Getpid()
	}
	procfs.Descriptors(wanted, func(pid uint32, _ int32, s *procfs.Socket) {
		r.owners.set(pair{s.Local, s.Remote, s.Protocol}, owner{pid: pid})
	})
}

// section is what the file says of the recording.
func (r *Recorder) section() file.Section {
	var u unix.Utsname
	unix.Uname(&u)
	text := func(b []byte) string { return unix.ByteSliceToString(b) }
	s := file.Section{Application: r.cfg.Application, OS: text(u.Sysname[:]) + " " + text(u.Release[:]) + " " + text(u.Version[:]), Hardware: text(u.Machine[:])}
	s.Comments = append(s.Comments, "backend: "+string(r.Backend))
	for _, n := range r.Notes {
		s.Comments = append(s.Comments, "not recorded: "+n)
	}
	if r.cfg.PIDs != nil {
		var list []string
		for _, pid := range r.cfg.PIDs {
			if int(pid) != os.Getpid() {
				list = append(list, fmt.Sprint(pid))
			}
		}
		if r.command != nil {
			list = append(list, fmt.Sprint(r.command.pid()))
		}
		s.Comments = append(s.Comments, "processes: "+strings.Join(list, ", "))
	}
	return s
}

// Counts are what was recorded so far.
func (r *Recorder) Counts() Counts {
	c := r.counts
	for _, t := range r.rings {
		_, lost := t.Counts()
		c.PacketsLost += lost
	}
	if r.tracer != nil {
		c.EventsLost = r.tracer.Lost()
	}
	return c
}

// Close gives everything up. A command that runs is left alone.
func (r *Recorder) Close() {
	if r.tracer != nil {
		r.tracer.Close()
	}
	for _, t := range r.rings {
		t.Close()
	}
	r.tracer, r.rings = nil, nil
}
