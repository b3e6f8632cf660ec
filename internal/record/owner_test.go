package record

import (
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/internal/record/event"
)

var (
	client = netip.MustParseAddrPort("10.0.0.1:40000")
	server = netip.MustParseAddrPort("10.0.0.2:80")
)

// TestOwners: who listens owns what is not accepted yet, a closed socket's address is nobody's, and its packets that come late are still its own.
func TestOwners(t *testing.T) {
	o := newOwners()
	step := func(e event.Event) {
		o.learn(&e)
		o.forget(&e)
	}
	step(event.Event{Kind: event.Call, Call: event.Listen, PID: 7, TID: 7, Socket: 1, Local: netip.MustParseAddrPort("0.0.0.0:80"), Protocol: 6})
	step(event.Event{Kind: event.State, Socket: 2, Local: server, Remote: client, Protocol: 6, Old: 10, New: 3})
	here := pair{server, client, 6}
	if who, ok := o.of(here); !ok || who.pid != 7 {
		t.Errorf("not accepted yet: %v %v", who, ok)
	}
	step(event.Event{Kind: event.Call, Call: event.Accept4, Phase: event.Leave, PID: 8, TID: 9, Socket: 1, Accepted: 2, Local: netip.MustParseAddrPort("0.0.0.0:80"), Protocol: 6})
	step(event.Event{Kind: event.State, Socket: 2, Local: server, Remote: client, Protocol: 6, Old: 1, New: 7, Time: 1})
	if who, ok := o.of(here); !ok || who.pid != 8 || who.tid != 9 {
		t.Errorf("accepted: %v %v", who, ok)
	}
	if o.sockets[2] != nil {
		t.Error("a closed socket has an owner")
	}
	step(event.Event{Kind: event.State, Time: linger + 2})
	if _, ok := o.pairs[here]; ok {
		t.Error("endpoints are kept for ever")
	}
}

// TestOpening: the first SYN of a connection is that of the socket that said before that it connects there, in the order in which they said so.
func TestOpening(t *testing.T) {
	o := newOwners()
	for i, pid := range []uint32{7, 8} {
		o.learn(&event.Event{Kind: event.Call, Call: event.Socket, PID: pid, TID: pid, Socket: uint64(i + 1)})
		o.learn(&event.Event{Kind: event.State, Socket: uint64(i + 1), Remote: server, Protocol: 6, Old: 7, New: 2})
	}
	other := pair{netip.MustParseAddrPort("10.0.0.1:40001"), server, 6}
	for _, want := range []struct {
		pair
		pid uint32
	}{{pair{client, server, 6}, 7}, {other, 8}} {
		if who, ok := o.opens(want.pair); !ok || who.pid != want.pid {
			t.Errorf("%v: %v %v, want %d", want.local, who, ok, want.pid)
		}
		if who, ok := o.of(want.pair); !ok || who.pid != want.pid {
			t.Errorf("%v afterwards: %v %v, want %d", want.local, who, ok, want.pid)
		}
	}
	if who, ok := o.opens(pair{netip.MustParseAddrPort("10.0.0.1:40002"), server, 6}); ok {
		t.Errorf("nobody connects any more: %v", who)
	}
	if len(o.opening) > 0 {
		t.Errorf("%d peers wait", len(o.opening))
	}
}

func TestQueue(t *testing.T) {
	var q queue
	for _, at := range []int64{5, 3, 9, 1, 7, 3} {
		q.push(&event.Event{Time: at})
	}
	for _, want := range []int64{1, 3, 3, 5, 7, 9} {
		if e := q.first(); e == nil || e.Time != want {
			t.Fatalf("%+v, want %d", e, want)
		}
		q.pop()
	}
	if q.first() != nil || q.len() != 0 {
		t.Error("not empty")
	}
}

// TestScope: an event is asked as a packet would be, either way.
func TestScope(t *testing.T) {
	s, err := newScope("tcp port 80 and host 10.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	o := newOwners()
	e := event.Event{Kind: event.State, Local: client, Remote: server, Protocol: 6}
	if !s.event(&e, nil, &o) {
		t.Error("a connection that the filter takes is left out")
	}
	e.Local, e.Remote = e.Remote, e.Local
	if !s.event(&e, nil, &o) {
		t.Error("the other way")
	}
	e.Remote = netip.MustParseAddrPort("10.0.0.3:1")
	if s.event(&e, nil, &o) {
		t.Error("another host is taken")
	}
	e = event.Event{Kind: event.State, Local: netip.MustParseAddrPort("[fd00::1]:80"), Remote: netip.MustParseAddrPort("[fd00::2]:9"), Protocol: 6}
	if s.event(&e, nil, &o) {
		t.Error("IPv6 is taken")
	}
}

// TestScopeKeepsBack: calls before their socket has endpoints are written with the first one that the filter takes, and never when it takes none.
func TestScopeKeepsBack(t *testing.T) {
	for _, taken := range []bool{true, false} {
		s, err := newScope("port 80", nil)
		if err != nil {
			t.Fatal(err)
		}
		o := newOwners()
		h := o.holding(7)
		peer := netip.MustParseAddrPort("10.0.0.2:80")
		if !taken {
			peer = netip.MustParseAddrPort("10.0.0.2:81")
		}
		call := func(n event.Number, phase event.Phase, h *holding, address netip.AddrPort) bool {
			return s.event(&event.Event{Kind: event.Call, Call: n, Phase: phase, TID: 5, Protocol: 6, Address: address}, h, &o)
		}
		var none netip.AddrPort
		if call(event.Socket, event.Enter, nil, none) || call(event.Socket, event.Leave, h, none) || len(h.early) != 2 {
			t.Errorf("socket is written at once, or not kept: %+v", h.early)
		}
		if got := call(event.Connect, event.Enter, h, peer); got != taken {
			t.Errorf("connect: %t", got)
		}
		if got := call(event.Connect, event.Leave, h, peer); got != taken {
			t.Errorf("end of connect: %t", got)
		}
		if got := call(event.Close, event.Enter, h, none); got != taken {
			t.Errorf("close: %t", got)
		}
		if got := call(event.Close, event.Leave, o.holding(8), none); got != taken { // the socket is forgotten
			t.Errorf("end of close: %t", got)
		}
		if s.event(&event.Event{Kind: event.Drop, Why: "NO_SOCKET"}, nil, &o) {
			t.Error("a drop without endpoints is written")
		}
		if call(event.Socket, event.Enter, nil, none); call(event.Socket, event.Leave, nil, none) {
			t.Error("a socket that could not be made is written")
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x3c\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x9c\x40\x00\x50\x00\x00\x00\x00\x00\x00\x00\x00\x50\x10\x00\x00"))
	f.Add(append([]byte("\x60\x00\x00\x00\x00\x10\x3c\x40"), make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, end, _ := headers(b); end < 0 || end > len(b) {
			t.Fatalf("%d of %d", end, len(b))
		}
	})
}
