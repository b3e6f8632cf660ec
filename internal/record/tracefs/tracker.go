package tracefs

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// TrackOptions say what a Tracker tells of.
type TrackOptions struct {
	Follow    []uint32 // whose beginnings and ends are told; nil for nobody's
	Namespace bool     // leave out what belongs to other network namespaces
	// Local reports whether an address is one of this namespace; nil when nobody knows.
	Local func(netip.Addr) bool
	// Find asks the system for a thread; nil for nobody.
	Find func(tid uint32) *Thread
	// Evidence: the kernel tells the socket of each call that sends or receives.
	Evidence bool
	Reasons  map[uint64]string // of drops
	Resets   map[uint64]string
	Location func(address uint64) string
}

// A Tracker turns records, in the order of their times, into events: calls that
// began and ended become one, descriptors become sockets. What an event lacks is
// often said by the next one, so each is told a little later than it happened.
type Tracker struct {
	host
	opt       TrackOptions
	follow    map[uint32]bool
	sockets   map[uint64]*socket
	listening map[uint16][]*socket
	queue     []*item // that were not told yet, in the order in which they happened
	first     int
	free      []*item
	refused   refused
	numbered  uint64 // sockets without an address: fewer than any address of the kernel
}

// An item is an event that waits to be told.
type item struct {
	at   int64
	e    event.Event
	d    *descriptor // of a call
	new  *descriptor // of an accept that took one
	told bool        // it is told whatever is learnt; otherwise only if its descriptor turns out to be a socket
	ends bool        // it has the endpoints of its socket
	of   *flight     // whose beginning it is
	s    *socket     // of an event of the stack
}

// late is how much later than it happened an event is told.
const late = 20e6

const tcp = 6

// NewTracker makes a tracker that knows nothing yet.
func NewTracker(opt TrackOptions) *Tracker {
	t := &Tracker{host: newHost(opt.Find), opt: opt, follow: map[uint32]bool{}, sockets: map[uint64]*socket{}, listening: map[uint16][]*socket{}}
	for _, pid := range opt.Follow {
		t.follow[pid] = true
	}
	return t
}

// ignore leaves out what a process does from a time on.
func (t *Tracker) ignore(pid uint32, from int64) { t.host.process(pid, 0).ignored = from }

// push makes a place for an event.
func (t *Tracker) push(at int64) *item {
	var it *item
	if n := len(t.free); n > 0 {
		it, t.free = t.free[n-1], t.free[:n-1]
		*it = item{}
	} else {
		it = new(item)
	}
	it.at = at
	if t.first > 1024 && t.first > len(t.queue)/2 {
		t.queue = append(t.queue[:0], t.queue[t.first:]...)
		t.first = 0
	}
	t.queue = append(t.queue, it)
	return it
}

const maxFree = 4096

// tell hands on what happened up to a time, as long as f wants more.
func (t *Tracker) tell(until int64, f func(e *event.Event) bool) bool {
	for t.first < len(t.queue) && t.queue[t.first].at <= until {
		it := t.queue[t.first]
		t.queue[t.first] = nil
		t.first++
		more := !t.complete(it) || f(&it.e)
		if it.of != nil && it.of.it == it {
			it.of.it = nil
		}
		it.d, it.new, it.of, it.s = nil, nil, nil, nil
		if len(t.free) < maxFree {
			t.free = append(t.free, it)
		}
		if !more {
			return false
		}
	}
	return true
}

// complete fills in what was learnt since, and reports whether the event is to be told.
func (t *Tracker) complete(it *item) bool {
	e := &it.e
	if it.s != nil {
		e.Socket = t.named(it.s)
	}
	if it.d == nil {
		return it.told
	}
	s := it.d.socket
	if s.family != inet && s.family != inet6 {
		return it.told
	}
	e.Socket, e.Family, e.Type, e.Protocol, e.HasType = t.named(s), s.family, s.kind, s.proto, s.kind != 0
	if it.ends {
		if e.Local.Port() == 0 {
			e.Local = s.local
		}
		if e.Remote.Port() == 0 {
			e.Remote = s.remote
		}
	}
	if it.new != nil {
		e.Accepted = t.named(it.new.socket)
		if e.Address.Port() == 0 {
			e.Address = it.new.socket.remote
		}
	}
	return true
}

// Take takes the next record.
func (t *Tracker) Take(r *record) {
	switch {
	case r.point.op >= task:
		t.life(r)
	case r.point.stack:
		t.stack(r)
	case r.interrupt: // a call is never made in an interrupt: these are of the stack, on somebody's time
	case r.point.op >= sent:
		t.inside(r)
	case r.point.leave:
		t.leave(r)
	default:
		t.enter(r)
	}
}
