package session

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
)

// End fixes what only the whole trace tells, and returns everything that was learned. The tracker is done after it.
func (t *Tracker) End() *Session {
	s := &Session{
		Processes: t.procs.list, Sockets: t.sockets, TCBs: t.tcbs, Calls: t.calls, Drops: t.drops.list, Counted: t.counted, Claims: t.claimed, Endpoints: map[int]*Endpoint{},
	}
	if t.operations != nil {
		s.Operations = t.operations.list
	}
	for _, c := range t.tcbs {
		if c.PID != 0 {
			c.Process = t.procs.at(c.PID, t.tcbStates[c].seenAt.Time)
		}
	}
	for _, sk := range t.sockets {
		if w := t.states[sk]; w.TCB == nil && w.Remote.IsValid() {
			t.seek(w)
		}
		if sk.TCB != nil && sk.Process == nil {
			sk.Process = sk.TCB.Process
		}
		if sk.TCB != nil && sk.Conv == nil {
			sk.Conv = sk.TCB.Conv
		}
	}
	s.Processes = t.procs.list
	t.endpoints(s)
	s.Joins = t.joins()
	return s
}

// endpoints ties every conversation that has an owner to this host.
func (t *Tracker) endpoints(s *Session) {
	for id, cs := range t.packets {
		if cs == nil {
			continue
		}
		if cs.owner == (owner{}) {
			t.ownerOf(cs.conv, cs, pair{cs.conv.Ends[0], cs.conv.Ends[1]}) // its events came after its first packet
		}
		e := &Endpoint{Side: cs.side, Kind: cs.owner.kind, Process: cs.owner.process}
		if cs.owner.socket != nil {
			e.Sockets = []*Socket{cs.owner.socket}
			if p := cs.owner.socket.Process; p != nil {
				e.Process = p
			}
		}
		for side, c := range cs.tcb {
			if c == nil {
				continue
			}
			e.TCBs = append(e.TCBs, c.TCB)
			e.Sockets = append(e.Sockets, c.Sockets...)
			if e.Conv == nil {
				t.ownedBy(e, c, side)
			}
		}
		if e.Process == nil && len(e.TCBs) == 0 && len(e.Sockets) == 0 {
			continue
		}
		if e.Conv == nil {
			e.Conv = cs.conv
		}
		for _, k := range e.Sockets {
			if k.Conv == nil {
				k.Conv = e.Conv
			}
		}
		s.Endpoints[id] = e
	}
}

// ownedBy gives an endpoint the TCB as its owner, unless the TCB has no process and a network event named one.
func (t *Tracker) ownedBy(e *Endpoint, c *tcbState, side int) {
	e.Conv = c.Conv
	p := c.Process
	if p == nil && len(c.Sockets) > 0 {
		p = c.Sockets[0].Process
	}
	if p == nil && e.Process != nil {
		return
	}
	e.Side, e.Process, e.Kind = side, p, ByTuple
}

// joins lists every step from one object to another, objects in order of appearance.
func (t *Tracker) joins() []Join {
	var out []Join
	for _, p := range t.procs.list {
		if at := t.procs.named[p]; len(at) > 0 {
			out = append(out, Join{"process", "EPROCESS " + t.pointer(p.Key), processText(p), ByKey, at, "field Process + ProcessId in AFD 1000"})
		}
	}
	for _, s := range t.sockets {
		out = t.socketJoins(out, t.states[s])
	}
	for _, e := range t.tlList {
		out = t.endpointJoins(out, e)
	}
	for _, c := range t.tcbs {
		out = t.tcbJoins(out, t.tcbStates[c])
	}
	for _, cs := range t.packets {
		if cs != nil && cs.tcb == [2]*tcbState{} && cs.owner.process != nil && cs.owner.fields != "" {
			out = append(out, ownerJoin(cs))
		}
	}
	return out
}

// ownerJoin is the step from a conversation to the process that an event names with its endpoints.
func ownerJoin(cs *convState) Join {
	local, remote := cs.conv.Ends[cs.side], cs.conv.Ends[1-cs.side]
	return Join{"4-tuple -> process", local.String() + " - " + remote.String(), processText(cs.owner.process), ByKey,
		moments(cs.owner.at), "one event has " + cs.owner.fields}
}

func processText(p *Process) string {
	return strings.TrimSpace(fmt.Sprintf("pid %d (0x%X) %s", p.PID, p.PID, p.Name))
}

func (t *Tracker) socketJoins(out []Join, s *socketState) []Join {
	if s.System == Linux {
		return t.linuxJoins(out, s)
	}
	name := "afd endpoint"
	if s.Listening {
		name = "afd listen endpoint"
	}
	from := t.pointer(s.Endpoint)
	if s.boundAt.Seen() {
		out = append(out, Join{name, from, "local " + s.Local.String(), ByKey, []flow.Moment{s.boundAt}, "Address in AFD 1030 bind"})
	}
	if s.TL != 0 && s.tlCall != nil {
		out = append(out, Join{name + " -> tl endpoint", from, t.pointer(s.TL), ByNesting,
			moments(s.tlCall.Enter, s.tlAt[0], s.tlAt[1], s.tlCall.Exit), "only enclosing socket enter/exit in one thread; no shared pointer"})
	}
	for i, r := range s.remotes {
		if i > 0 && r == s.remotes[i-1] {
			continue
		}
		var at []flow.Moment
		for j := i; j < len(s.remotes); j++ {
			if s.remotes[j] == r {
				at = append(at, s.remoteAt[j])
			}
		}
		out = append(out, Join{name + " -> remote", from, r.String(), ByKey, at, "AFD 3001 and 1024 Address"})
	}
	if s.Listener != nil {
		out = append(out, Join{"afd accepted endpoint", from, "accepted from listen " + t.pointer(s.Listener.Endpoint) + " for " + s.Remote.String(), ByKey,
			moments(s.accept.when()), "AFD 1024 Endpoint+AcceptEndpoint+Address"})
		name = "afd accepted endpoint"
	}
	if s.TCB != nil {
		out = append(out, t.socketToTCB(s, name))
	}
	for i := range s.orders {
		o := &s.orders[i]
		out = append(out, Join{o.what, o.from, o.to, ByOrder, o.where[:], o.evidence})
	}
	return out
}

// linuxJoins are those of a socket of Linux, which is one object with its control block.
func (t *Tracker) linuxJoins(out []Join, s *socketState) []Join {
	from := t.pointer(s.Endpoint)
	if s.Process != nil {
		var at []flow.Moment
		for _, c := range s.Calls[:min(len(s.Calls), maxEvidence)] {
			if c.By == s.Process {
				at = append(at, c.when())
			}
		}
		if s.accept != nil {
			at = append(moments(s.accept.Exit), at...)
		}
		out = append(out, Join{"socket -> process", from, processText(s.Process), ByKey, at, "Socket in calls of the process"})
	}
	if s.boundAt.Seen() {
		out = append(out, Join{"socket", from, "local " + s.Local.String(), ByKey, []flow.Moment{s.boundAt}, "Socket and Address of bind"})
	}
	if s.Listener != nil {
		out = append(out, Join{"accepted socket", from, "accepted from " + t.pointer(s.Listener.Endpoint) + " for " + s.Remote.String(), ByKey, moments(s.accept.Exit), "Socket and Accepted of accept"})
	}
	if s.TCB != nil {
		c := t.tcbStates[s.TCB]
		out = append(out, Join{"socket -> tcb", from, t.pointer(c.Address), ByKey, moments(c.seenAt), "equal Socket: one object"})
	}
	return out
}

func (t *Tracker) socketToTCB(s *socketState, name string) Join {
	c := t.tcbStates[s.TCB]
	at := moments(s.connectAt, c.acceptAt)
	evidence := "equal remote address " + s.TCB.Remote.String() + " + pid; AFD and TCPIP share no pointer"
	if s.Listener != nil {
		evidence = "equal remote address " + s.TCB.Remote.String() + " + local port of the listen endpoint + pid; AFD and TCPIP share no pointer"
	}
	return Join{name + " -> tcb", t.pointer(s.Endpoint), t.pointer(c.Address), ByTuple, at, evidence}
}

func (t *Tracker) endpointJoins(out []Join, e *tlEndpoint) []Join {
	from := t.pointer(e.address)
	if e.createdAt.Seen() && e.pid != 0 {
		name, evidence := "tcpip tl endpoint", "TCPIP 1001 (Endpoint,Pid)"
		if e.udp {
			name, evidence = "udp tl endpoint", "TCPIP 1391 (Endpoint,ProcessId)"
		}
		out = append(out, Join{name, from, fmt.Sprintf("pid %d", e.pid), ByKey, moments(e.createdAt), evidence})
	}
	if e.portAt.Seen() {
		out = append(out, Join{"tl endpoint -> port", from, strconv.Itoa(int(e.port)), ByKey, moments(e.portAt), "TCPIP 1191 PortAcquirer"})
	}
	if e.replaced {
		out = append(out, Join{"tl endpoint -> listener", from, t.pointer(e.listener), ByKey, moments(e.replacedAt), "TCPIP 1194 PortAcquirer,OriginalAcquirer"})
	}
	if e.listened {
		out = append(out, Join{"listener -> local address", from, e.local.String(), ByKey, moments(e.activeAt), "TCPIP 1123 Listener,SocketAddress"})
	}
	return out
}

func (t *Tracker) tcbJoins(out []Join, c *tcbState) []Join {
	from := t.pointer(c.Address)
	if len(c.tupleAt) > 0 {
		arrow := " -> "
		if len(c.Sockets) > 0 && c.Sockets[0].Listener != nil || len(c.States) > 0 && c.States[0].From == "ListenState" {
			arrow = " <- "
		}
		evidence := "TCPIP LocalAddress,RemoteAddress,Tcb,ProcessId"
		if c.System == Linux {
			evidence = "one event has Socket,LocalAddress,RemoteAddress; the process is that of the socket"
		}
		out = append(out, Join{"tcb -> 4-tuple + pid", from, c.Local.String() + arrow + c.Remote.String() + fmt.Sprintf(" pid %d", c.PID), ByKey, c.tupleAt, evidence})
	}
	if c.delivery != 0 {
		out = append(out, Join{"tcb -> delivery", from, t.pointer(c.delivery), ByKey, c.deliverAt, "TCPIP Tcb,Delivery"})
	}
	if c.Conv != nil && (c.acceptAt.Seen() || len(c.tupleAt) > 0) {
		at := c.acceptAt
		if !at.Seen() {
			at = c.tupleAt[0]
		}
		out = append(out, Join{"tcb -> packets", from, t.packetText(c), ByTuple, moments(at), "4-tuple and time"})
	}
	return out
}

// packetText lists the packets of the TCB's conversation: the first ones by number.
func (t *Tracker) packetText(c *tcbState) string {
	cs := t.conversation(c.Conv.ID)
	if cs == nil {
		return ""
	}
	var b strings.Builder
	for i, n := range cs.packets {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	if all := c.Conv.Dir[0].Packets + c.Conv.Dir[1].Packets; all > int64(len(cs.packets)) {
		fmt.Fprintf(&b, ",... (%d in all)", all)
	}
	return b.String()
}

// when is the first event of the call that was captured.
func (c *Call) when() flow.Moment {
	if c.Enter.Seen() {
		return c.Enter
	}
	return c.Exit
}

func moments(all ...flow.Moment) []flow.Moment {
	var out []flow.Moment
	for _, m := range all {
		if m.Seen() {
			out = append(out, m)
		}
	}
	return out
}

// pointer prints an address in the width of the machine that it is from.
func (t *Tracker) pointer(p uint64) string {
	if t.width == 8 {
		return fmt.Sprintf("0x%016X", p)
	}
	return fmt.Sprintf("0x%08X", p)
}

func number(m flow.Moment) string { return strconv.FormatInt(m.Pos.Number, 10) }
func decimal(n int64) string      { return strconv.FormatInt(n, 10) }
func lengthText(n int64) string   { return fmt.Sprintf("%d = 0x%X", n, n) }
