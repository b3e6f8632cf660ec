package session

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// socketState is a socket with what is needed to join it.
type socketState struct {
	*Socket
	open      []*Call       // entered and not left, oldest first
	boundAt   flow.Moment   // event that gave the local address
	remoteAt  []flow.Moment // events that named remote addresses
	remotes   []netip.AddrPort
	accept    *Call // the accept that made this socket
	tlAt      [2]flow.Moment
	tlCall    *Call // the socket call that the stack's endpoint was created inside of
	connectAt flow.Moment
	orders    []order
	cookie    uint64 // of Linux, 0 when unknown
}

// An order is a join that only the order of events shows.
type order struct {
	what, from, to, evidence string
	where                    [2]flow.Moment
}

// maxOrders bounds the joins by order that are listed for one socket; the rest are alike.
const maxOrders = 8

func (t *Tracker) afdEvent(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	f := t.fields(ev)
	process := t.procs.byObject(f.num("Process"))
	kind := afdEvents[h.ID]
	ctx := t.context(h)
	o := Object{Process: process, Kind: ByKey}
	address := f.num("Endpoint", "ListenEndpoint")
	if address == 0 || kind.call == "" {
		return o
	}
	ph := kind.phase
	if ph == byField {
		switch f.num("EnterExit") {
		case 0:
			ph = enter
		case 1:
			ph = exit
		default:
			ph = indicate
		}
	}
	s := t.socket(address, kind.call, ph, now)
	if s.Process == nil {
		s.Process = process
	}
	if kind.call == callSocket && ph != exit {
		t.procs.tie(f.num("Process"), uint32(f.num("ProcessId", "UserModePid")), now)
	}
	call := t.phase(s, ctx, kind.call, ph, f, now)
	call.learn(f, ph, kind.call)
	t.effect(s, call, ph, f, now)
	if ctx != nil {
		ctx.last = lastEvent{what: kind.call, length: call.lengthOf(ph), call: call, at: now}
	}
	o.Socket, o.Call, o.TCB, o.Conv = s.Socket, call, s.TCB, s.Conv
	return o
}

// socket is the socket at this address, a new one when the call creates it or the trace began later than it.
func (t *Tracker) socket(address uint64, call string, ph phase, now flow.Moment) *socketState {
	s := t.afd[address]
	create := call == callSocket && (ph == enter || ph == whole)
	if s != nil && !create && !(s.Closed.Seen() && call != callClose && call != callCleanup) {
		return s
	}
	s = &socketState{Socket: &Socket{ID: len(t.sockets), Source: t.source, Endpoint: address}}
	if create {
		s.Opened = now
	}
	t.afd[address] = s
	t.states[s.Socket] = s
	t.sockets = append(t.sockets, s.Socket)
	return s
}

// phase enters the event into the calls of the socket: exits pair with the
// oldest open call of the same kind and buffer, else of the same kind.
func (t *Tracker) phase(s *socketState, ctx *context, name string, ph phase, f fields, now flow.Moment) *Call {
	if ph == exit {
		if i := s.pending(name, f.num("Buffer")); i >= 0 {
			call := s.open[i]
			s.open = append(s.open[:i], s.open[i+1:]...)
			call.Exit = now
			call.Pended = !ctx.leave(call)
			return call
		}
	}
	call := &Call{Socket: s.Socket, Name: name, Role: afdRoles[name], Requested: -1, Returned: -1, Flight: -1}
	if call.Role == RoleSend {
		call.Flight = s.flight()
	}
	if ctx != nil {
		call.TID = f.header().TID
	}
	switch ph {
	case enter:
		call.Enter = now
		call.Outer = s.outer(name, f.num("Buffer"), ctx)
		s.open = append(s.open, call)
		ctx.push(call)
	case exit:
		call.Exit = now // entered before the trace began
	default:
		call.Enter, call.Exit = now, now
		call.Indication = ph == indicate
	}
	s.Calls = append(s.Calls, call)
	t.calls = append(t.calls, call)
	return call
}

func (f fields) header() *trace.EventHeader {
	if f.ev.Header != nil {
		return f.ev.Header
	}
	return &trace.EventHeader{}
}

// pending is the index of the open call that an exit completes, -1 without one.
func (s *socketState) pending(name string, buffer uint64) int {
	best, rank := -1, 0
	for i, c := range s.open {
		same, kin := c.Name == name, family[c.Name] != "" && family[c.Name] == family[name]
		r := 0
		switch {
		case same && c.Buffer == buffer:
			r = 4
		case kin && buffer != 0 && c.Buffer == buffer:
			r = 3
		case same:
			r = 2
		case kin:
			r = 1
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return best
}

// outer is the call that an entering one is part of: the same buffer in the same thread, not left yet.
func (s *socketState) outer(name string, buffer uint64, ctx *context) *Call {
	c := ctx.inside()
	if c == nil || buffer == 0 || c.Socket != s.Socket || c.Name != name || c.Buffer != buffer {
		return nil
	}
	if c.Outer != nil {
		return c.Outer
	}
	return c
}

// learn takes the fields of one phase into the call.
func (c *Call) learn(f fields, ph phase, name string) {
	seq := uint32(f.num("Location"))
	if ph == exit || ph == whole {
		c.Status, c.ExitSeq = uint32(f.num("Status", "Error")), seq
	}
	if ph != exit {
		c.EnterSeq = seq
	}
	if ph == indicate {
		c.ExitSeq = seq
		c.Status = uint32(f.num("Status"))
	}
	if a := f.afdAddress(); a.IsValid() {
		c.Address = a
	}
	if ph != exit {
		switch name {
		case callSocket:
			c.Family, c.Type, c.Protocol = uint32(f.num("AddressFamily")), uint32(f.num("SocketType")), uint32(f.num("Protocol"))
		case callListen:
			c.Backlog = uint32(f.num("Backlog"))
		}
	}
	if !hasBuffer[name] {
		return
	}
	if ph != exit || c.Buffer == 0 {
		c.Buffer = f.num("Buffer")
	}
	n := int64(uint32(f.num("BufferLength", "BytesIndicated")))
	switch {
	case ph == enter || ph == indicate:
		c.Requested = n
	case f.has("BufferLength"):
		c.Returned = n
	}
}

func (c *Call) lengthOf(ph phase) int64 {
	if ph == exit {
		return c.Returned
	}
	return c.Requested
}

// afdAddress reads the address of either generation: a SOCKADDR, or an IPv4 or IPv6 address beside a port.
func (f fields) afdAddress() netip.AddrPort {
	i, ok := f.at["Address"]
	if !ok || i >= len(f.ev.Values) {
		return netip.AddrPort{}
	}
	v := f.ev.Values[i]
	if !f.has("Port") {
		return plain(provider.SockAddr(v.B))
	}
	port := uint16(f.num("Port"))
	switch {
	case len(v.B) == 16:
		return plain(netip.AddrPortFrom(netip.AddrFrom16([16]byte(v.B)), port))
	case len(v.B) == 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v.B)), port)
	case v.Type == field.Uint:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(v.U), byte(v.U >> 8), byte(v.U >> 16), byte(v.U >> 24)}), port)
	}
	return netip.AddrPort{}
}

// effect is what the call means for the socket.
func (t *Tracker) effect(s *socketState, c *Call, ph phase, f fields, now flow.Moment) {
	failed := ph != enter && c.Status>>30 == 3
	switch c.Name {
	case callSocket:
		if ph != exit {
			s.Family, s.Type, s.Protocol = c.Family, c.Type, c.Protocol
		}
	case callBind:
		if !failed && c.Address.IsValid() {
			t.bound(s, c.Address, now)
		}
	case callListen:
		s.Listening = s.Listening || !failed
	case callConnInd:
		s.addRemote(c.Address, now)
	case callAccept, callAcceptEx:
		t.accepting(s, c, ph, f, now)
	case callConnect, callConnEx:
		t.connecting(s, c, ph, now)
	case callSendTo, callSendMsg, callRecvFrom, callRecvMsg:
		t.datagram(s, c)
	case callAbort:
		t.abort(s, f, now)
	case callClose:
		if ph == exit || ph == whole {
			s.Closed = now
		}
	}
}

func (t *Tracker) bound(s *socketState, a netip.AddrPort, now flow.Moment) {
	if !s.boundAt.Seen() || s.Local != a {
		s.boundAt = now
	}
	s.Local = a
	if a.Port() != 0 {
		t.ports[a] = s
	}
}

func (s *socketState) addRemote(a netip.AddrPort, now flow.Moment) {
	if a.IsValid() && len(s.remotes) < maxEvidence {
		s.remotes, s.remoteAt = append(s.remotes, a), append(s.remoteAt, now)
	}
}

// accepting ties the new socket to the listening one and to the connection that it takes over.
func (t *Tracker) accepting(s *socketState, c *Call, ph phase, f fields, now flow.Moment) {
	fresh := f.num("AcceptEndpoint")
	if fresh == 0 || fresh == s.Endpoint {
		return
	}
	n := t.socket(fresh, callAccept, ph, now)
	c.Accepted = n.Socket
	if n.Process == nil {
		n.Process = s.Process
	}
	n.Listener, n.accept = s.Socket, c
	s.addRemote(c.Address, now)
	if c.Address.IsValid() && n.TCB == nil {
		n.Remote = c.Address
		n.connectAt = now
		t.seek(n)
	}
}

func (t *Tracker) connecting(s *socketState, c *Call, ph phase, now flow.Moment) {
	if !c.Address.IsValid() || s.TCB != nil {
		return
	}
	if ph == enter || !s.Remote.IsValid() {
		s.Remote = c.Address
		s.connectAt = now
	}
	if s.Protocol == 17 || s.Type == 2 {
		t.datagram(s, c) // a connected datagram socket has no TCB
		return
	}
	t.seek(s)
}

// datagram remembers which socket speaks with whom.
func (t *Tracker) datagram(s *socketState, c *Call) {
	if !c.Address.IsValid() || !s.Local.IsValid() || s.Local.Port() == 0 {
		return
	}
	t.own(ownedPair{pair{s.Local, c.Address}, proto.UDP}, owner{process: s.Process, socket: s.Socket, kind: ByTuple})
}

func (t *Tracker) abort(s *socketState, f fields, now flow.Moment) {
	if s.AbortAt.Seen() {
		return
	}
	s.AbortAt = now
	s.AbortReason = t.reason(f, "Reason")
	if s.AbortReason == "" {
		s.AbortReason = fmt.Sprintf("reason %d", uint32(f.num("Reason")))
	}
	if s.TCB != nil && !s.TCB.AbortAt.Seen() {
		s.TCB.AbortReason, s.TCB.AbortAt = s.AbortReason, now
	}
}

// seek looks for the TCB of a socket that has a remote address: equal
// endpoints, the same process, and not another socket's already. AFD and TCPIP
// share no pointer.
func (t *Tracker) seek(s *socketState) {
	if s.TCB != nil {
		return
	}
	port := s.localPort()
	for _, c := range t.candidates(s.Remote) {
		if t.fits(s, c, port) {
			t.wed(s, c)
			return
		}
	}
	list := t.waiting[s.Remote]
	for _, w := range list {
		if w == s {
			return
		}
	}
	if len(list) == maxWaiting {
		list = append(list[:0], list[1:]...)
	}
	t.waiting[s.Remote] = append(list, s)
}

// maxWaiting bounds the sockets that wait for a TCB with the same remote address; the oldest gives up.
const maxWaiting = 64

// localPort is the port that the socket's connection must have, 0 when the stack chose it.
func (s *socketState) localPort() uint16 {
	if s.Listener != nil {
		return s.Listener.Local.Port()
	}
	return s.Local.Port()
}

func (t *Tracker) fits(s *socketState, c *tcbState, port uint16) bool {
	if c.Remote != s.Remote || port != 0 && c.Local.Port() != port || c.PID == 0 {
		return false
	}
	if s.Process != nil && s.Process.PID != 0 && s.Process.PID != c.PID {
		return false
	}
	for _, other := range c.Sockets {
		if !other.Closed.Seen() {
			return false
		}
	}
	return s.Listener != nil || !c.seenAt.Seen() || c.seenAt.Time >= s.connectAt.Time
}

// wed joins a socket and its TCB.
func (t *Tracker) wed(s *socketState, c *tcbState) {
	s.TCB = c.TCB
	c.Sockets = append(c.Sockets, s.Socket)
	if !s.Local.IsValid() || s.Local.Port() == 0 || s.Local.Addr().IsUnspecified() {
		s.Local = c.Local
	}
	s.Conv = c.Conv
	if s.AbortAt.Seen() && !c.AbortAt.Seen() {
		c.AbortReason, c.AbortAt = s.AbortReason, s.AbortAt
	}
	if list := t.waiting[s.Remote]; len(list) > 0 {
		kept := list[:0]
		for _, w := range list {
			if w != s {
				kept = append(kept, w)
			}
		}
		if len(kept) == 0 {
			delete(t.waiting, s.Remote)
		} else {
			t.waiting[s.Remote] = kept
		}
	}
}
