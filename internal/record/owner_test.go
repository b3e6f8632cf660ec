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

func FuzzHeaders(f *testing.F) {
	f.Add([]byte("\x45\x00\x00\x3c\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x9c\x40\x00\x50\x00\x00\x00\x00\x00\x00\x00\x00\x50\x10\x00\x00"))
	f.Add(append([]byte("\x60\x00\x00\x00\x00\x10\x3c\x40"), make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, end, _ := headers(b); end < 0 || end > len(b) {
			t.Fatalf("%d of %d", end, len(b))
		}
	})
}
