//go:build linux

package record

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/file"
	"github.com/wiretale/wiretale/internal/record/packets"
)

// event writes an event if it belongs to the recording, and learns from it in any case.
func (r *Recorder) event(e *event.Event) {
	r.scope.track(e)
	r.owners.learn(e)
	var h *holding
	if e.Socket != 0 {
		h = r.owners.holding(e.Socket)
	}
	wanted := int(e.PID) != os.Getpid() && r.scope.event(e, h, &r.owners)
	r.owners.forget(e)
	if !wanted {
		return
	}
	if h != nil && h.early != nil {
		for i := range h.early {
			r.write(&h.early[i])
		}
		h.early = nil
	}
	r.write(e)
}

// write writes an event, behind what is known of its process.
func (r *Recorder) write(e *event.Event) {
	if e.Kind == event.Exit {
		if !r.known[e.PID] {
			return
		}
		delete(r.known, e.PID)
	} else if e.PID != 0 && (!r.known[e.PID] || e.Kind == event.Exec) {
		r.describe(e.PID, e.Command)
	}
	r.counts.Events++
	r.out.Event(e)
}

// describe writes what is known of a process.
func (r *Recorder) describe(pid uint32, command string) {
	if len(r.known) > maxOwners {
		clear(r.known)
	}
	r.known[pid] = true
	r.out.Process(processOf(pid, command))
}

// Flags of a packet (pcapng draft, 4.3.1, epb_flags).
const (
	inbound   = 1
	outbound  = 2
	unicast   = 1 << 2
	multicast = 2 << 2
	broadcast = 3 << 2
	others    = 4 << 2

	notReady  = 1 << 9
	valid     = 1 << 10
	segmented = 1 << 11
)

// receptions are the flags of the kinds of packets that the kernel tells apart.
var receptions = [...]uint32{
	unix.PACKET_HOST: inbound | unicast, unix.PACKET_BROADCAST: inbound | broadcast, unix.PACKET_MULTICAST: inbound | multicast,
	unix.PACKET_OTHERHOST: inbound | others, unix.PACKET_OUTGOING: outbound,
}

// packet writes the next packet of a ring.
func (r *Recorder) packet(t *taken) {
	var f packets.Frame
	if !t.blocks[0].Next(&f) {
		return
	}
	local := f.Interface == r.loop && r.loop != 0
	p := file.Packet{Time: f.Time, Data: f.Data, Wire: f.Wire, Tagged: f.Tagged, TPID: f.TPID, TCI: f.TCI}
	if int(f.Kind) < len(receptions) {
		p.Flags = receptions[f.Kind]
	}
	if local {
		p.Flags &^= 3
	}
	for _, b := range [...]struct {
		is  bool
		bit uint32
	}{{f.NotReady, notReady}, {f.Valid, valid}, {f.Segmented, segmented}} {
		if b.is {
			p.Flags |= b.bit
		}
	}
	if r.tracer != nil || r.cfg.HeadersOnly {
		pair, syn, end, ok := headers(f.Network())
		if r.cfg.HeadersOnly {
			p.Data = p.Data[:len(p.Data)-len(f.Network())+end]
		}
		if ok {
			r.own(&p, pair, syn, f.Kind == unix.PACKET_OUTGOING, local)
		}
	}
	if r.scope.follow != nil && !(p.Owned && r.scope.follow[p.PID]) {
		return
	}
	id, ok := r.devices[f.Interface]
	if !ok {
		id = r.device(f.Interface, f.Hardware)
	}
	if t.first < 0 {
		t.first = id
	}
	p.Interface = id
	r.counts.Packets++
	r.out.Packet(&p)
}

// own finds the process of a packet: on its way out that of its source, on its way in that of its destination, on loopback either.
func (r *Recorder) own(p *file.Packet, source pair, syn, out, local bool) {
	if r.tracer == nil {
		return
	}
	var who owner
	ok := false
	if out || local {
		if who, ok = r.owners.of(source); !ok && syn {
			who, ok = r.owners.opens(source)
		}
	}
	if !ok && !out || ok && local && r.scope.follow != nil && !r.scope.follow[who.pid] {
		if to, found := r.owners.of(source.turned()); found {
			who, ok = to, true
		}
	}
	if !ok {
		return
	}
	if !r.known[who.pid] {
		r.describe(who.pid, "")
	}
	p.PID, p.TID, p.Owned = who.pid, who.tid, true
}

// Link types of devices (https://www.tcpdump.org/linktypes.html), by the kernel's types of hardware.
const (
	linkEthernet = 1
	linkRaw      = 101

	hardwareEthernet = 1
	hardwareLoopback = 772
)

// device describes an interface in the file.
func (r *Recorder) device(index int, hardware uint16) int {
	d := file.Interface{Link: linkEthernet, Snap: uint32(r.cfg.Snap), Filter: r.cfg.Filter, Name: fmt.Sprintf("if%d", index)}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		d.OS = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	if i, err := net.InterfaceByIndex(index); err == nil {
		d.Name, d.MAC = i.Name, i.HardwareAddr
		if hardware == 0 {
			hardware = hardwareOf(i.Name)
		}
		if b, err := os.ReadFile("/sys/class/net/" + i.Name + "/speed"); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && n > 0 {
				d.Speed = uint64(n) * 1e6
			}
		}
	}
	if hardware != hardwareEthernet && hardware != hardwareLoopback && hardware != 0 {
		d.Link = linkRaw
	}
	id := r.out.AddInterface(d)
	r.devices[index] = id
	return id
}

func hardwareOf(name string) uint16 {
	b, _ := os.ReadFile("/sys/class/net/" + name + "/type")
	n, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 16)
	return uint16(n)
}
