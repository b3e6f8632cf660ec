package tracefs

import (
	"bytes"

	"github.com/wiretale/wiretale/internal/record/event"
)

// A process is what is known of one: whose threads make calls, and what its descriptors are.
type process struct {
	pid, parent uint32
	foreign     bool  // in another network namespace than the one that is recorded
	ignored     int64 // from when on its calls are left out: the recorder; 0 for never
	files       *files
	threads     int
}

// out reports whether what a process does at a time is left out.
func (p *process) out(at int64) bool { return p.ignored != 0 && at >= p.ignored }

// files are the descriptors of a process. Processes can share them (CLONE_FILES).
type files struct {
	list map[int32]*descriptor
}

// A descriptor is one that is a socket of IPv4 or IPv6.
type descriptor struct {
	socket   *socket
	closexec bool
}

// A thread is one, with the call that it is in.
type thread struct {
	*process
	tid    uint32
	comm   [16]byte
	name   string // of comm
	flight flight
}

// named sets the name of the command.
func (t *thread) named(comm [16]byte) {
	if t.comm != comm || t.name == "" {
		t.comm = comm
		v, _, _ := bytes.Cut(comm[:], []byte{0})
		t.name = string(v)
	}
}

// A host is the threads that there are.
type host struct {
	threads   map[uint32]*thread
	processes map[uint32]*process
	// find asks the system for a thread that no event has told of; nil when it is gone.
	find func(tid uint32) *Thread
}

// A Thread is what the system says of one.
type Thread struct {
	TID, PID, Parent uint32
	Command          string
	Foreign          bool // in another network namespace than the one that is recorded
}

func newHost(find func(tid uint32) *Thread) host {
	return host{threads: map[uint32]*thread{}, processes: map[uint32]*process{}, find: find}
}

// process is one by its number; made when it is unknown.
func (h *host) process(pid, parent uint32) *process {
	p := h.processes[pid]
	if p == nil {
		p = &process{pid: pid, parent: parent, files: &files{list: map[int32]*descriptor{}}}
		h.processes[pid] = p
	}
	return p
}

// add makes a thread of a process.
func (h *host) add(tid uint32, p *process) *thread {
	if old := h.threads[tid]; old != nil {
		h.gone(old)
	}
	t := &thread{process: p, tid: tid}
	p.threads++
	h.threads[tid] = t
	return t
}

// take takes over what the system says of a thread.
func (h *host) take(s *Thread) *thread {
	p := h.process(s.PID, s.Parent)
	p.foreign = s.Foreign
	t := h.add(s.TID, p)
	var comm [16]byte
	copy(comm[:15], s.Command)
	t.named(comm)
	return t
}

// thread is one by its number, nil when nobody knows it.
func (h *host) thread(tid uint32) *thread {
	t := h.threads[tid]
	if t == nil && tid != 0 && h.find != nil {
		if s := h.find(tid); s != nil {
			t = h.take(s)
		}
	}
	return t
}

// gone forgets a thread, and its process with the last one.
func (h *host) gone(t *thread) {
	if h.threads[t.tid] == t {
		delete(h.threads, t.tid)
	}
	if t.threads--; t.threads == 0 && h.processes[t.pid] == t.process {
		delete(h.processes, t.pid)
	}
}

// Flags of clone (include/uapi/linux/sched.h).
const (
	cloneFiles  = 0x400
	cloneThread = 0x10000
	cloneNewNet = 0x40000000
)

// life follows threads and processes.
func (t *Tracker) life(r *record) {
	switch r.point.op {
	case task:
		t.start(r)
	case rename:
		if th := t.threads[uint32(r.args[0])]; th != nil {
			th.named(r.comm)
		}
	case exec:
		t.exec(r)
	case exit:
		t.end(r)
	}
}

// start is a thread that begins: of the process that runs, or of one of its own.
func (t *Tracker) start(r *record) {
	parent, tid, flags := t.thread(r.tid), uint32(r.args[0]), r.args[1]
	if parent == nil {
		return
	}
	if flags&cloneThread != 0 {
		t.add(tid, parent.process).named(r.comm)
		return
	}
	p := &process{pid: tid, parent: parent.pid, foreign: parent.foreign || t.opt.Namespace && flags&cloneNewNet != 0}
	if flags&cloneFiles != 0 {
		p.files = parent.files
	} else {
		p.files = &files{list: make(map[int32]*descriptor, len(parent.files.list))}
		for fd, d := range parent.files.list {
			d.socket.refs++
			p.files.list[fd] = &descriptor{d.socket, d.closexec}
		}
	}
	t.processes[tid] = p
	th := t.add(tid, p)
	th.named(r.comm)
	if t.follow[parent.pid] && !parent.out(r.time) {
		t.follow[tid] = true
		t.lived(r, event.Fork, th, parent.pid)
	}
}

// exec is a program that begins in a process. A thread that is not its first becomes that.
func (t *Tracker) exec(r *record) {
	pid, old := uint32(r.args[0]), uint32(r.args[1])
	th := t.threads[pid]
	if o := t.threads[old]; old != pid && o != nil {
		p, comm := o.process, o.comm
		p.threads++ // it lives on
		t.gone(o)
		th = t.add(pid, p)
		p.threads--
		th.named(comm)
	}
	if th == nil {
		if th = t.thread(pid); th == nil {
			return
		}
	}
	for fd, d := range th.files.list {
		if d.closexec {
			t.release(th.files, fd)
		}
	}
	if t.follow[pid] && !th.out(r.time) {
		t.lived(r, event.Exec, th, th.parent)
	}
}

// end is the end of a thread, and of its process when it is the first one.
func (t *Tracker) end(r *record) {
	th := t.threads[uint32(r.args[0])]
	if th == nil {
		return
	}
	if th.tid == th.pid && t.follow[th.pid] && !th.out(r.time) {
		t.lived(r, event.Exit, th, 0)
		delete(t.follow, th.pid)
	}
	p := th.process
	t.gone(th)
	if p.threads == 0 {
		for fd := range p.files.list {
			t.release(p.files, fd)
		}
	}
}

// lived tells of a process.
func (t *Tracker) lived(r *record, kind event.Kind, th *thread, parent uint32) {
	it := t.push(r.time)
	it.e = event.Event{Kind: kind, CPU: r.cpu, Time: r.time, Duration: -1, PID: th.pid, TID: th.tid, Parent: parent, Command: th.name, FD: -1, Length: -1}
	it.told = true
}
