package tracefs

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// A flight is the call that a thread is in.
type flight struct {
	op     op
	active bool
	began  int64
	cpu    uint16
	args   [4]uint64
	fd     int32
	d      *descriptor // nil while nobody knows what is behind fd
	proof  bool        // an event inside of the call named its socket
	it     *item       // of enter, valid iff entered
	// entered: an event of its beginning was made, whether it is told or not.
	entered bool
	address netip.AddrPort // that it sends to or connects with
}

const (
	closexec   = 0o2000000 // SOCK_CLOEXEC, O_CLOEXEC
	maxErrno   = 4096
	fDupFD     = 0
	fSetFD     = 2
	fDupFDExec = 1030
	fdClosexec = 1
	rangeExec  = 4 // CLOSE_RANGE_CLOEXEC
)

// isCall reports whether an op is a call that is told.
func (o op) isCall() bool { return o < dup }

// enter is the beginning of a call.
func (t *Tracker) enter(r *record) {
	th := t.thread(r.tid)
	moves := r.point.op == setns || r.point.op == unshare
	if th == nil || th.out(r.time) || th.foreign && !moves {
		return
	}
	f := &th.flight
	*f = flight{op: r.point.op, active: true, began: r.time, cpu: r.cpu, args: r.args, fd: int32(r.args[0])}
	if !f.op.isCall() {
		return
	}
	n := event.Number(f.op)
	if n == event.Socket {
		f.fd = -1
		if f.active = r.args[0] == inet || r.args[0] == inet6; !f.active {
			return
		}
	} else {
		f.d = th.files.list[f.fd]
	}
	if n.Lightens() || n == event.Close && f.d == nil {
		return
	}
	t.entered(th, r.time)
}

// entered makes the event of the beginning of a call.
func (t *Tracker) entered(th *thread, at int64) {
	f := &th.flight
	f.it = t.push(at)
	f.it.of = f
	f.entered = true
	f.it.e = t.call(th)
	f.it.e.Phase, f.it.e.Time, f.it.e.CPU = event.Enter, f.began, f.cpu
	f.it.d, f.it.ends = f.d, true
	f.it.told = event.Number(f.op) == event.Socket
}

// call is what both ends of a call have.
func (t *Tracker) call(th *thread) event.Event {
	f := &th.flight
	n := event.Number(f.op)
	e := event.Event{Kind: event.Call, Call: n, Duration: -1, PID: th.pid, TID: th.tid, Command: th.name, FD: f.fd, Length: -1}
	switch n {
	case event.Socket:
		e.Family, e.Type, e.Protocol, e.HasType = uint16(f.args[0]), uint8(f.args[1]&0xf), uint8(f.args[2]), true
	case event.Listen, event.Shutdown:
		e.Arg = int32(f.args[1])
	case event.Sendto, event.Recvfrom, event.Read, event.Write:
		e.Length = int64(f.args[1])
	}
	if f.d != nil && n != event.Socket {
		e.Local, e.Remote = f.d.socket.local, f.d.socket.remote
	}
	e.Address = f.address
	return e
}

// leave is the end of a call.
func (t *Tracker) leave(r *record) {
	th := t.threads[r.tid]
	if th == nil {
		return
	}
	f := &th.flight
	if !f.active || f.op != r.point.op {
		return
	}
	f.active = false
	result := int64(r.args[0])
	if !f.op.isCall() {
		t.moved(th, result)
		return
	}
	n := event.Number(f.op)
	if n.Lightens() && t.stale(th, result) {
		return
	}
	e := t.call(th)
	e.Time, e.CPU, e.Duration, e.Result = r.time, r.cpu, max(0, r.time-f.began), result
	if result < 0 && result > -maxErrno {
		e.Errno, e.Result = uint32(-result), -1
	}
	switch {
	case f.entered:
		e.Phase = event.Leave
	case n.Lightens():
		e.Phase, e.Time = event.Whole, f.began
	default:
		return // a close of what is no socket
	}
	var made *descriptor
	switch {
	case n == event.Socket && result >= 0:
		made = &descriptor{&socket{family: e.Family, kind: e.Type, proto: protocolOf(e.Type, e.Protocol), whose: ours, refs: 1}, f.args[1]&closexec != 0}
		t.install(th, int32(result), made)
		f.d = made
	case n.Accepts() && result >= 0:
		made = t.accepted(th, int32(result))
	}
	it := t.push(r.time)
	it.e, it.d, it.told, it.ends = e, f.d, n == event.Socket, n != event.Socket
	if n.Accepts() {
		it.new = made
	}
	if n == event.Close && result == 0 {
		t.release(th.files, f.fd)
	}
}

// protocolOf is the protocol of a socket that was made with 0.
func protocolOf(kind, protocol uint8) uint8 {
	const stream, datagram, udp = 1, 2, 17
	switch {
	case protocol == 0 && kind == stream:
		return tcp
	case protocol == 0 && kind == datagram:
		return udp
	}
	return protocol
}

// stale reports whether a call that sends or receives has nothing to tell: no event inside of it named a socket of IPv4 or IPv6.
// A descriptor that was one is then another's: it was closed in a way that nobody saw.
func (t *Tracker) stale(th *thread, result int64) bool {
	f := &th.flight
	if !t.opt.Evidence || f.proof {
		return f.d == nil
	}
	const again = -11
	if f.d != nil && (result >= 0 || result == again) && f.op != op(event.Sendmmsg) && f.op != op(event.Recvmmsg) && !(result == 0 && f.args[1] == 0) {
		t.release(th.files, f.fd)
		return true
	}
	return f.d == nil
}

// accepted is the descriptor that an accept made.
func (t *Tracker) accepted(th *thread, fd int32) *descriptor {
	f := &th.flight
	d := &descriptor{closexec: f.op == op(event.Accept4) && f.args[1]&closexec != 0}
	if f.d != nil {
		l := f.d.socket
		if d.socket = l.next(); d.socket == nil {
			d.socket = &socket{family: l.family, proto: tcp, whose: ours}
		}
		d.socket.kind = l.kind
	} else {
		d.socket = &socket{whose: ours}
	}
	d.socket.refs++
	t.install(th, fd, d)
	return d
}

// install puts a descriptor into its place. What was there was closed in a way that nobody saw.
func (t *Tracker) install(th *thread, fd int32, d *descriptor) {
	t.release(th.files, fd)
	th.files.list[fd] = d
}

// release takes a descriptor away.
func (t *Tracker) release(fs *files, fd int32) {
	if d := fs.list[fd]; d != nil {
		delete(fs.list, fd)
		t.unref(d.socket)
	}
}

// moved is the end of a call that moves descriptors or changes the network namespace.
func (t *Tracker) moved(th *thread, result int64) {
	f := &th.flight
	if result < 0 {
		return
	}
	switch f.op {
	case dup, dup2, dup3:
		t.copied(th, f.fd, int32(result), f.op == dup3 && f.args[2]&closexec != 0)
	case fcntl:
		switch f.args[1] {
		case fDupFD, fDupFDExec:
			t.copied(th, f.fd, int32(result), f.args[1] == fDupFDExec)
		case fSetFD:
			if d := th.files.list[f.fd]; d != nil {
				d.closexec = f.args[2]&fdClosexec != 0
			}
		}
	case closeRange:
		for fd, d := range th.files.list {
			switch {
			case uint64(fd) < f.args[0] || uint64(fd) > f.args[1]:
			case f.args[2]&rangeExec != 0:
				d.closexec = true
			default:
				t.release(th.files, fd)
			}
		}
	case unshare:
		if f.args[0]&cloneFiles != 0 { // descriptors of its own from then on
			own := &files{list: make(map[int32]*descriptor, len(th.files.list))}
			for fd, d := range th.files.list {
				d.socket.refs++
				own.list[fd] = &descriptor{d.socket, d.closexec}
			}
			th.process.files = own
		}
		if f.args[0]&cloneNewNet != 0 && t.opt.Namespace {
			th.foreign = true
		}
	case setns: // into which one is not told
		if kind := f.args[1]; t.opt.Namespace && (kind == 0 || kind&cloneNewNet != 0) && t.find != nil {
			if s := t.find(th.tid); s != nil {
				th.foreign = s.Foreign
			}
		}
	}
}

// copied is a descriptor that stands for the same socket as another.
func (t *Tracker) copied(th *thread, from, to int32, exec bool) {
	d := th.files.list[from]
	if from == to {
		return
	}
	t.release(th.files, to)
	if d != nil {
		d.socket.refs++
		th.files.list[to] = &descriptor{d.socket, exec}
	}
}

// inside is an event in a call, in the name of the thread that makes it.
func (t *Tracker) inside(r *record) {
	th := t.threads[r.tid]
	if th == nil || !th.flight.active || !th.flight.op.isCall() {
		return
	}
	f := &th.flight
	n := event.Number(f.op)
	switch r.point.op {
	case sent:
		if n.Sends() {
			t.proven(th, r.args[0], uint16(r.args[1]), uint8(r.args[2]))
		}
	case received:
		if n.Receives() {
			t.proven(th, r.args[0], uint16(r.args[1]), uint8(r.args[2]))
		}
	case lookup:
		t.routed(f, r)
	}
}

// proven is the proof that the descriptor of a call is a socket.
func (t *Tracker) proven(th *thread, address uint64, family uint16, protocol uint8) {
	f := &th.flight
	f.proof = true
	if f.d == nil {
		f.d = &descriptor{socket: &socket{family: family, proto: protocol, whose: ours, refs: 1}}
		t.install(th, f.fd, f.d)
		if f.it != nil {
			f.it.d = f.d
		}
	}
	t.identify(f.d, address)
	s := f.d.socket
	s.whose = ours
	if s.family == 0 {
		s.family = family
	}
	if s.proto == 0 {
		s.proto = protocol
	}
}

// routed is the route that a datagram, or a socket of UDP that connects, asks for: it has the endpoints, the source at the latest when it is chosen.
func (t *Tracker) routed(f *flight, r *record) {
	n := event.Number(f.op)
	if f.d == nil || n != event.Connect && !n.Sends() || f.d.socket.proto == tcp {
		return
	}
	s := f.d.socket
	if r.local.Port() != 0 {
		s.local = r.local
	}
	switch {
	case n == event.Connect:
		s.remote, f.address = r.remote, r.remote
		if f.it != nil {
			f.it.e.Address = r.remote
		}
	case n == event.Sendto && f.args[2] != 0, n == event.Sendmsg && s.remote.Port() == 0:
		f.address = r.remote
	}
}

// waiting makes the events of the beginning of receives that go on: they found nothing to take.
func (t *Tracker) waiting(until int64) {
	for _, th := range t.threads {
		f := &th.flight
		if f.active && f.op.isCall() && !f.entered && f.began <= until && f.d != nil && event.Number(f.op).Lightens() {
			t.entered(th, f.began)
		}
	}
}
