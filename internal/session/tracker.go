package session

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A Tracker joins the events of one source. It is fed in the order of the
// records and keeps no reference to them.
//
// Kernel addresses are reused: an address names an object from its creation to
// its end, and the next creation at the same address is another object.
type Tracker struct {
	source     int
	procs      processes
	sockets    []*Socket
	tcbs       []*TCB
	calls      []*Call
	drops      drops
	afd        map[uint64]*socketState // by endpoint address, the newest life
	tcb        map[uint64]*tcbState    // by TCB address, the newest life
	tls        map[uint64]*tlEndpoint  // stack endpoints and listeners by address
	tlList     []*tlEndpoint
	threads    map[thread]*context
	owned      threads // which process a thread belongs to
	layouts    map[*provider.Definition]*layout
	ports      map[netip.AddrPort]*socketState // datagram sockets by local address
	owners     map[ownedPair]owner             // pairs that the kernel named an owner of
	tuples     map[pair]*tcbState              // newest TCB of a 4-tuple, local end first
	waiting    map[netip.AddrPort][]*socketState
	convs      map[pair]*flow.Conversation // newest conversation of a 4-tuple, both ways round
	states     map[*Socket]*socketState
	tcbStates  map[*TCB]*tcbState
	packets    []*convState // by conversation ID
	active     bool         // the source has events: there is something to join
	text       func(guid trace.GUID, name string, value uint64) string
	component  func(id uint16) string
	groups     groups
	counted    []DropCount
	claims     map[ownedPair]*Claim // the newest of a pair
	claimed    []*Claim
	operations *operations               // nil when nobody wants them
	linuxFDs   map[descriptor]uint64     // sockets by descriptor
	listeners  map[uint16][]*socketState // of Linux, by port
	width      uint8                     // pointer size of the machine, for printing addresses
}

// A pair is two endpoints in the order given.
type pair struct{ a, b netip.AddrPort }

func (p pair) turned() pair { return pair{p.b, p.a} }

// An ownedPair is a pair of a protocol, the end of this host first.
type ownedPair struct {
	pair
	proto proto.ID
}

// maxEvidence bounds the records listed as proof of one join.
const maxEvidence = 8

// NewTracker returns the tracker of the source with this index.
func NewTracker(source int) *Tracker {
	return &Tracker{
		source: source, procs: newProcesses(source), drops: newDrops(),
		afd: map[uint64]*socketState{}, tcb: map[uint64]*tcbState{}, tls: map[uint64]*tlEndpoint{},
		threads: map[thread]*context{}, layouts: map[*provider.Definition]*layout{}, ports: map[netip.AddrPort]*socketState{},
		owners: map[ownedPair]owner{}, owned: threads{}, tuples: map[pair]*tcbState{}, waiting: map[netip.AddrPort][]*socketState{},
		convs: map[pair]*flow.Conversation{}, states: map[*Socket]*socketState{}, tcbStates: map[*TCB]*tcbState{},
		linuxFDs: map[descriptor]uint64{}, listeners: map[uint16][]*socketState{},
	}
}

// UseMaps sets the function that gives the text of a number in a provider's
// value map (provider.Registry.MapText), for the reasons of drops and aborts. Without one a reason is its number.
func (t *Tracker) UseMaps(text func(guid trace.GUID, name string, value uint64) string) {
	t.text = text
}

// Event says what the event is about, as far as the events before it tell, and learns from it.
func (t *Tracker) Event(ev *provider.Event, rec *trace.Record) Object {
	h := ev.Header
	if h == nil {
		h = rec.Event
	}
	if h == nil {
		return Object{}
	}
	now := flow.Moment{Pos: rec.Pos, Time: rec.Time}
	switch h.Header {
	case trace.HeaderEvent:
	case trace.HeaderProcmon:
		return t.procmonEvent(ev, h, now)
	case trace.HeaderJournal:
		return t.linuxEvent(ev, h, now)
	default:
		return t.classicEvent(ev, now)
	}
	t.active = true
	t.width = max(t.width, h.PointerSize)
	switch h.Provider {
	case guidAFD:
		return t.afdEvent(ev, h, now)
	case guidTCPIP:
		return t.tcpipEvent(ev, h, now)
	case guidKernelProcess:
		return t.kernelProcess(ev, h, now)
	case guidKernelNetwork:
		return t.kernelNetwork(ev, h, now)
	case guidPktMon:
		return t.pktmonEvent(ev, h, now)
	}
	return t.running(h, now)
}

// running is the object of an event that its own process logged: a provider in
// user mode. The header is right there; kernel providers do not come here.
func (t *Tracker) running(h *trace.EventHeader, now flow.Moment) Object {
	if !h.HasThread || h.PID == 0 {
		return Object{}
	}
	return Object{Process: t.procs.at(h.PID, now.Time), Kind: ByNesting}
}

// A layout is where the fields that join lie in a definition's values.
type layout struct {
	index           map[string]int
	process, thread int // of a classic event, see subject
}

// fields are read by position that was looked up once a definition.
type fields struct {
	ev              *provider.Event
	at              map[string]int
	process, thread int
}

func (t *Tracker) fields(ev *provider.Event) fields {
	if ev.Def == nil {
		return fields{ev: ev, process: -1, thread: -1}
	}
	l := t.layouts[ev.Def]
	if l == nil {
		l = &layout{index: make(map[string]int, len(ev.Def.Fields))}
		for i := range ev.Def.Fields {
			if _, ok := l.index[ev.Def.Fields[i].Name]; !ok {
				l.index[ev.Def.Fields[i].Name] = i
			}
		}
		l.process, l.thread = subject(ev.Def)
		t.layouts[ev.Def] = l
	}
	return fields{ev: ev, at: l.index, process: l.process, thread: l.thread}
}

// num is the first of the named fields that the event has.
func (f fields) num(names ...string) uint64 {
	for _, n := range names {
		if i, ok := f.at[n]; ok && i < len(f.ev.Values) {
			return f.ev.Values[i].U
		}
	}
	return 0
}

func (f fields) has(name string) bool {
	i, ok := f.at[name]
	return ok && i < len(f.ev.Values)
}

// addr is the first of the named SOCKADDR fields that the event has. IPv4 in
// IPv6 is unwrapped and zones are dropped: both sides of a join print them differently.
func (f fields) addr(names ...string) netip.AddrPort {
	for _, n := range names {
		if i, ok := f.at[n]; ok && i < len(f.ev.Values) {
			return plain(provider.SockAddr(f.ev.Values[i].B))
		}
	}
	return netip.AddrPort{}
}

func plain(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// reason is the text of a numbered field by the value map that its definition names, "" without one.
func (t *Tracker) reason(f fields, name string) string {
	i, ok := f.at[name]
	if t.text == nil || !ok || i >= len(f.ev.Values) || f.ev.Def.Fields[i].Map == "" {
		return ""
	}
	return t.text(f.header().Provider, f.ev.Def.Fields[i].Map, f.ev.Values[i].U)
}

// A thread is an execution context: a thread, or the deferred work of one processor.
type thread struct {
	tid uint32
	cpu uint16 // valid iff tid is 0
}

// A context is what the last events of a thread were about.
type context struct {
	calls []*Call // entered and not left, innermost last
	// last is the event before, for joins by order: its kind, its length and its call.
	last       lastEvent
	making     flow.Moment // of Linux: the thread is in socket()
	disconnect flow.Moment // TCPIP 1042, which names no connection, waits for the next event that does
}

type lastEvent struct {
	what   string
	length int64
	call   *Call
	at     flow.Moment
}

// maxNested bounds the calls that a thread is inside of; asynchronous calls never leave in their thread.
const maxNested = 16

func (t *Tracker) context(h *trace.EventHeader) *context {
	if !h.HasThread {
		return nil
	}
	k := thread{tid: h.TID}
	if h.TID == 0 {
		k.cpu = h.CPU
	}
	c := t.threads[k]
	if c == nil {
		c = &context{}
		t.threads[k] = c
	}
	return c
}

// inside is the innermost call that the thread is in, nil outside of one.
func (c *context) inside() *Call {
	if c == nil || len(c.calls) == 0 {
		return nil
	}
	return c.calls[len(c.calls)-1]
}

func (c *context) push(call *Call) {
	if c == nil {
		return
	}
	if len(c.calls) == maxNested {
		copy(c.calls, c.calls[1:])
		c.calls = c.calls[:maxNested-1]
	}
	c.calls = append(c.calls, call)
}

// leave takes the call out, and reports whether the thread was in it.
func (c *context) leave(call *Call) bool {
	if c == nil {
		return false
	}
	for i := len(c.calls) - 1; i >= 0; i-- {
		if c.calls[i] == call {
			c.calls = append(c.calls[:i], c.calls[i+1:]...)
			return true
		}
	}
	return false
}

// Kept is how many calls, sockets and connections the tracker has.
func (t *Tracker) Kept() int { return len(t.calls) + len(t.sockets) + len(t.tcbs) }
