package record

import (
	"encoding/binary"

	"golang.org/x/net/bpf"

	"github.com/wiretale/wiretale/internal/record/capfilter"
	"github.com/wiretale/wiretale/internal/record/event"
)

// A scope is what of the host is recorded: the filter, asked of events as if
// they were packets, and the processes.
type scope struct {
	filter *bpf.VM
	follow map[uint32]bool  // nil for all
	calls  map[uint32]begun // by thread
	buf    [80]byte
}

func newScope(filter string, pids []uint32) (*scope, error) {
	s := &scope{calls: map[uint32]begun{}}
	if filter != "" {
		prog, err := capfilter.Compile(filter, capfilter.Raw, 1)
		if err == nil {
			s.filter, err = bpf.NewVM(prog)
		}
		if err != nil { // it speaks of what only frames have: then it decides on packets alone
			s.filter = nil
		}
	}
	if pids != nil {
		s.follow = map[uint32]bool{}
		for _, pid := range pids {
			s.follow[pid] = true
		}
	}
	return s, nil
}

// track follows processes that followed ones start.
func (s *scope) track(e *event.Event) {
	if s.follow != nil && (e.Kind == event.Fork || e.Kind == event.Exec) && s.follow[e.Parent] {
		s.follow[e.PID] = true
	}
}

// event reports whether an event is recorded. h is its socket, nil when it has none.
func (s *scope) event(e *event.Event, h *holding, o *owners) bool {
	if s.follow != nil {
		who := e.PID
		if e.Kind != event.Call && who == 0 {
			if h != nil {
				who = h.pid
			} else if w, ok := o.of(pair{e.Local, e.Remote, e.Protocol}); ok {
				who = w.pid
			} else if w, ok := o.of(pair{e.Remote, e.Local, e.Protocol}); ok {
				who = w.pid
			}
		}
		if !s.follow[who] {
			return false
		}
	}
	if s.filter == nil {
		return true
	}
	p := pair{e.Local, e.Remote, e.Protocol}
	if p.remote.Port() == 0 && e.Address.IsValid() {
		p.remote = e.Address
	}
	if p.local.Port() == 0 && p.remote.Port() == 0 {
		return s.undecided(e, h)
	}
	if h == nil {
		return s.decide(e, s.takes(p))
	}
	if h.tested != p {
		h.tested, h.shown = p, s.takes(p)
	}
	return s.decide(e, h.shown)
}

// takes asks the filter of a packet between two endpoints, either way.
func (s *scope) takes(p pair) bool {
	for range 2 {
		if n, err := s.filter.Run(s.packet(p)); err == nil && n > 0 {
			return true
		}
		p = p.turned()
	}
	return false
}

// packet is the smallest packet that has the endpoints.
func (s *scope) packet(p pair) []byte {
	b := s.buf[:]
	clear(b)
	from, to := p.local.Addr(), p.remote.Addr()
	at := 20
	if from.Is6() && !from.Is4In6() || to.Is6() && !to.Is4In6() {
		at = 40
		b[0], b[5], b[6], b[7] = 0x60, 40, p.protocol, 64
		f, t := from.As16(), to.As16()
		copy(b[8:], f[:])
		copy(b[24:], t[:])
	} else {
		b[0], b[3], b[8], b[9] = 0x45, 60, 64, p.protocol
		if from.IsValid() {
			f := from.Unmap().As4()
			copy(b[12:], f[:])
		}
		if to.IsValid() {
			t := to.Unmap().As4()
			copy(b[16:], t[:])
		}
	}
	binary.BigEndian.PutUint16(b[at:], p.local.Port())
	binary.BigEndian.PutUint16(b[at+2:], p.remote.Port())
	b[at+12], b[at+13] = 0x50, 0x10
	return b[:at+40]
}
