package tracefs

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// States of TCP as the kernel numbers them (include/net/tcp_states.h).
const (
	established = 1
	synSent     = 2
	synRecv     = 3
	closed      = 7
	listen      = 10
)

// kinds are the events of the stack by their points.
var kinds = map[op]event.Kind{
	state: event.State, retransmit: event.Retransmit, sendReset: event.SendReset, receiveReset: event.ReceiveReset,
	congestion: event.Congestion, socketError: event.SocketError, drop: event.Drop,
}

// stack is an event of the stack.
func (t *Tracker) stack(r *record) {
	e := event.Event{Kind: kinds[r.point.op], CPU: r.cpu, Time: r.time, Duration: -1, FD: -1, Length: -1, Family: r.family, Local: r.local, Remote: r.remote, Protocol: tcp}
	var s *socket
	if r.point.op != socketError {
		e.Socket = r.args[0]
		s = t.sockets[e.Socket]
	}
	switch r.point.op {
	case state:
		e.Old, e.New = uint8(r.args[1]), uint8(r.args[2])
		s = t.changed(r, e.Old, e.New)
	case retransmit:
		e.New = uint8(r.args[1])
	case sendReset:
		e.Reason = uint32(r.args[1])
		e.Why = t.opt.Resets[r.args[1]]
		t.refused = refused{r.args[2], r.local, r.remote}
	case receiveReset:
		e.Cookie = r.args[1]
	case congestion:
		e.New = uint8(r.args[1])
	case socketError:
		n := int64(r.args[0])
		e.Errno, e.Protocol = uint32(max(n, -n)), uint8(r.args[1])
	case drop:
		t.dropped(r, s, &e)
	}
	if s != nil && s.kind != 0 && e.Kind != event.Drop {
		e.Type, e.HasType = s.kind, true
	}
	here := e.Local
	if e.Kind == event.Drop {
		here = e.Remote
	}
	if !t.foreign(s, here) {
		it := t.push(r.time)
		it.e, it.told = e, true
		if e.Kind != event.Drop {
			it.s = s
		}
	}
}

// A refused is a packet of TCP that a reset answers.
type refused struct {
	packet        uint64 // address in the kernel
	local, remote netip.AddrPort
}

// dropped fills in what is known of a dropped packet: its endpoints if it had come to a socket, or was answered with a reset just before.
func (t *Tracker) dropped(r *record, s *socket, e *event.Event) {
	e.Socket, e.Protocol = 0, 0
	e.Reason, e.Why = uint32(r.args[2]), t.opt.Reasons[r.args[2]]
	if t.opt.Location != nil {
		e.Location = t.opt.Location(r.args[1])
	}
	if s != nil && s.remote.IsValid() && s.local.IsValid() {
		e.Local, e.Remote, e.Protocol, e.Family = s.remote, s.local, s.proto, s.family
	} else if f := t.refused; f.packet == r.args[3] && f.packet != 0 {
		e.Local, e.Remote, e.Protocol = f.remote, f.local, tcp
		t.refused = refused{}
	}
}

// foreign reports whether an event is of another network namespace, as far as that is known.
func (t *Tracker) foreign(s *socket, local netip.AddrPort) bool {
	switch {
	case !t.opt.Namespace:
		return false
	case s != nil && s.whose != unknown:
		return s.whose == foreign
	case !local.IsValid() || local.Addr().IsUnspecified() || local.Addr().IsLoopback() || t.opt.Local == nil:
		return false
	}
	return !t.opt.Local(local.Addr())
}

// changed takes what a state says of its socket, and of the call that it is in.
func (t *Tracker) changed(r *record, from, to uint8) *socket {
	s := t.sockets[r.args[0]]
	if s == nil || s.refs == 0 && (to == synSent || to == synRecv || to == listen) { // its address may have been another's
		if s != nil {
			s.unqueue()
		}
		s = &socket{address: r.args[0]}
		if to == closed {
			s.closed = true // nobody asks for it again
		} else {
			t.keep(s)
		}
	}
	const stream = 1
	s.family, s.proto, s.kind = r.family, tcp, stream
	if r.local.IsValid() {
		s.local, s.remote = r.local, r.remote
	}
	s.closed = to == closed
	if s.closed && s.listens {
		t.deaf(s)
		s.listens = false
	}
	if !r.interrupt {
		s = t.caused(r, s, to)
	}
	switch {
	case to == listen:
		s.before = 0
		t.hear(s)
	case from == synRecv && to == established:
		t.enqueue(s)
	case to == closed && s.refs == 0 && s.of == nil:
		t.forget(s)
	}
	return s
}

// caused joins a state with the call that changed it, which has the descriptor.
func (t *Tracker) caused(r *record, s *socket, to uint8) *socket {
	th := t.thread(r.tid)
	if th == nil {
		return s
	}
	f := &th.flight
	n := event.Number(f.op)
	begins := to == synSent || to == listen
	if begins && t.opt.Namespace { // these are of who runs
		s.whose = ours
		if th.foreign {
			s.whose = foreign
		}
	}
	if !f.active || !(n == event.Connect && to == synSent || n == event.Listen && to == listen || n.Sends() && to == synSent || n == event.Close && f.d != nil && f.d.socket.address == 0) {
		return s
	}
	if f.d == nil {
		f.d = &descriptor{socket: &socket{family: r.family, proto: tcp, whose: ours, refs: 1}}
		t.install(th, f.fd, f.d)
	}
	t.identify(f.d, s.address)
	s = f.d.socket
	if n == event.Connect {
		f.address = r.remote
	}
	if f.it != nil {
		f.it.d, f.it.e.Address = f.d, f.address
	}
	return s
}
