package session

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Event ids of the provider Microsoft-Windows-TCPIP that do more than name a TCB.
const (
	tcpEndpointCreation = 1001
	tcpRequestConnect   = 1002
	tcpAcceptComplete   = 1017
	tcpConnectProceed   = 1031
	tcpConnectComplete  = 1033
	tcpCloseRequest     = 1038
	tcpDisconnect       = 1042
	tcpShutdown         = 1044
	tcpStateChange      = 1051
	tcpTimeout          = 1069
	tcpSend             = 1073
	tcpReceive          = 1074
	tcpRetransmitRound  = 1077
	tcpListener         = 1123
	tcpReceiveRequest   = 1156
	tcpDeliveryInd      = 1157
	tcpSendPosted       = 1159
	udpSendMessages     = 1169
	udpReceiveMessages  = 1170
	tcpAcquirePort      = 1191
	tcpReplacePort      = 1194
	transportDrop       = 1214
	networkDrop         = 1215
	tcpRundown          = 1300
	tcpSend10           = 1332
	tcpSendCompound     = 1333
	tcpRetransmit10     = 1351
	udpCreateEndpoint   = 1391
	udpBindEndpoint     = 1396
	tcpSummary          = 1477
	framingDrop         = 1478
)

// tcbState is a TCB with what is needed to join it.
type tcbState struct {
	*TCB
	seenAt    flow.Moment // first event that named it
	tupleAt   []flow.Moment
	acceptAt  flow.Moment // the event that completed its accept or connect
	delivery  uint64
	deliverAt []flow.Moment
	side      int // of Conv.Ends
	linuxTCBState
}

// linuxTCBState is what is needed besides of a connection of Linux.
type linuxTCBState struct {
	came, read          int64       // bytes that came, and that were read
	cameTo              uint32      // sequence number behind those that came; valid iff counted
	counted             bool        //
	arrived             flow.Moment // since when bytes wait for a reader; zero when none do
	reading             int         // calls to read that have not returned
	sentReset, gotReset bool
}

// tlEndpoint is an endpoint or a listener of the stack.
type tlEndpoint struct {
	address            uint64
	pid                uint32
	process            *Process
	udp                bool
	createdAt          flow.Moment
	port               uint16
	portAt             flow.Moment
	listener           uint64
	replacedAt         flow.Moment
	local              netip.AddrPort // of a listener
	activeAt           flow.Moment
	replaced, listened bool
	dead               bool
}

func (t *Tracker) tcpipEvent(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	f := t.fields(ev)
	ctx := t.context(h)
	var o Object
	switch {
	case f.num("Tcb") != 0:
		o = t.tcbEvent(f, h, ctx, now)
	case h.ID == udpSendMessages || h.ID == udpReceiveMessages:
		o = t.udpMessages(f, now)
	case h.ID == transportDrop || h.ID == networkDrop || h.ID == framingDrop:
		o = t.dropped(f, h, now)
	default:
		o = t.endpointEvent(f, h, ctx, now)
	}
	if o.Process == nil {
		t.byThread(&o, h, ctx, now)
	}
	if ctx != nil {
		ctx.last = lastEvent{}
		if h.ID == tcpDisconnect {
			ctx.disconnect = now
		}
	}
	return o
}

// byThread is the last resort for an event without any key: the call that its
// thread is in, else the process that was running.
func (t *Tracker) byThread(o *Object, h *trace.EventHeader, ctx *context, now flow.Moment) {
	if c := ctx.inside(); c != nil {
		o.Process, o.Call, o.Kind = c.Socket.Process, c, ByNesting
		if o.Socket == nil {
			o.Socket = c.Socket
		}
		return
	}
	if h.HasThread && h.PID != 0 {
		o.Process, o.Kind = t.procs.at(h.PID, now.Time), ByOrder
	}
}

// tcbEvent handles every event that names a TCB.
func (t *Tracker) tcbEvent(f fields, h *trace.EventHeader, ctx *context, now flow.Moment) Object {
	local, remote := f.addr("LocalAddress", "LocalSockAddr"), f.addr("RemoteAddress", "RemoteSockAddr")
	c := t.control(f, h, local, remote, now)
	if remote.IsValid() && local.IsValid() {
		t.tuple(c, local, remote, uint32(f.num("ProcessId", "Pid")), h.ID, now)
	}
	if pid := uint32(f.num("ProcessId", "Pid")); pid != 0 {
		c.PID, c.Process = pid, t.procs.at(pid, now.Time)
	}
	if d := f.num("Delivery"); d != 0 && (c.delivery == 0 || c.delivery == d) {
		c.delivery = d
		if len(c.deliverAt) < maxEvidence {
			c.deliverAt = append(c.deliverAt, now)
		}
	}
	t.counts(c, f, h.ID, now)
	if ctx != nil && ctx.disconnect.Seen() {
		if !c.Disconnect.Seen() {
			c.Disconnect = ctx.disconnect
		}
		ctx.disconnect = flow.Moment{}
	}
	t.follows(c, f, h.ID, ctx, now)
	o := Object{Process: c.Process, TCB: c.TCB, Conv: c.Conv, Kind: ByKey}
	if len(c.Sockets) > 0 {
		o.Socket = c.Sockets[len(c.Sockets)-1]
		if o.Process == nil {
			o.Process, o.Kind = o.Socket.Process, ByTuple
		}
	}
	return o
}

// control is the TCB at this address, a new one when the event begins another life.
func (t *Tracker) control(f fields, h *trace.EventHeader, local, remote netip.AddrPort, now flow.Moment) *tcbState {
	address := f.num("Tcb")
	c := t.tcb[address]
	if c != nil && !begins(c, f, h.ID, local, remote) {
		return c
	}
	c = &tcbState{TCB: &TCB{ID: len(t.tcbs), Source: t.source, Address: address}, seenAt: now}
	t.tcb[address] = c
	t.tcbStates[c.TCB] = c
	t.tcbs = append(t.tcbs, c.TCB)
	return c
}

// begins reports whether the event is of another connection than the one the address named before.
func begins(c *tcbState, f fields, id uint16, local, remote netip.AddrPort) bool {
	if c.Local.IsValid() && remote.IsValid() && (c.Remote != remote || c.Local.Port() != local.Port() && c.Local.Port() != 0) {
		return true
	}
	if !c.Closed.Seen() {
		return false
	}
	switch id {
	case tcpStateChange:
		return f.num("NewState") != 0 // Closed to Closed is the old one's clean-up
	case tcpRequestConnect, tcpConnectProceed, tcpAcceptComplete:
		return true
	}
	return false
}

// tuple gives the TCB its endpoints, and with them a conversation and perhaps a socket.
func (t *Tracker) tuple(c *tcbState, local, remote netip.AddrPort, pid uint32, id uint16, now flow.Moment) {
	fresh := c.Local != local || c.Remote != remote
	c.Local, c.Remote = local, remote
	if pid != 0 {
		c.PID, c.Process = pid, t.procs.at(pid, now.Time)
	}
	if len(c.tupleAt) < maxEvidence {
		c.tupleAt = append(c.tupleAt, now)
	}
	if (id == tcpAcceptComplete || id == tcpConnectComplete || id == tcpRundown) && !c.acceptAt.Seen() {
		c.acceptAt = now
	}
	if id == tcpRundown && !c.Rundown.Seen() {
		c.Rundown = now
	}
	if fresh {
		t.tuples[pair{local, remote}] = c
	}
	t.meet(c)
	if len(c.Sockets) > 0 || c.PID == 0 {
		return
	}
	for _, s := range t.waiting[remote] {
		if t.fits(s, c, s.localPort()) {
			t.wed(s, c)
			return
		}
	}
}

// candidates are the TCBs that have this remote address, newest first.
func (t *Tracker) candidates(remote netip.AddrPort) []*tcbState {
	var out []*tcbState
	for i := len(t.tcbs) - 1; i >= 0 && len(t.tcbs)-i <= recentTCBs; i-- {
		if c := t.tcbs[i]; c.Remote == remote {
			out = append(out, t.tcbStates[c])
		}
	}
	return out
}

// recentTCBs bounds the search backwards: the TCB of an accept or connect is among the newest.
const recentTCBs = 256

// counts takes in what the event says of states, bytes and times.
func (t *Tracker) counts(c *tcbState, f fields, id uint16, now flow.Moment) {
	switch id {
	case tcpStateChange:
		t.transition(c, f, now)
	case tcpSend, tcpSend10, tcpSendCompound:
		c.Sent += int64(uint32(f.num("NumBytes", "BytesSent")))
		if rtt := uint32(f.num("SRTT", "SRtt")); rtt != 0 {
			c.RTT = rtt
		}
		if id != tcpSend {
			c.congested(f, now)
		}
	case tcpReceive:
		c.Received += int64(uint32(f.num("NumBytes")))
	case tcpTimeout:
		if len(c.Timeouts) < maxResent {
			c.Timeouts = append(c.Timeouts, Timeout{At: now, CWnd: uint32(f.num("Cwnd")), SndUna: uint32(f.num("SndUna"))})
		}
	case tcpRetransmitRound, tcpRetransmit10:
		c.Retransmits++
	case tcpShutdown:
		c.Shutdown, c.ShutdownAt = uint32(f.num("Status")), now
	case tcpCloseRequest:
		if !c.Closed.Seen() {
			c.Closed = now
		}
	case tcpRundown:
		c.State = stateName(f.num("State"))
	case tcpSummary:
		c.Summary = &Summary{
			At: now, BytesOut: f.num("DataBytesOut"), BytesIn: f.num("DataBytesIn"), SegmentsOut: f.num("SegmentsOut"), SegmentsIn: f.num("SegmentsIn"),
			BytesRetransmitted: uint32(f.num("BytesRetrans")), Timeouts: uint32(f.num("Timeouts")), FastRetransmits: uint32(f.num("FastRetran")),
			SYNRetransmits: uint32(f.num("SynRetrans")), RTT: uint32(f.num("RttUs")), MinRTT: uint32(f.num("MinRttUs")), MaxRTT: uint32(f.num("MaxRttUs")),
			Milliseconds: f.num("ConnectionTimeMs"),
		}
	}
}

func (t *Tracker) transition(c *tcbState, f fields, now flow.Moment) {
	from, to := stateName(f.num("OldState")), stateName(f.num("NewState"))
	c.States = append(c.States, Transition{From: from, To: to, At: now, SndNxt: uint32(f.num("SndNxt"))})
	c.State = to
	if !c.Opened.Seen() && len(c.States) == 1 && f.num("OldState") <= 1 && f.num("NewState") != 0 {
		c.Opened = now
	}
	if f.num("NewState") == 0 && !c.Closed.Seen() {
		c.Closed = now
	}
}

// follows notes joins that only order shows: the call just before in the same context with the same length.
func (t *Tracker) follows(c *tcbState, f fields, id uint16, ctx *context, now flow.Moment) {
	if ctx == nil || ctx.last.call == nil {
		return
	}
	l := ctx.last
	s := t.states[l.call.Socket]
	n := int64(f.num("NumBytes"))
	var o order
	switch {
	case id == tcpReceiveRequest && l.what == callRecv && !l.call.Exit.Seen():
		o = order{what: "afd recv -> tcpip request", evidence: "same thread, next event, same length " + lengthText(n)}
		o.from = "recv on " + t.pointer(s.Endpoint) + " (" + number(l.at) + ")"
		o.to = "request " + t.pointer(f.num("Request")) + " (" + number(now) + ")"
	case id == tcpDeliveryInd && l.what == callDataInd:
		o = order{what: "afd data indication -> tcpip delivery", evidence: "same context, next event, same length " + decimal(n)}
	case id == tcpSendPosted && l.what == callSend && !l.call.Exit.Seen():
		o = order{what: "afd send -> tcpip send posted", evidence: "same thread, next event, same length " + decimal(n)}
	default:
		return
	}
	if l.length != n {
		return
	}
	if o.from == "" {
		o.from, o.to = number(l.at), number(now)
	}
	o.where = [2]flow.Moment{l.at, now}
	if len(s.orders) < maxOrders {
		s.orders = append(s.orders, o)
	}
	if s.TCB == nil && len(c.Sockets) == 0 && (s.Process == nil || c.PID == 0 || s.Process.PID == c.PID) {
		t.wed(s, c)
	}
}

// endpointEvent handles the events of endpoints, ports and listeners.
func (t *Tracker) endpointEvent(f fields, h *trace.EventHeader, ctx *context, now flow.Moment) Object {
	var e *tlEndpoint
	switch h.ID {
	case tcpEndpointCreation, udpCreateEndpoint:
		e = t.newEndpoint(f.num("Endpoint"), uint32(f.num("Pid", "ProcessId")), h.ID == udpCreateEndpoint, now)
		if c := ctx.inside(); c != nil && c.Name == callSocket && e != nil {
			t.nest(c, e, now)
		}
	case tcpAcquirePort, tcpAcquirePort + 1:
		if e = t.endpoint(f.num("PortAcquirer"), now); e != nil && !e.portAt.Seen() {
			e.port, e.portAt = uint16(f.num("PortNumber")), now
		}
	case tcpReplacePort:
		e = t.replacePort(f, now)
	case tcpListener:
		if e = t.endpoint(f.num("Listener"), now); e != nil {
			e.local, e.activeAt, e.listened = f.addr("SocketAddress"), now, true
		}
	case 1009, 1397, 1398:
		if e = t.tls[f.num("Endpoint")]; e != nil {
			e.dead = true
		}
	default:
		e = t.tls[f.num("Endpoint", "Listener", "PortAcquirer")]
		if h.ID == udpBindEndpoint && e != nil {
			e.local = f.addr("LocalAddress")
		}
	}
	pid := uint32(f.num("ProcessId", "Pid"))
	if e != nil && pid != 0 && e.pid == 0 {
		e.pid, e.process = pid, t.procs.at(pid, now.Time)
	}
	o := Object{}
	switch {
	case e != nil && e.process != nil:
		o.Process, o.Kind = e.process, ByKey
	case pid != 0:
		o.Process, o.Kind = t.procs.at(pid, now.Time), ByKey
	}
	if c := ctx.inside(); c != nil {
		o.Socket, o.Call = c.Socket, c
		if c.Name == callSocket && h.ID == 1013 {
			if s := t.states[c.Socket]; s != nil && !s.tlAt[0].Seen() {
				s.tlAt[0] = now
			}
		}
	}
	return o
}

func (t *Tracker) endpoint(address uint64, now flow.Moment) *tlEndpoint {
	if address == 0 {
		return nil
	}
	e := t.tls[address]
	if e == nil {
		e = &tlEndpoint{address: address}
		t.tls[address] = e
		t.tlList = append(t.tlList, e)
	}
	return e
}

func (t *Tracker) newEndpoint(address uint64, pid uint32, udp bool, now flow.Moment) *tlEndpoint {
	if address == 0 {
		return nil
	}
	e := &tlEndpoint{address: address, pid: pid, process: t.procs.at(pid, now.Time), udp: udp, createdAt: now}
	t.tls[address] = e
	t.tlList = append(t.tlList, e)
	return e
}

// nest notes that the stack created an endpoint while the thread was inside socket().
func (t *Tracker) nest(c *Call, e *tlEndpoint, now flow.Moment) {
	s := t.states[c.Socket]
	if s == nil || s.TL != 0 {
		return
	}
	s.TL, s.tlAt[1], s.tlCall = e.address, now, c
}

// replacePort: the listener takes the place of the endpoint that listen() was called on, and its owner.
func (t *Tracker) replacePort(f fields, now flow.Moment) *tlEndpoint {
	from, to := t.endpoint(f.num("OriginalAcquirer"), now), t.endpoint(f.num("PortAcquirer"), now)
	if from == nil || to == nil || from == to {
		return to
	}
	from.listener, from.replacedAt, from.replaced = to.address, now, true
	to.port = uint16(f.num("PortNumber"))
	if to.pid == 0 {
		to.pid, to.process = from.pid, from.process
	}
	return to
}
