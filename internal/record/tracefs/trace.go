//go:build linux

// Package tracefs records calls on sockets and what the TCP/IP stack does
// without eBPF: with the kernel's tracepoints as tracefs has them, in instances
// of its own, read as binary pages. Fields of records are found by name in the
// files format. What tracepoints do not tell is put together from the order of
// events and from /proc, or left out: docs/record.md says what that is.
package tracefs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/kallsyms"
	"github.com/wiretale/wiretale/internal/record/procfs"
)

// Options of a Trace.
type Options struct {
	PIDs      []uint32 // only the calls of these and of what they start; nil for all
	Namespace uint32   // inode of the network namespace that is recorded; 0 for all
	Size      int      // bytes of the rings together; 0 for 64 MiB
	Self      bool     // record this process too
}

// A Trace is tracepoints that are recorded. It is for one goroutine.
type Trace struct {
	Missing      []string // what this kernel does not tell, and why
	mount        mount
	calls, stack *instance
	streams      []*stream
	tracker      *Tracker
	follows      bool
	stopped      bool
	full         float64
	lost         uint64
}

// Open makes the instances and starts.
//
//  1. Find or mount tracefs; remove what dead recorders left.
//  2. Make two instances: calls, which set_event_pid can filter, and the stack, whose events come on anybody's time.
//  3. Compile the decoders of the points that this kernel has, and enable these.
//  4. Say whose calls are recorded, switch on, and only then look which threads and sockets there are: what changes meanwhile is in the rings.
func Open(opt Options) (t *Trace, err error) {
	t = &Trace{mount: mount{fd: -1}, follows: opt.PIDs != nil}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if t.mount, err = openMount(); err != nil {
		return t, err
	}
	t.mount.reclaim()
	if err := t.instances(opt); err != nil {
		return t, err
	}
	decoders, formats, err := t.points()
	if err != nil {
		return t, err
	}
	if err := t.filter(opt); err != nil {
		return t, err
	}
	t.tracker = NewTracker(TrackOptions{
		Follow: opt.PIDs, Namespace: opt.Namespace != 0, Local: localAddresses(), Find: finder(opt.Namespace), Location: kallsyms.Load(),
		Evidence: formats["sock_send_length"] != nil && formats["sock_recv_length"] != nil,
		Reasons:  symbols(formats["kfree_skb"], "reason"), Resets: symbols(formats["tcp_send_reset"], "reason"),
	})
	for _, s := range t.streams {
		s.decoders = decoders
	}
	for _, in := range []*instance{t.stack, t.calls} {
		if _, err := in.on.WriteString("1"); err != nil {
			return t, fmt.Errorf("tracing_on: %w", err)
		}
	}
	if !opt.Self {
		t.tracker.ignore(uint32(os.Getpid()), 1)
	}
	t.scan(opt)
	return t, nil
}

func (t *Trace) instances(opt Options) error {
	text, err := os.ReadFile(filepath.Join(t.mount.dir, "events", "header_page"))
	if err != nil {
		return err
	}
	layout, err := ParseLayout(string(text), order())
	if err != nil {
		return err
	}
	size := opt.Size
	if size == 0 {
		size = 64 << 20
	}
	size = max(size/runtime.NumCPU(), 1<<20)
	if t.calls, err = t.mount.newInstance("calls", layout, size*3/4); err != nil {
		return err
	}
	if t.stack, err = t.mount.newInstance("stack", layout, size/4); err != nil {
		return err
	}
	t.streams = append(slices.Clone(t.calls.cpus), t.stack.cpus...)
	return nil
}

// order is that of this machine.
func order() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// required are the points without which there is nothing.
var required = []string{"sys_enter_socket", "sys_exit_socket", "inet_sock_set_state"}

// points enables the points that this kernel has, and makes their decoders.
func (t *Trace) points() (decoders map[uint16]*decoder, formats map[string]*Format, err error) {
	decoders, formats = map[uint16]*decoder{}, map[string]*Format{}
	for i := range points {
		p := &points[i]
		in := t.calls
		if p.stack {
			in = t.stack
		}
		f, d, err := in.point(p)
		if err == nil {
			decoders[f.ID], formats[p.name] = d, f
			continue
		}
		if slices.Contains(required, p.name) || errors.Is(err, os.ErrPermission) {
			return nil, nil, fmt.Errorf("%s:%s: %w", p.system, p.name, err)
		}
		if p.what != "" {
			t.Missing = append(t.Missing, p.what+": "+plain(err))
		}
	}
	var kind Field
	for _, f := range formats {
		kind, _ = f.Field("common_type")
	}
	for _, s := range t.streams {
		s.kind = kind
	}
	t.Missing = append(t.Missing, "endpoints of dropped packets that had come to no socket: no tracepoint tells them", "addresses of bind for UDP, and peers of recvfrom: no tracepoint tells them")
	slices.Sort(t.Missing)
	return decoders, formats, nil
}

func (in *instance) point(p *point) (*Format, *decoder, error) {
	text, err := os.ReadFile(filepath.Join(in.dir, "events", p.system, p.name, "format"))
	if err != nil {
		return nil, nil, err
	}
	f, err := ParseFormat(string(text))
	if err != nil {
		return nil, nil, err
	}
	d, lacks := newDecoder(p, f, order())
	if lacks != "" {
		return nil, nil, fmt.Errorf("this kernel does not tell its %s", lacks)
	}
	return f, d, in.enable(p)
}

// plain is an error without the path of this machine.
func plain(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		if errors.Is(err, os.ErrNotExist) {
			return "this kernel has no such tracepoint"
		}
		return path.Err.Error()
	}
	return err.Error()
}

func symbols(f *Format, field string) map[uint64]string {
	if f == nil {
		return nil
	}
	return f.Symbols[field]
}

// filter says whose calls are recorded: those of processes with what they start, or all but those of this one.
func (t *Trace) filter(opt Options) error {
	if err := t.calls.write("options/event-fork", "1"); err != nil {
		return err
	}
	if opt.PIDs == nil {
		if opt.Self {
			return nil
		}
		f, err := t.calls.open("set_event_notrace_pid", os.O_WRONLY|os.O_APPEND)
		if err != nil { // it is of Linux 5.7; calls of this process are left out when they are read too
			return nil
		}
		defer f.Close()
		return eachThread(uint32(os.Getpid()), func(tid uint32) error {
			_, err := f.WriteString(strconv.FormatUint(uint64(tid), 10) + "\n")
			return err
		})
	}
	for _, pid := range opt.PIDs {
		if err := t.Follow(pid); err != nil {
			return err
		}
	}
	return nil
}

// eachThread calls f with the threads of a process, twice: those that began meanwhile are not missed.
func eachThread(pid uint32, f func(tid uint32) error) error {
	done := map[uint32]bool{}
	for range 2 {
		list, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return nil // it is gone
		}
		for _, e := range list {
			tid, err := strconv.ParseUint(e.Name(), 10, 32)
			if err != nil || done[uint32(tid)] {
				continue
			}
			done[uint32(tid)] = true
			if err := f(uint32(tid)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Follow adds a process to those whose calls are recorded.
func (t *Trace) Follow(pid uint32) error {
	if t.tracker != nil {
		t.tracker.follow[pid] = true
	}
	return eachThread(pid, func(tid uint32) error {
		_, err := t.calls.pids.WriteString(strconv.FormatUint(uint64(tid), 10) + "\n")
		return err
	})
}

// Forget takes a process out of them. The kernel goes on to tell its calls: no thread can be taken out of its list.
func (t *Trace) Forget(pid uint32) { t.tracker.ignore(pid, monotonic()) }

// scan learns which threads and sockets there are.
func (t *Trace) scan(opt Options) {
	find := finder(opt.Namespace)
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, err := strconv.ParseUint(filepath.Base(d), 10, 32)
		if err != nil {
			continue
		}
		eachThread(uint32(pid), func(tid uint32) error {
			if s := find(tid); s != nil {
				t.tracker.take(s)
			}
			return nil
		})
	}
	procfs.Descriptors(func(pid uint32) bool { return int(pid) != os.Getpid() || opt.Self }, func(pid uint32, fd int32, s *procfs.Socket) {
		t.tracker.has(pid, fd, s.Family, s.Protocol, s.Local, s.Remote, s.Listens, s.Waiting)
	})
}

// finder asks /proc for threads. A namespace that may not be asked for is taken for that of the recording.
func finder(namespace uint32) func(tid uint32) *Thread {
	return func(tid uint32) *Thread {
		dir := "/proc/" + strconv.FormatUint(uint64(tid), 10)
		b, err := os.ReadFile(dir + "/status")
		if err != nil {
			return nil
		}
		s := &Thread{TID: tid}
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			switch value = strings.TrimSpace(value); key {
			case "Name":
				s.Command = value
			case "Tgid":
				n, _ := strconv.ParseUint(value, 10, 32)
				s.PID = uint32(n)
			case "PPid":
				n, _ := strconv.ParseUint(value, 10, 32)
				s.Parent = uint32(n)
			}
		}
		var st unix.Stat_t
		s.Foreign = namespace != 0 && unix.Stat(dir+"/ns/net", &st) == nil && uint32(st.Ino) != namespace
		return s
	}
}

// localAddresses reports whether an address is one of this namespace. It asks again for one that it does not know, once a second.
func localAddresses() func(netip.Addr) bool {
	known := map[netip.Addr]bool{}
	var asked time.Time
	return func(a netip.Addr) bool {
		if !known[a] && time.Since(asked) > time.Second {
			asked = time.Now()
			list, _ := net.InterfaceAddrs()
			for _, n := range list {
				if p, err := netip.ParsePrefix(n.String()); err == nil {
					known[p.Addr().WithZone("")] = true
				}
			}
		}
		return known[a]
	}
}

// Read hands the events that there are to f, which may keep none of them, as long as f wants more. Their times are those of CLOCK_MONOTONIC.
func (t *Trace) Read(f func(e *event.Event) bool) {
	until := int64(math.MaxInt64)
	tell := until
	if !t.stopped { // what happened before this moment is in the rings
		until = monotonic()
		tell = until - late
	}
	before := t.taken()
	more := true
	merge(t.streams, until, func(r *record) bool {
		t.tracker.Take(r)
		if more = t.tracker.tell(min(tell, r.time-late), f); !more {
			return false
		}
		return true
	})
	t.full = float64(t.taken()-before) / float64(t.calls.ring)
	if !more {
		return
	}
	if !t.stopped {
		t.tracker.waiting(tell)
	}
	t.tracker.tell(tell, f)
}

func monotonic() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return now.Nano()
}

func (t *Trace) taken() (n int64) {
	for _, s := range t.streams {
		n += s.taken
	}
	return n
}

// Waiting is how full the rings were when they were read last, from 0 to 1.
func (t *Trace) Waiting() float64 { return t.full }

// Lost is how many events there was no room for.
func (t *Trace) Lost() uint64 {
	if t.calls != nil && t.stack != nil {
		t.lost = t.calls.lost() + t.stack.lost()
	}
	return t.lost
}

// Stop ends the recording; what is in the rings can still be read.
func (t *Trace) Stop() {
	t.calls.stop()
	t.stack.stop()
	t.stopped = true
}

// Close gives everything up.
func (t *Trace) Close() {
	t.Lost()
	for _, in := range []*instance{t.calls, t.stack} {
		if in != nil {
			in.close()
		}
	}
	t.calls, t.stack = nil, nil
	t.mount.close()
}
