//go:build linux

// Package bpf records calls on sockets and what the TCP/IP stack does with
// eBPF programs on tracepoints. The programs are src/trace.bpf.c; the objects
// beside them are compiled by build.sh and need no compiler here. They find
// fields of the kernel's structures by name (CO-RE), so the kernel must have
// its type information (/sys/kernel/btf/vmlinux).
package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/kallsyms"
)

// Options of a Trace.
type Options struct {
	PIDs      []uint32 // only the calls of these and of what they start; nil for all
	Namespace uint32   // inode of the network namespace that is recorded; 0 for all
	Size      int      // bytes of the ring, a power of two; 0 for 32 MiB
	Self      bool     // record this process too
}

// A Trace is programs that run. It is for one goroutine.
type Trace struct {
	Decoder
	Missing []string // what this kernel does not tell, and why
	maps    map[string]*ebpf.Map
	links   []link.Link // a link that nobody holds is detached
	ring    *ring
}

// required are the programs without which there is nothing; the others are left out where the kernel has not their tracepoint.
var required = []string{"enter", "leave", "state"}

// what the other programs record, for messages.
var what = map[string]string{
	"retransmit": "retransmissions", "send_reset": "resets sent", "receive_reset": "resets received", "congestion": "states of congestion control",
	"error": "errors of sockets", "drop": "dropped packets", "fork": "processes that are started", "exec": "programs that are started", "end": "ends of processes",
}

// Open loads and starts the programs.
func Open(opt Options) (*Trace, error) {
	if object == nil {
		return nil, errors.New("there is no program for this processor")
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	if err := configure(spec, opt); err != nil {
		return nil, err
	}
	t := &Trace{}
	if err := t.load(spec); err != nil {
		t.Close()
		return nil, err
	}
	for _, pid := range opt.PIDs {
		if err := t.Follow(pid); err != nil {
			t.Close()
			return nil, err
		}
	}
	t.Reasons, t.Resets = enum("skb_drop_reason", "SKB_DROP_REASON_"), enum("sk_rst_reason", "SK_RST_REASON_")
	t.Location = kallsyms.Load()
	return t, nil
}

func configure(spec *ebpf.CollectionSpec, opt Options) error {
	var calls [512]uint8
	for n, id := range systemCalls {
		if n > 0 {
			calls[id] = uint8(n)
		}
	}
	if opt.Size > 0 {
		spec.Maps["events"].MaxEntries = uint32(opt.Size)
	}
	self := uint32(os.Getpid())
	if opt.Self {
		self = 0
	}
	for name, v := range map[string]any{"calls": calls, "follow": opt.PIDs != nil, "self": self, "netns": opt.Namespace} {
		if err := spec.Variables[name].Set(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// load loads what is required at once, then the other programs one by one, with the same maps.
func (t *Trace) load(spec *ebpf.CollectionSpec) error {
	first := spec.Copy()
	for name := range first.Programs {
		if !slices.Contains(required, name) {
			delete(first.Programs, name)
		}
	}
	c, err := ebpf.NewCollection(first)
	if err != nil {
		return err
	}
	t.maps = c.Maps
	if t.ring, err = openRing(c.Maps["events"].FD(), c.Maps["events"].MaxEntries()); err != nil {
		c.Close()
		return err
	}
	for _, name := range []string{"state", "leave", "enter"} {
		if err := t.attach(c.Programs[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, p := range spec.Programs {
		if slices.Contains(required, name) {
			continue
		}
		if err := t.optional(spec, name, p); err != nil {
			t.Missing = append(t.Missing, fmt.Sprintf("%s: %v", what[name], plain(err)))
		}
	}
	slices.Sort(t.Missing)
	return nil
}

func (t *Trace) optional(spec *ebpf.CollectionSpec, name string, p *ebpf.ProgramSpec) error {
	one := spec.Copy()
	one.Programs = map[string]*ebpf.ProgramSpec{name: p.Copy()}
	shared := map[string]*ebpf.Map{}
	for name := range one.Maps {
		if m := t.maps[name]; m != nil {
			shared[name] = m
		}
	}
	c, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{MapReplacements: shared})
	if err != nil {
		return err
	}
	return t.attach(c.Programs[name])
}

func (t *Trace) attach(p *ebpf.Program) error {
	l, err := link.AttachTracing(link.TracingOptions{Program: p})
	p.Close()
	if err == nil {
		t.links = append(t.links, l)
	}
	return err
}

// plain is an error without the log of the verifier.
func plain(err error) error {
	var v *ebpf.VerifierError
	if errors.As(err, &v) {
		return v.Cause
	}
	return err
}

// Follow adds a process to those whose calls are recorded.
func (t *Trace) Follow(pid uint32) error { return t.maps["pids"].Put(pid, uint8(1)) }

// Forget takes a process out of them.
func (t *Trace) Forget(pid uint32) { t.maps["pids"].Delete(pid) }

// Waiting is how full the ring is, from 0 to 1.
func (t *Trace) Waiting() float64 { return float64(t.ring.waiting()) / float64(t.ring.size) }

// Read hands the events that there are to f, which may keep none of them, as long as f wants more. Their times are those of CLOCK_MONOTONIC.
func (t *Trace) Read(f func(e *event.Event) bool) {
	var e event.Event
	t.ring.read(func(b []byte) bool {
		return !t.Decode(b, &e) || f(&e)
	})
}

// Lost is how many events there was no room for.
func (t *Trace) Lost() (n uint64) {
	var each []uint64
	if t.maps["lost"].Lookup(uint32(0), &each) == nil {
		for _, v := range each {
			n += v
		}
	}
	return n
}

// Stop ends the recording; what is in the ring can still be read.
func (t *Trace) Stop() {
	for _, l := range t.links {
		l.Close()
	}
	t.links = nil
}

// Close gives everything up.
func (t *Trace) Close() {
	t.Stop()
	if t.ring != nil {
		t.ring.close()
		t.ring = nil
	}
	for _, m := range t.maps {
		m.Close()
	}
	t.maps = nil
}

// enum is the names of an enumeration of this kernel, without their prefix.
func enum(name, prefix string) map[uint32]string {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil
	}
	var e *btf.Enum
	if kernel.TypeByName(name, &e) != nil {
		return nil
	}
	out := map[uint32]string{}
	for _, v := range e.Values {
		if n := len(prefix); len(v.Name) > n && v.Name[:n] == prefix {
			out[uint32(v.Value)] = v.Name[n:]
		}
	}
	return out
}
