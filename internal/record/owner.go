package record

import (
	"encoding/binary"
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// A pair is the endpoints of a socket, seen from here.
type pair struct {
	local, remote netip.AddrPort
	protocol      uint8
}

// A port is that of a socket without a peer.
type port struct {
	number   uint16
	protocol uint8
}

// An owner is the process that has a socket, and the thread that used it last.
type owner struct {
	pid, tid uint32
}

// owners knows which process has which endpoints, from calls and states in the order of their times.
type owners struct {
	pairs   map[pair]owner
	ports   map[port]owner
	sockets map[uint64]*holding
	opening map[netip.AddrPort][]uint64 // by peer: sockets that connect, whose own port no event has said yet
	ended   []ending                    // in the order of their times
}

// An ending is a connection that is no more: its last packets may come after that, and then its endpoints may be another's.
type ending struct {
	pair
	at int64
}

// linger is how long the endpoints of a connection are still those of its process, in nanoseconds: that of TIME_WAIT.
const linger = 60e9

// A holding is what is known of a socket of the kernel.
type holding struct {
	owner
	pair
	shown  bool          // what the filter says of its endpoints
	tested pair          // the endpoints that it said so of
	early  []event.Event // that were kept back
}

// maxOwners bounds each of the maps: the oldest ones go, all at once, as sockets that are used come again by themselves.
const maxOwners = 1 << 17

func newOwners() owners {
	return owners{pairs: map[pair]owner{}, ports: map[port]owner{}, sockets: map[uint64]*holding{}, opening: map[netip.AddrPort][]uint64{}}
}

func (o *owners) holding(socket uint64) *holding {
	h := o.sockets[socket]
	if h == nil {
		if len(o.sockets) >= maxOwners {
			clear(o.sockets)
		}
		h = &holding{}
		o.sockets[socket] = h
	}
	return h
}

// learn takes what an event says of who has what.
func (o *owners) learn(e *event.Event) {
	if e.Kind != event.Call && e.Kind != event.State {
		return
	}
	var who owner
	if e.Kind == event.Call {
		who = owner{e.PID, e.TID}
		if e.Accepted != 0 {
			o.holding(e.Accepted).owner = who
		}
		if e.Call == event.Socket && e.Socket != 0 { // the address of a socket that is gone
			*o.holding(e.Socket) = holding{owner: who}
		}
	}
	if e.Socket == 0 {
		return
	}
	h := o.holding(e.Socket)
	if who.pid != 0 {
		h.owner = who
	}
	if e.Local.Port() == 0 {
		if e.Kind == event.State && e.New == synSent {
			o.open(e)
		}
		return
	}
	h.pair = pair{e.Local, e.Remote, e.Protocol}
	if h.pid == 0 { // a connection that nobody has accepted yet is that of who listens
		h.owner = o.ports[port{e.Local.Port(), e.Protocol}]
	}
	if h.pid == 0 {
		return
	}
	o.set(h.pair, h.owner)
	if e.Call.Sends() && e.Address.Port() != 0 && e.Remote.Port() == 0 {
		o.set(pair{e.Local, e.Address, e.Protocol}, h.owner)
	}
}

// States of TCP as the kernel numbers them (include/net/tcp_states.h).
const (
	synSent = 2
	closed  = 7
)

// maxOpening bounds the sockets that connect to one peer at a time; those beyond have an owner when they are connected.
const maxOpening = 4096

// open takes note of a socket that begins to connect. The kernel gives it a port after it has said so.
func (o *owners) open(e *event.Event) {
	if len(o.opening) >= maxOwners {
		clear(o.opening)
	}
	if list := o.opening[e.Remote]; len(list) < maxOpening {
		o.opening[e.Remote] = append(list, e.Socket)
	}
}

// opens is the owner of the first SYN of a connection: that of the socket that has waited longest for a port to the same peer.
// The SYN leaves in the same call, right after the socket said that it connects, so they come in the same order.
func (o *owners) opens(p pair) (owner, bool) {
	list := o.opening[p.remote]
	for len(list) > 0 {
		h := o.sockets[list[0]]
		if list = list[1:]; h == nil || h.pid == 0 || h.pair.local.Port() != 0 { // gone, or its port is known by now
			continue
		}
		h.pair = p
		o.set(p, h.owner)
		o.rest(p.remote, list)
		return h.owner, true
	}
	o.rest(p.remote, nil)
	return owner{}, false
}

func (o *owners) rest(peer netip.AddrPort, list []uint64) {
	if len(list) == 0 {
		delete(o.opening, peer)
		return
	}
	o.opening[peer] = list
}

// forget takes note that a socket is gone: its address, and its port, may be another's from then on.
func (o *owners) forget(e *event.Event) {
	for len(o.ended) > 0 && (o.ended[0].at < e.Time-linger || len(o.ended) > maxOwners) {
		delete(o.pairs, o.ended[0].pair)
		o.ended = o.ended[1:]
	}
	const tcp = 6
	gone := e.Kind == event.State && e.New == closed || e.Kind == event.Call && e.Call == event.Close && e.Phase != event.Enter && e.Protocol != tcp
	h := o.sockets[e.Socket]
	if !gone || h == nil {
		return
	}
	if at := (port{h.local.Port(), h.protocol}); h.remote.Port() == 0 && o.ports[at].pid == h.pid {
		delete(o.ports, at)
	} else if h.remote.Port() != 0 {
		o.ended = append(o.ended, ending{h.pair, e.Time})
	}
	delete(o.sockets, e.Socket)
}

func (o *owners) set(p pair, who owner) {
	if p.remote.Port() == 0 {
		if len(o.ports) >= maxOwners {
			clear(o.ports)
		}
		o.ports[port{p.local.Port(), p.protocol}] = who
		return
	}
	if len(o.pairs) >= maxOwners {
		clear(o.pairs)
	}
	o.pairs[p] = who
}

// of is the owner of endpoints.
func (o *owners) of(p pair) (owner, bool) {
	who, ok := o.pairs[p]
	if !ok {
		who, ok = o.ports[port{p.local.Port(), p.protocol}]
	}
	return who, ok && who.pid != 0
}

// headers is what a packet says of its endpoints: source as local, whether it opens a connection of TCP, and where its transport's data begin.
// b begins with the header of IP.
func headers(b []byte) (p pair, syn bool, end int, ok bool) {
	if len(b) < 20 {
		return p, false, len(b), false
	}
	var from, to netip.Addr
	switch b[0] >> 4 {
	case 4:
		end = int(b[0]&15) * 4
		p.protocol = b[9]
		from, to = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 { // a later fragment has no ports
			return p, false, min(end, len(b)), false
		}
	case 6:
		if len(b) < 40 {
			return p, false, len(b), false
		}
		p.protocol = b[6]
		from, to = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		end = 40
		for (p.protocol == 0 || p.protocol == 43 || p.protocol == 60) && len(b)-end >= 8 {
			p.protocol = b[end]
			end += 8 + 8*int(b[end+1])
			if end > len(b) {
				return p, false, len(b), false
			}
		}
	default:
		return p, false, min(14, len(b)), false
	}
	const tcp, udp, icmp, icmp6 = 6, 17, 1, 58
	if end < 20 || len(b)-end < 8 || p.protocol != tcp && p.protocol != udp {
		if p.protocol == icmp || p.protocol == icmp6 { // what it quotes has headers alone
			end += 8 + 40
		}
		return p, false, min(max(end, 20), len(b)), false
	}
	p.local = netip.AddrPortFrom(from, binary.BigEndian.Uint16(b[end:]))
	p.remote = netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[end+2:]))
	if p.protocol == udp {
		end += 8
	} else if len(b)-end > 13 {
		syn = b[end+13]&0x12 == 0x02 // SYN without ACK
		end += max(20, int(b[end+12]>>4)*4)
	}
	return p, syn, min(end, len(b)), true
}

func (p pair) turned() pair { return pair{p.remote, p.local, p.protocol} }
