package session

import (
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// An owner is who a datagram pair belongs to.
type owner struct {
	process *Process
	socket  *Socket
}

// Event ids of Microsoft-Windows-Kernel-Process.
const (
	processStart   = 1
	processStop    = 2
	processRundown = 15
)

// kernelProcess learns processes from the manifest provider. Its events name them in full.
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
	default:
		return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	}
	if v, ok := ev.Value("ImageName"); ok && h.ID != processStop {
		r.Name = baseName(v.S)
	}
	t.procs.learn(r)
	return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
}

// baseName is the file name of a Windows path.
func baseName(path string) string { return path[strings.LastIndexByte(path, '\\')+1:] }

// kernelNetwork ties a 4-tuple to the process that the kernel names. The
// events of both directions have the local end first.
func (t *Tracker) kernelNetwork(ev *provider.Event, now flow.Moment) Object {
	f := t.fields(ev)
	pid := uint32(f.num("PID"))
	if pid == 0 {
		return Object{}
	}
	o := Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
	a, b := f.rawAddr("saddr", "sport"), f.rawAddr("daddr", "dport")
	if !a.IsValid() || !b.IsValid() {
		return o
	}
	k := pair{a, b}
	if _, ok := t.owners[k]; !ok {
		t.own(k, owner{process: o.Process})
	}
	o.Conv = t.convs[k]
	return o
}

// rawAddr reads an address and a port that are fields of their own, the address in network order.
func (f fields) rawAddr(addr, port string) netip.AddrPort {
	i, ok := f.at[addr]
	if !ok || i >= len(f.ev.Values) {
		return netip.AddrPort{}
	}
	p := uint16(f.num(port))
	switch v := f.ev.Values[i]; len(v.B) {
	case 16:
		return plain(netip.AddrPortFrom(netip.AddrFrom16([16]byte(v.B)), p))
	case 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v.B)), p)
	case 0:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(v.U), byte(v.U >> 8), byte(v.U >> 16), byte(v.U >> 24)}), p)
	}
	return netip.AddrPort{}
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
	k := pair{local, remote}
	if s := t.ports[local]; s != nil && !s.Closed.Seen() {
		o.Socket = s.Socket
	}
	if _, ok := t.owners[k]; !ok {
		t.own(k, owner{process: o.Process, socket: o.Socket})
	}
	o.Conv = t.convs[k]
	return o
}

// own notes the owner of a pair, and gives it the conversation that is already there.
func (t *Tracker) own(k pair, w owner) {
	t.owners[k] = w
	c := t.convs[k]
	if c == nil {
		return
	}
	if cs := t.conversation(c.ID); cs != nil && cs.owner.process == nil {
		cs.owner = w
		cs.side = sideOf(c, k.a)
	}
}

// dropped notes a packet that the stack says it dropped.
func (t *Tracker) dropped(f fields, h *trace.EventHeader, now flow.Moment) Object {
	d := Drop{At: now, By: "TCPIP", Code: uint32(f.num("Reason")), Count: max(1, uint32(f.num("PacketCount")))}
	d.Reason = t.reason(f, "Reason")
	a, b := f.addr("LocalSockAddr", "SourceAddress"), f.addr("RemoteSockAddr", "DestAddress")
	switch h.ID {
	case transportDrop:
		d.Component = "transport"
		if a.IsValid() && b.IsValid() {
			d.Conv = t.convs[pair{a, b}]
		}
	case networkDrop:
		d.Component = "network"
	case framingDrop:
		d.Component = "framing"
	}
	t.drops = append(t.drops, d)
	o := Object{Conv: d.Conv}
	if d.Conv != nil {
		if cs := t.conversation(d.Conv.ID); cs != nil {
			o = cs.object(d.Conv)
		}
	}
	return o
}
