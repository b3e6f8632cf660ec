package session

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/provider/linux"
	"github.com/wiretale/wiretale/trace"
)

// LinuxKernel is Drop.By of what the kernel of Linux reports.
const LinuxKernel = "Linux"

// linuxStack takes what the stack says of a connection, or of a packet that it dropped. The header names who was
// interrupted: it is no owner.
func (t *Tracker) linuxStack(f fields, h *trace.EventHeader, now flow.Moment) Object {
	name := f.ev.Def.Name
	if name == journal.Drop {
		return t.linuxDrop(f, now)
	}
	c := t.linuxTCB(f.num("Socket"), f, now)
	if c == nil {
		return t.linuxOther(f, name, now)
	}
	t.linuxMeet(c.Address)
	switch name {
	case journal.State:
		t.linuxState(c, f, now)
	case journal.Retransmit:
		c.Retransmits++
		if len(c.Resent) < maxResent {
			c.Resent = append(c.Resent, now)
		}
	case journal.SentReset:
		if !c.AbortAt.Seen() {
			c.AbortReason, c.AbortAt = f.text("Reason"), now
		}
		c.sentReset = true
	case journal.ReceivedReset:
		c.Shutdown, c.ShutdownAt, c.gotReset = linux.Status(linux.ECONNRESET), now, true
	case journal.SocketError:
		if e := uint32(f.num("Errno")); e != 0 && !c.gotReset {
			c.Shutdown, c.ShutdownAt = linux.Status(e), now
		}
	case journal.Congestion:
		c.linuxCongestion(f, now)
	}
	o := Object{Process: c.Process, TCB: c.TCB, Conv: c.Conv, Kind: ByKey}
	if len(c.Sockets) > 0 {
		o.Socket = c.Sockets[len(c.Sockets)-1]
		if o.Process == nil {
			o.Process = o.Socket.Process
		}
	}
	return o
}

// maxResent bounds the records of retransmissions and timers that are kept of one connection.
const maxResent = 64

// linuxOther takes an event of no connection: of a socket that listens, or of a packet that no socket was there for.
func (t *Tracker) linuxOther(f fields, name string, now flow.Moment) Object {
	s := t.afd[f.num("Socket")]
	if s == nil {
		if c := t.convs[pair{f.addr("LocalAddress"), f.addr("RemoteAddress")}]; c != nil {
			if cs := t.conversation(c.ID); cs != nil {
				return cs.object(c)
			}
		}
		return Object{}
	}
	if name == journal.State {
		local := f.addr("LocalAddress")
		switch stateOf(f.text("NewState")) {
		case "ListenState":
			s.Listening = true
			t.bound(s, local, now)
			t.listeners[local.Port()] = append(t.listeners[local.Port()], s)
		}
	}
	return Object{Process: s.Process, Socket: s.Socket, Kind: ByKey}
}

// linuxStates are the names that the kernel has for states, as the states of RFC 9293 are named here.
var linuxStates = map[string]string{
	"TCP_ESTABLISHED": "EstablishedState", "TCP_SYN_SENT": "SynSentState", "TCP_SYN_RECV": "SynRcvdState", "TCP_NEW_SYN_RECV": "SynRcvdState",
	"TCP_FIN_WAIT1": "FinWait1State", "TCP_FIN_WAIT2": "FinWait2State", "TCP_TIME_WAIT": "TimeWaitState", "TCP_CLOSE": "ClosedState",
	"TCP_CLOSE_WAIT": "CloseWaitState", "TCP_LAST_ACK": "LastAckState", "TCP_LISTEN": "ListenState", "TCP_CLOSING": "ClosingState",
}

func stateOf(name string) string {
	if s, ok := linuxStates[name]; ok {
		return s
	}
	return name
}

// linuxState takes a change of state.
func (t *Tracker) linuxState(c *tcbState, f fields, now flow.Moment) {
	from, to := stateOf(f.text("OldState")), stateOf(f.text("NewState"))
	c.States = append(c.States, Transition{From: from, To: to, At: now})
	c.State = to
	switch to {
	case "SynSentState", "SynRcvdState":
		if !c.Opened.Seen() {
			c.Opened = now
		}
	case "EstablishedState":
		if !c.Opened.Seen() {
			c.Opened = now
		}
		if from == "SynRcvdState" || from == "ListenState" {
			t.linuxReady(c, now)
		}
	case "ClosedState":
		if !c.Closed.Seen() {
			c.Closed = now
		}
		if !c.ShutdownAt.Seen() {
			c.ShutdownAt = now
		}
	}
}

// linuxReady puts a connection into the queue of the socket that listens: it waits to be accepted. Until then it is of who listens.
func (t *Tracker) linuxReady(c *tcbState, now flow.Moment) {
	for _, s := range t.listeners[c.Local.Port()] {
		if s.Closed.Seen() || !s.Local.Addr().IsUnspecified() && s.Local.Addr() != c.Local.Addr() {
			continue
		}
		if c.Process == nil && s.Process != nil {
			c.Process, c.PID = s.Process, s.Process.PID
		}
		call := &Call{Socket: s.Socket, Name: "ready", Role: RoleConnectIndication, System: Linux, Indication: true, Enter: now, Exit: now, Address: c.Remote, Requested: -1, Returned: -1, Flight: -1}
		s.Calls = append(s.Calls, call)
		t.calls = append(t.calls, call)
		return
	}
}

// linuxCongestion takes a state of congestion control: it is that of loss when the timer of retransmissions expired.
func (c *tcbState) linuxCongestion(f fields, now flow.Moment) {
	if s := f.text("NewState"); s == "TCP_CA_Loss" && c.State != "SynSentState" && c.State != "SynRcvdState" && len(c.Timeouts) < maxResent {
		c.Timeouts = append(c.Timeouts, Timeout{At: now, CWnd: uint32(f.num("CWnd"))})
	}
}

// linuxDrop notes a packet that the kernel dropped, with its reason.
func (t *Tracker) linuxDrop(f fields, now flow.Moment) Object {
	from, to := f.addr("SourceAddress"), f.addr("DestinationAddress")
	d := dropReport{at: now, reason: f.text("Reason"), packets: 1}
	d.by, d.code, d.component = LinuxKernel, uint32(f.num("ReasonCode")), f.text("Location")
	flags := tcp.Flags(f.num("Flags"))
	d.syn = flags&(tcp.SYN|tcp.ACK) == tcp.SYN
	d.from, d.to = from, to
	var o Object
	if from.IsValid() && to.IsValid() {
		d.conv = t.convs[pair{from, to}]
		if d.conv == nil {
			t.linuxLost(&o, pair{from, to})
		}
	}
	t.drops.add(&d)
	if d.conv != nil {
		if cs := t.conversation(d.conv.ID); cs != nil {
			return cs.object(d.conv)
		}
	}
	return o
}

// linuxLost finds whose packet it was that left nothing else.
func (t *Tracker) linuxLost(o *Object, k pair) {
	for _, k := range []pair{k, k.turned()} {
		if c := t.tuples[k]; c != nil {
			o.Process, o.TCB, o.Kind = c.Process, c.TCB, ByTuple
			return
		}
	}
}

// arrives notes that data came for a connection of Linux: from then on it waits for a reader.
func (t *Tracker) arrives(cs *convState, p *packet.Packet, s *flow.Sighting) {
	if p.PayloadLen == 0 || s.Duplicate {
		return
	}
	c := cs.tcb[1-s.Dir]
	if c == nil || c.System != Linux {
		return
	}
	end := p.TCP.Seq + uint32(p.PayloadLen)
	if !c.counted {
		c.counted, c.cameTo = true, p.TCP.Seq
	}
	fresh := int32(end - c.cameTo)
	if fresh <= 0 {
		return
	}
	c.came, c.cameTo = c.came+int64(fresh), end
	if c.arrived.Seen() || c.reading > 0 {
		return
	}
	c.arrived = flow.Moment{Pos: p.Record.Pos, Time: p.Record.Time}
}

// linuxReads notes that a process reads: what waited for it waits no more.
func (t *Tracker) linuxReads(s *socketState, call *Call, ph phase, now flow.Moment) {
	if s.TCB == nil {
		return
	}
	c := t.tcbStates[s.TCB]
	if ph != exit && c.arrived.Seen() {
		if call.Enter.Time-c.arrived.Time >= leastUnread && len(s.Unread) < maxUnread {
			s.Unread = append(s.Unread, Unread{From: c.arrived, To: now})
		}
		c.arrived = flow.Moment{}
	}
	if ph != exit {
		c.reading++
	}
	if ph != enter && c.reading > 0 {
		c.reading--
	}
	if ph == enter || call.Returned <= 0 {
		return
	}
	if c.read += call.Returned; c.read < c.came && c.reading == 0 {
		c.arrived = now
	}
}

const (
	// leastUnread is how long data has to wait for a reader to be kept, in nanoseconds; rules ask for more.
	leastUnread = int64(10 * time.Millisecond)
	// maxUnread bounds what is kept of one socket.
	maxUnread = 4096
)
