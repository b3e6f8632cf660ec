package session

import (
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/trace"
)

// An owner is who a pair of endpoints belongs to.
type owner struct {
	process *Process
	socket  *Socket
	kind    JoinKind
	at      flow.Moment // the event that said so first
	fields  string      // of it that prove it, "" when the owner follows from the address of a socket
}

// Event ids of Microsoft-Windows-Kernel-Process.
const (
	processStart   = 1
	processStop    = 2
	threadStart    = 3
	threadStop     = 4
	processRundown = 15
)

// kernelProcess learns processes and threads from the manifest provider. Its events name them in full.
func (t *Tracker) kernelProcess(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	f := t.fields(ev)
	pid := uint32(f.num("ProcessID"))
	if pid == 0 {
		return t.running(h, now)
	}
	r := ProcessRecord{PID: pid, Parent: uint32(f.num("ParentProcessID")), From: "Kernel-Process start"}
	switch h.ID {
	case processStart:
		r.Start = now.Time
	case processStop:
		r.End = now.Time
	case processRundown:
		r.From = "Kernel-Process rundown"
	case threadStart:
		t.LearnThread(ThreadRecord{TID: uint32(f.num("ThreadID")), PID: pid, Start: now.Time})
		return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	case threadStop:
		t.LearnThread(ThreadRecord{TID: uint32(f.num("ThreadID")), PID: pid, End: now.Time})
		return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	default:
		return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	}
	if v, ok := ev.Value("ImageName"); ok && h.ID != processStop {
		r.Name = baseName(v.S)
	}
	t.procs.learn(r)
	return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
}

// baseName is the file name of a path, of Windows or of anything else.
func baseName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// Events of Microsoft-Windows-Kernel-Network and types of the classic UdpIp.
const (
	networkUDP      = 42 // the first that is about UDP
	networkUDPRecv  = 43
	networkUDPRecv6 = 59
	classicUDPRecv  = 11
	classicUDPRecv6 = 27
)

// kernelNetwork takes an event of the manifest provider Kernel-Network.
func (t *Tracker) kernelNetwork(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	if h.ID < networkUDP {
		return t.networkEvent(ev, proto.TCP, false, now)
	}
	return t.networkEvent(ev, proto.UDP, h.ID == networkUDPRecv || h.ID == networkUDPRecv6, now)
}

// classicNetwork takes an event of the classes TcpIp and UdpIp.
func (t *Tracker) classicNetwork(ev *provider.Event, now flow.Moment) Object {
	if ev.Provider.GUID == kernel.TCPIPGUID {
		return t.networkEvent(ev, proto.TCP, false, now)
	}
	h := ev.Header
	return t.networkEvent(ev, proto.UDP, h.Opcode == classicUDPRecv || h.Opcode == classicUDPRecv6, now)
}

// networkEvent ties a pair of endpoints to the process that the kernel names
// with it. saddr is the local end, also of what TCP receives; of a datagram
// that was received (turned) it is the sender.
func (t *Tracker) networkEvent(ev *provider.Event, id proto.ID, turned bool, now flow.Moment) Object {
	f := t.fields(ev)
	pid := uint32(f.num("PID"))
	if pid == 0 || pid == unknownID {
		return Object{}
	}
	o := Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	k := ownedPair{pair{f.rawAddr("saddr", "sport"), f.rawAddr("daddr", "dport")}, id}
	if !k.a.IsValid() || !k.b.IsValid() {
		return o
	}
	if turned {
		k.pair = k.turned()
	}
	t.own(k, owner{process: o.Process, kind: ByKey, at: now, fields: "PID,saddr,daddr,sport,dport"})
	if c := t.convs[k.pair]; c != nil && c.Proto == id {
		o.Conv = c
	}
	return o
}

// rawAddr reads an address and a port that are fields of their own, the address in network order.
func (f fields) rawAddr(addr, port string) netip.AddrPort {
	i, ok := f.at[addr]
	if !ok || i >= len(f.ev.Values) {
		return netip.AddrPort{}
	}
	return plain(provider.JoinAddr(f.ev.Values[i], uint16(f.num(port))))
}

// udpMessages ties a datagram pair to the process of the stack's endpoint.
func (t *Tracker) udpMessages(f fields, now flow.Moment) Object {
	local, remote := f.addr("LocalSockAddr"), f.addr("RemoteSockAddr")
	pid := uint32(f.num("Pid"))
	e := t.tls[f.num("Endpoint")]
	if pid == 0 && e != nil {
		pid = e.pid
	}
	o := Object{Kind: ByKey}
	if pid != 0 {
		o.Process = t.procs.at(pid, now.Time)
	}
	if !local.IsValid() || !remote.IsValid() || o.Process == nil {
		return o
	}
	k := ownedPair{pair{local, remote}, proto.UDP}
	if s := t.ports[local]; s != nil && !s.Closed.Seen() {
		o.Socket = s.Socket
	}
	t.own(k, owner{process: o.Process, socket: o.Socket, kind: ByKey, at: now, fields: "Pid,LocalSockAddr,RemoteSockAddr"})
	if c := t.convs[k.pair]; c != nil && c.Proto == proto.UDP {
		o.Conv = c
	}
	return o
}

// own notes the owner of a pair, the newest when the pair is used again, and
// gives it to the conversation that is already there and has none. Of one
// process, an event that names it with the endpoints is the better proof, and a socket is kept.
func (t *Tracker) own(k ownedPair, w owner) {
	if old, ok := t.owners[k]; ok && old.process == w.process {
		switch {
		case old.kind == ByKey && (old.socket != nil || w.socket == nil), old.kind == w.kind && old.socket == w.socket:
			return
		case old.kind == ByKey:
			w.kind, w.at, w.fields = old.kind, old.at, old.fields
		case w.socket == nil:
			w.socket = old.socket
		}
	}
	t.owners[k] = w
	c := t.convs[k.pair]
	if c == nil || c.Proto != k.proto {
		return
	}
	if cs := t.conversation(c.ID); cs != nil && (cs.owner.process == nil || cs.owner.process == w.process) {
		cs.owner = w
		cs.side = sideOf(c, k.a)
	}
}

// dropped notes a packet that the stack says it dropped.
func (t *Tracker) dropped(f fields, h *trace.EventHeader, now flow.Moment) Object {
	d := dropReport{at: now, reason: t.reason(f, "Reason"), packets: max(1, uint32(f.num("PacketCount")))}
	d.by, d.code = "TCPIP", uint32(f.num("Reason"))
	a, b := f.addr("LocalSockAddr", "SourceAddress"), f.addr("RemoteSockAddr", "DestAddress")
	switch h.ID {
	case transportDrop:
		d.component = "transport"
		if a.IsValid() && b.IsValid() {
			d.conv = t.convs[pair{a, b}]
		}
	case networkDrop:
		d.component = "network"
	case framingDrop:
		d.component = "framing"
	}
	t.drops.add(&d)
	o := Object{Conv: d.conv}
	if d.conv != nil {
		if cs := t.conversation(d.conv.ID); cs != nil {
			o = cs.object(d.conv)
		}
	}
	return o
}
