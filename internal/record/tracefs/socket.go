package tracefs

import (
	"net/netip"
	"slices"
)

// A socket is what is known of one of the kernel. Its address is learnt from events inside of calls.
type socket struct {
	address       uint64
	id            uint64 // that events have: the address, if it was known when the first one was told
	family        uint16
	kind, proto   uint8
	local, remote netip.AddrPort
	refs          int // descriptors
	closed        bool
	whose         whose
	// Of one that listens: connections that wait to be accepted, and how many of before the recording are in front of them.
	listens bool
	before  uint32
	queue   []*socket
	of      *socket // in whose queue it is
}

// whose says in which network namespace a socket is.
type whose uint8

const (
	unknown whose = iota
	ours
	foreign
)

// named is what stands for a socket in events. One whose address nobody has told yet is numbered, and stays so.
func (t *Tracker) named(s *socket) uint64 {
	if s.id == 0 {
		if s.id = s.address; s.id == 0 {
			t.numbered++
			s.id = t.numbered
		}
	}
	return s.id
}

// known takes over what one description of a socket has and the other lacks.
func (s *socket) known(from *socket) {
	if s.kind == 0 {
		s.kind = from.kind
	}
	if s.family == 0 {
		s.family = from.family
	}
	if s.proto == 0 {
		s.proto = from.proto
	}
	if s.local.Port() == 0 {
		s.local = from.local
	}
	if s.remote.Port() == 0 {
		s.remote = from.remote
	}
	if s.whose == unknown {
		s.whose = from.whose
	}
	if s.id == 0 {
		s.id = from.id
	}
	if from.listens && !s.listens {
		s.listens, s.before = true, from.before
	}
}

// maxSockets bounds those that are known by their address: those that are used come again.
const maxSockets = 1 << 17

// identify learns the address of the socket behind a descriptor.
func (t *Tracker) identify(d *descriptor, address uint64) {
	old := d.socket
	if old.address == address || address == 0 {
		return
	}
	s := t.sockets[address]
	switch {
	case s == nil && old.address == 0:
		old.address = address
		t.keep(old)
		return
	case s == nil: // another socket than the descriptor was thought to be
		s = &socket{address: address, family: old.family, kind: old.kind, proto: old.proto, whose: old.whose}
		t.keep(s)
	case old.address == 0:
		s.known(old)
		t.replace(old, s)
	}
	s.unqueue()
	t.unref(old)
	d.socket = s
	s.refs++
}

// keep makes a socket known by its address.
func (t *Tracker) keep(s *socket) {
	if len(t.sockets) >= maxSockets {
		clear(t.sockets)
	}
	t.sockets[s.address] = s
}

// unref takes a descriptor away from a socket. TCP goes on without one until it is closed.
func (t *Tracker) unref(s *socket) {
	if s.refs--; s.refs > 0 {
		return
	}
	if s.listens {
		t.deaf(s)
	}
	if s.proto != tcp || s.closed || !s.remote.IsValid() {
		t.forget(s)
	}
}

func (t *Tracker) forget(s *socket) {
	if t.sockets[s.address] == s {
		delete(t.sockets, s.address)
	}
	s.unqueue()
}

// hear makes a socket one that listens.
func (t *Tracker) hear(s *socket) {
	s.listens = true
	if list := t.listening[s.local.Port()]; !slices.Contains(list, s) {
		t.listening[s.local.Port()] = append(list, s)
	}
}

// deaf takes a socket out of those that listen.
func (t *Tracker) deaf(s *socket) {
	port := s.local.Port()
	list := slices.DeleteFunc(t.listening[port], func(l *socket) bool { return l == s })
	if len(list) == 0 {
		delete(t.listening, port)
	} else {
		t.listening[port] = list
	}
}

// replace puts a socket in the place of another among those that listen.
func (t *Tracker) replace(old, s *socket) {
	if old.listens {
		t.deaf(old)
		t.hear(s)
	}
}

// listener is the socket that listens on a port; nil when there is none, or when several share it.
func (t *Tracker) listener(local netip.AddrPort) (l *socket) {
	for _, s := range t.listening[local.Port()] {
		if a := s.local.Addr(); !a.IsUnspecified() && a != local.Addr() {
			continue
		}
		if l != nil {
			return nil
		}
		l = s
	}
	return l
}

// maxQueue is more than any system lets wait (net.core.somaxconn is 4096).
const maxQueue = 1 << 16

// enqueue takes note of a connection that waits to be accepted: the kernel hands them out in the order in which they were made.
func (t *Tracker) enqueue(s *socket) {
	l := t.listener(s.local)
	if l == nil || s.of != nil || s.refs > 0 || len(l.queue) >= maxQueue {
		return
	}
	s.of, s.whose = l, l.whose
	l.queue = append(l.queue, s)
}

// unqueue takes a socket out of the queue that it waits in.
func (s *socket) unqueue() {
	if s.of == nil {
		return
	}
	if i := slices.Index(s.of.queue, s); i >= 0 {
		s.of.queue = slices.Delete(s.of.queue, i, i+1)
	}
	s.of = nil
}

// next is the connection that accept takes from a socket that listens; nil when it is not known which.
func (l *socket) next() *socket {
	if l.before > 0 {
		l.before--
		return nil
	}
	if len(l.queue) == 0 {
		return nil
	}
	s := l.queue[0]
	s.unqueue()
	return s
}

// has takes over that a process has a socket of before the recording.
func (t *Tracker) has(pid uint32, fd int32, family uint16, protocol uint8, local, remote netip.AddrPort, listens bool, waiting uint32) {
	p := t.processes[pid]
	if p == nil || p.files.list[fd] != nil {
		return
	}
	s := &socket{family: family, proto: protocol, kind: 2, local: local, remote: remote, whose: ours, refs: 1}
	if protocol == tcp {
		s.kind = 1
	}
	p.files.list[fd] = &descriptor{socket: s}
	if listens {
		s.before = waiting
		t.hear(s)
	}
}
