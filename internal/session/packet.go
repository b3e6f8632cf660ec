package session

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// convState is a conversation with who owns it on this host.
type convState struct {
	conv    *flow.Conversation
	packets []int64      // the first few, by number
	tcb     [2]*tcbState // by side: a connection of the host with itself has two
	owner   owner        // of datagrams, and of a connection whose TCB nobody told
	side    int          // of owner
}

// Packet says who a packet belongs to: by TCB and 4-tuple, never by the process that the recorder interrupted.
func (t *Tracker) Packet(p *packet.Packet, s *flow.Sighting) Object {
	if p.Record != nil && p.Record.Meta != nil && p.Record.Meta.Drop != nil {
		t.recorderDrop(p, s)
	}
	c := s.Conv
	if c == nil {
		return Object{}
	}
	m := p.Record.Meta
	if m != nil && m.HasEdge {
		t.groups.add(m.PacketID, c)
	}
	named := m != nil && m.HasProcess && !m.Running
	if !t.active && p.Record.Event == nil && !named {
		return t.unnamed(c) // a plain capture: nobody to own it, unless another packet of the conversation was named
	}
	cs := t.conversation(c.ID)
	if cs == nil {
		cs = t.newConversation(c)
	}
	if !s.Duplicate && len(cs.packets) < maxListed {
		cs.packets = append(cs.packets, p.Record.Pos.Number)
	}
	if named {
		t.recorded(cs, p, s)
	}
	t.arrives(cs, p, s)
	if cs.tcb[0] != nil && cs.tcb[1] != nil { // both ends are here: it is of who sent it
		return tcbObject(c, cs.tcb[s.Dir])
	}
	return cs.object(c)
}

// unnamed is the object of a packet of a source without events.
func (t *Tracker) unnamed(c *flow.Conversation) Object {
	if cs := t.conversation(c.ID); cs != nil {
		return cs.object(c)
	}
	return Object{Conv: c}
}

// FromFile is where a process is known from when the capture file names it.
const FromFile = "capture file"

// recorded takes the owner that the capture file names. What events say of the
// sockets is better evidence; the first name stays, as the recorder looks a socket up while it is open.
func (t *Tracker) recorded(cs *convState, p *packet.Packet, s *flow.Sighting) {
	m := p.Record.Meta
	if cs.owner != (owner{}) || cs.tcb != [2]*tcbState{} {
		return
	}
	process := t.procs.at(m.PID, p.Record.Time)
	if process == nil {
		return
	}
	if process.Name == "" {
		process.Name, process.From = baseName(m.Process), FromFile
	}
	cs.owner = owner{process: process, kind: ByFile}
	switch m.Direction {
	case trace.Outbound:
		cs.side = s.Dir
	case trace.Inbound:
		cs.side = 1 - s.Dir
	}
}

// maxListed bounds the packets named in a join of a TCB with its packets.
const maxListed = 32

// conversation is what is known of the conversation with this ID, nil when no packet of it came here.
func (t *Tracker) conversation(id int) *convState {
	if id < 0 || id >= len(t.packets) {
		return nil
	}
	return t.packets[id]
}

func (cs *convState) object(c *flow.Conversation) Object {
	o := Object{Conv: c, Kind: ByTuple}
	for _, tc := range cs.tcb {
		if tc != nil {
			return tcbObject(c, tc)
		}
	}
	o.Socket, o.Process = cs.owner.socket, cs.owner.process
	o.Kind = cs.owner.kind
	return o
}

// tcbObject is what a packet of a control block is about.
func tcbObject(c *flow.Conversation, tc *tcbState) Object {
	o := Object{Conv: c, Kind: ByTuple, TCB: tc.TCB, Process: tc.Process}
	if len(tc.Sockets) > 0 {
		o.Socket = tc.Sockets[len(tc.Sockets)-1]
		if o.Process == nil {
			o.Process = o.Socket.Process
		}
	}
	return o
}

// newConversation makes the conversation known by its endpoints and looks for its TCB or owner.
func (t *Tracker) newConversation(c *flow.Conversation) *convState {
	cs := &convState{conv: c, side: -1}
	if c.ID >= len(t.packets) {
		t.packets = append(t.packets, make([]*convState, c.ID+1-len(t.packets))...)
	}
	t.packets[c.ID] = cs
	k := pair{c.Ends[0], c.Ends[1]}
	t.convs[k], t.convs[k.turned()] = c, c
	switch c.Proto {
	case proto.TCP:
		for _, k := range []pair{k, k.turned()} {
			if tc := t.tuples[k]; tc != nil {
				t.pairUp(tc, c, cs)
			}
		}
		if cs.tcb == [2]*tcbState{} {
			t.ownerOf(c, cs, k)
		}
	case proto.UDP:
		t.ownerOf(c, cs, k)
	}
	return cs
}

// ownerOf finds the owner of a conversation without a TCB: the pair as the
// stack or a socket named it, else the socket bound to one of the ends.
func (t *Tracker) ownerOf(c *flow.Conversation, cs *convState, k pair) {
	for _, k := range []pair{k, k.turned()} {
		if w, ok := t.owners[ownedPair{k, c.Proto}]; ok {
			cs.owner, cs.side = w, sideOf(c, k.a)
			return
		}
	}
	if c.Proto != proto.UDP {
		return
	}
	for i, end := range c.Ends {
		s := t.ports[end]
		if s == nil {
			s = t.ports[netip.AddrPortFrom(unspecified(end.Addr()), end.Port())]
		}
		if s != nil && s.lived(c) {
			cs.owner, cs.side = owner{process: s.Process, socket: s.Socket, kind: ByTuple}, i
			return
		}
	}
}

// lived reports whether the socket was not closed before the conversation began.
func (s *socketState) lived(c *flow.Conversation) bool {
	return !s.Closed.Seen() || c.First.Seen() && s.Closed.Pos.Number >= c.First.Pos.Number
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

func sideOf(c *flow.Conversation, local netip.AddrPort) int {
	if c.Ends[1] == local {
		return 1
	}
	return 0
}

// meet looks for the conversation of a TCB that just got its endpoints.
func (t *Tracker) meet(c *tcbState) {
	if c.Conv != nil {
		return
	}
	conv := t.convs[pair{c.Local, c.Remote}]
	if conv == nil {
		return
	}
	if cs := t.conversation(conv.ID); cs != nil {
		t.pairUp(c, conv, cs)
	}
}

// pairUp gives a TCB its conversation. A conversation has one TCB a side: when
// that side is taken, the TCB is a later life and waits for its own packets;
// and a TCB that was closed before the conversation began is an earlier one.
func (t *Tracker) pairUp(c *tcbState, conv *flow.Conversation, cs *convState) {
	side := sideOf(conv, c.Local)
	if cs.tcb[side] != nil || c.Conv != nil || c.Closed.Seen() && conv.First.Seen() && c.Closed.Pos.Number < conv.First.Pos.Number {
		return
	}
	if conv.TCP != nil && conv.TCP.RST.Seen() && c.seenAt.Pos.Number > conv.Last.Pos.Number && c.Opened.Seen() {
		return // the conversation was over before this TCB existed
	}
	cs.tcb[side] = c
	c.Conv, c.side = conv, side
	for _, s := range c.Sockets {
		s.Conv = conv
	}
}
