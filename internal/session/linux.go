package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/linux"
	"github.com/wiretale/wiretale/trace"
)

// On Linux a socket and its control block are one object, struct sock, and
// events name it by its address: so calls, states and packets are joined by
// key. Who runs when the stack does something is nobody in particular, so owners
// come from calls alone: who made the socket, accepted it or uses it.

// linuxEvent takes an event of a recording made by wiretale record.
func (t *Tracker) linuxEvent(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	t.active, t.width = true, 8
	if ev.Def == nil {
		return Object{}
	}
	f := t.fields(ev)
	switch h.Provider {
	case journal.SocketGUID:
		return t.linuxCall(f, h, now)
	case journal.StackGUID:
		return t.linuxStack(f, h, now)
	}
	return t.linuxHost(f, h, now)
}

// caller is the process that a header names: who made the call.
func (t *Tracker) caller(f fields, h *trace.EventHeader, now flow.Moment) *Process {
	if !h.HasThread {
		return nil
	}
	p := t.procs.at(h.PID, now.Time)
	if p != nil && p.Name == "" {
		p.Name, p.From = f.text("Command"), "call"
	}
	return p
}

// text is the named field as text, "" when the event has it not.
func (f fields) text(name string) string {
	if i, ok := f.at[name]; ok && i < len(f.ev.Values) {
		return f.ev.Values[i].S
	}
	return ""
}

// linuxCall takes the beginning or the end of a call, or both in one event.
func (t *Tracker) linuxCall(f fields, h *trace.EventHeader, now flow.Moment) Object {
	process := t.caller(f, h, now)
	o := Object{Process: process, Kind: ByKey, Own: true}
	name := f.ev.Def.Name
	kind, known := linuxCalls[name]
	if !known {
		return o
	}
	ctx := t.context(h)
	ph := whole
	switch f.text("Phase") {
	case "enter":
		ph = enter
	case "exit":
		ph = exit
	}
	if kind == makes && ph == enter && ctx != nil { // there is no socket yet
		ctx.making = now
		return o
	}
	s := t.linuxSocket(f, h, kind, ph, process, now)
	if s == nil {
		return o
	}
	t.linuxMeet(s.Endpoint)
	call := t.linuxPhase(s, ctx, name, kind, ph, f, h, now)
	call.By = process
	t.linuxEffect(s, call, kind, ph, f, now)
	o.Socket, o.Call, o.TCB, o.Conv = s.Socket, call, s.TCB, s.Conv
	return o
}

// A descriptor is a number that a process has for a socket.
type descriptor struct {
	pid uint32
	fd  int64
}

// linuxSocket is the socket that a call is about: by the address of its object, else by the descriptor.
func (t *Tracker) linuxSocket(f fields, h *trace.EventHeader, kind callKind, ph phase, process *Process, now flow.Moment) *socketState {
	fd := descriptor{h.PID, int64(f.num("FD"))}
	key := f.num("Socket")
	if key == 0 && f.has("FD") {
		key = t.linuxFDs[fd]
	}
	if key == 0 {
		return nil
	}
	s := t.afd[key]
	if s == nil || kind == makes && ph != enter || s.reused(f) {
		s = t.newLinuxSocket(key, process)
		if kind == makes {
			s.Opened = now
		}
	}
	if f.has("FD") {
		t.linuxFDs[fd] = key
	}
	if s.Process == nil {
		s.Process = process
	}
	if c := f.num("Cookie"); c != 0 {
		s.cookie = c
	}
	return s
}

// reused reports whether the address of a socket is that of another one since.
func (s *socketState) reused(f fields) bool {
	c := f.num("Cookie")
	return s.cookie != 0 && c != 0 && c != s.cookie
}

func (t *Tracker) newLinuxSocket(key uint64, process *Process) *socketState {
	s := &socketState{Socket: &Socket{ID: len(t.sockets), Source: t.source, Endpoint: key, Process: process, System: Linux}}
	t.afd[key] = s
	t.states[s.Socket] = s
	t.sockets = append(t.sockets, s.Socket)
	return s
}

// linuxPhase enters an event into the calls of a socket.
func (t *Tracker) linuxPhase(s *socketState, ctx *context, name string, kind callKind, ph phase, f fields, h *trace.EventHeader, now flow.Moment) *Call {
	if ph == exit {
		if call := ctx.inside(); call != nil && call.Name == name && !call.Exit.Seen() && (call.Socket == s.Socket || kind == makes || kind == accepts) {
			ctx.leave(call)
			st := t.states[call.Socket]
			for i, c := range st.open {
				if c == call {
					st.open = append(st.open[:i], st.open[i+1:]...)
					break
				}
			}
			call.Exit = now
			call.ends(f, kind)
			return call
		}
	}
	call := &Call{Socket: s.Socket, Name: name, Role: kind.role(), System: Linux, Requested: -1, Returned: -1, Flight: -1, TID: h.TID, FD: int(int32(f.num("FD")))}
	if kind == sends {
		call.Flight = s.flight()
	}
	call.begins(f, kind)
	switch ph {
	case enter:
		call.Enter = now
		s.open = append(s.open, call)
		ctx.push(call)
	case exit:
		call.Exit = now
		if kind == makes && ctx != nil && ctx.making.Seen() {
			call.Enter, ctx.making = ctx.making, flow.Moment{}
		} else if d := int64(f.num("Duration")); d > 0 && d < now.Time {
			call.Enter = flow.Moment{Pos: now.Pos, Time: now.Time - d}
		}
		call.ends(f, kind)
	default:
		call.Enter, call.Exit = now, now
		if d := int64(f.num("Duration")); d > 0 && d < longest {
			call.Exit.Time += d
		}
		call.ends(f, kind)
	}
	s.Calls = append(s.Calls, call)
	t.calls = append(t.calls, call)
	return call
}

// begins takes what a call was made with.
func (c *Call) begins(f fields, kind callKind) {
	if a := f.addr("Address"); a.IsValid() {
		c.Address = a
	}
	switch kind {
	case makes:
		c.Family, c.Type, c.Protocol = uint32(f.num("Family")), uint32(f.num("Type")), uint32(f.num("Protocol"))
	case listens:
		c.Backlog = uint32(f.num("Backlog"))
	case sends, receives:
		if f.has("Length") {
			c.Requested = int64(f.num("Length"))
		}
	}
}

// ends takes what a call returned.
func (c *Call) ends(f fields, kind callKind) {
	if a := f.addr("Address"); a.IsValid() {
		c.Address = a
	}
	c.Errno = uint32(f.num("Errno"))
	c.Status = linux.Status(c.Errno)
	if (kind == sends || kind == receives) && c.Errno == 0 && f.has("Result") {
		c.Returned = int64(f.num("Result"))
	}
}

// linuxEffect is what a call means for its socket.
func (t *Tracker) linuxEffect(s *socketState, c *Call, kind callKind, ph phase, f fields, now flow.Moment) {
	t.linuxTuple(s, f, now)
	failed := ph != enter && c.Errno != 0
	switch kind {
	case makes:
		s.Family, s.Type, s.Protocol = c.Family, c.Type, c.Protocol
	case binds:
		if ph != enter && !failed && c.Address.IsValid() {
			t.bound(s, c.Address, now)
			if a := f.addr("LocalAddress"); a.Port() != 0 {
				t.bound(s, a, now)
			}
		}
	case listens:
		if ph != enter && !failed {
			s.Listening = true
		}
	case connects:
		if ph == enter || !s.Remote.IsValid() {
			s.Remote, s.connectAt = c.Address, now
		}
	case accepts:
		t.linuxAccepted(s, c, ph, f, now)
	case receives:
		t.linuxReads(s, c, ph, now)
	case closes:
		if ph != enter && !failed {
			s.Closed = now
			delete(t.linuxFDs, descriptor{f.header().PID, int64(f.num("FD"))})
		}
	}
	if kind == sends || kind == receives {
		t.linuxUses(s, c)
	}
	if s.datagrams() {
		t.linuxDatagram(s, c)
	}
}

// linuxUses gives a socket to the process that goes on with it after the one that made it has closed it: servers fork.
func (t *Tracker) linuxUses(s *socketState, c *Call) {
	if s.Closed.Seen() && c.By != nil && c.By != s.Process {
		s.Process, s.Closed = c.By, flow.Moment{}
		if s.TCB != nil {
			s.TCB.Process, s.TCB.PID = c.By, c.By.PID
		}
	}
}

func (s *socketState) datagrams() bool {
	const datagram, udp = 2, 17
	return s.Type&0xf == datagram || s.Protocol == udp
}

// linuxDatagram remembers which socket speaks with whom.
func (t *Tracker) linuxDatagram(s *socketState, c *Call) {
	if s.Local.Port() != 0 && t.ports[s.Local] != s {
		t.ports[s.Local] = s
	}
	if !c.Address.IsValid() {
		return
	}
	t.datagram(s, c)
}

// linuxTuple takes the endpoints that an event has of the socket.
func (t *Tracker) linuxTuple(s *socketState, f fields, now flow.Moment) {
	local, remote := f.addr("LocalAddress"), f.addr("RemoteAddress")
	if local.Port() != 0 {
		if s.Local.Port() == 0 || s.Local.Addr().IsUnspecified() {
			s.Local = local
		}
	}
	if remote.Port() == 0 {
		return
	}
	if !s.Remote.IsValid() {
		s.Remote = remote
	}
	if s.datagrams() {
		if local.Port() != 0 && !local.Addr().IsUnspecified() {
			s.Local = local
			t.own(ownedPair{pair{local, remote}, proto.UDP}, owner{process: s.Process, socket: s.Socket, kind: ByKey, at: now, fields: "Socket,LocalAddress,RemoteAddress"})
		}
		return
	}
	if c := t.linuxTCB(s.Endpoint, f, now); c != nil {
		t.linuxWed(s, c)
	}
}

// linuxTCB is the control block at an address, a new one when another connection has it. nil without both ends.
func (t *Tracker) linuxTCB(key uint64, f fields, now flow.Moment) *tcbState {
	local, remote := f.addr("LocalAddress"), f.addr("RemoteAddress")
	c := t.tcb[key]
	if c != nil && remote.Port() != 0 && c.Remote.Port() != 0 && (c.Remote != remote || c.Local.Port() != 0 && local.Port() != 0 && c.Local.Port() != local.Port()) {
		c = nil
	}
	if c != nil && c.Closed.Seen() && opensAgain(f.text("NewState")) {
		c = nil
	}
	if c == nil {
		if key == 0 || remote.Port() == 0 {
			return nil
		}
		c = &tcbState{TCB: &TCB{ID: len(t.tcbs), Source: t.source, Address: key, System: Linux}, seenAt: now}
		t.tcb[key], t.tcbStates[c.TCB] = c, c
		t.tcbs = append(t.tcbs, c.TCB)
	}
	if remote.Port() != 0 {
		c.Remote = remote
	}
	if local.Port() != 0 && remote.Port() != 0 { // the port is chosen behind the state SYN-SENT
		if c.Local != local {
			c.Local = local
			t.tuples[pair{local, remote}] = c
		}
		if len(c.tupleAt) < maxEvidence {
			c.tupleAt = append(c.tupleAt, now)
		}
		t.meet(c)
	}
	return c
}

// linuxMeet joins what has one address and lives: the socket that processes call, and its control block.
func (t *Tracker) linuxMeet(key uint64) {
	s, c := t.afd[key], t.tcb[key]
	if s != nil && c != nil && !s.Listening && !s.Closed.Seen() && !c.Closed.Seen() && (len(c.Sockets) == 0 || s.TCB == c.TCB) {
		t.linuxWed(s, c)
	}
}

// linuxWed joins a socket and a control block that are one object.
func (t *Tracker) linuxWed(s *socketState, c *tcbState) {
	if s.TCB == nil || s.TCB.Closed.Seen() && s.TCB != c.TCB { // a socket may connect again
		s.TCB = c.TCB
		c.Sockets = append(c.Sockets, s.Socket)
		if !c.acceptAt.Seen() {
			c.acceptAt = s.connectAt
		}
	}
	if s.TCB != c.TCB {
		return
	}
	if s.Process != nil {
		c.Process, c.PID = s.Process, s.Process.PID
	}
	if c.Local.Port() != 0 {
		s.Local = c.Local
	}
	s.Remote, s.Conv = c.Remote, c.Conv
}

// linuxAccepted ties the new socket to the listening one and to the connection that it is.
func (t *Tracker) linuxAccepted(s *socketState, c *Call, ph phase, f fields, now flow.Moment) {
	fresh := f.num("Accepted")
	if ph == enter || c.Errno != 0 || fresh == 0 || fresh == s.Endpoint {
		return
	}
	n := t.newLinuxSocket(fresh, c.By)
	n.Opened, n.connectAt = now, now
	n.Family, n.Type, n.Protocol = s.Family, s.Type, s.Protocol
	n.Listener, n.accept, c.Accepted = s.Socket, c, n.Socket
	if f.has("Result") {
		t.linuxFDs[descriptor{f.header().PID, int64(f.num("Result"))}] = fresh
	}
	s.addRemote(c.Address, now)
	n.Remote = c.Address
	if tc := t.tcb[fresh]; tc != nil && (!c.Address.IsValid() || tc.Remote == c.Address) {
		t.linuxWed(n, tc)
		if there := tc.arrived; there.Seen() { // since then nobody could read
			tc.arrived = now
		}
	}
}

// linuxHost takes what an event says of processes and of the clock.
func (t *Tracker) linuxHost(f fields, h *trace.EventHeader, now flow.Moment) Object {
	r := ProcessRecord{PID: h.PID, Name: f.text("Command"), From: "recording"}
	if pid := uint32(f.num("PID")); pid != 0 {
		r.PID = pid
	}
	switch f.ev.Def.Name {
	case journal.ProcessStart:
		r.Start, r.Parent, r.CommandLine, r.Path = now.Time, uint32(f.num("ParentPID")), f.text("CommandLine"), f.text("Path")
	case journal.ProcessEnd:
		r.End = now.Time
	default:
		return Object{}
	}
	t.LearnProcess(r)
	return Object{Process: t.procs.at(r.PID, now.Time), Kind: ByKey, Own: true}
}

// opensAgain reports whether a state is one that a connection begins with.
func opensAgain(name string) bool {
	switch stateOf(name) {
	case "SynSentState", "SynRcvdState", "EstablishedState", "ListenState":
		return true
	}
	return false
}
