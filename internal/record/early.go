package record

import "github.com/wiretale/wiretale/internal/record/event"

// What has no endpoints yet, as the call that makes a socket, cannot be asked
// what the filter says. It is kept back until an event of its socket has
// endpoints that the filter takes, and written then; or it never is.

// maxEarly bounds the calls of a socket that are kept back: socket, bind, listen and connect with both ends are eight.
const maxEarly = 16

// A begun is the call that a thread is in, of which the end may have no endpoints any more.
type begun struct {
	call    event.Number
	decided bool
	shown   bool
	early   event.Event // the beginning, when it is neither decided nor of a socket that is known
}

// undecided reports whether an event without endpoints is recorded at once.
func (s *scope) undecided(e *event.Event, h *holding) bool {
	switch e.Kind {
	case event.Exec, event.Fork, event.Exit: // of processes that were asked for
		return true
	case event.Call:
	default:
		return false
	}
	b, known := s.calls[e.TID]
	known = known && b.call == e.Call && e.Phase == event.Leave
	switch {
	case h != nil && h.tested != (pair{}):
		return s.decide(e, h.shown)
	case known && b.decided:
		delete(s.calls, e.TID)
		return b.shown
	case h == nil:
		delete(s.calls, e.TID)
		if e.Phase == event.Enter {
			s.begin(e.TID, begun{call: e.Call, early: *e})
		}
		return false
	}
	if known && b.early.Kind != 0 {
		h.keep(&b.early)
	}
	delete(s.calls, e.TID)
	h.keep(e)
	return false
}

// decide takes note of what is done with a call at its beginning, for its end.
func (s *scope) decide(e *event.Event, shown bool) bool {
	if e.Kind == event.Call {
		if e.Phase == event.Enter {
			s.begin(e.TID, begun{call: e.Call, decided: true, shown: shown})
		} else {
			delete(s.calls, e.TID)
		}
	}
	return shown
}

func (s *scope) begin(tid uint32, b begun) {
	if len(s.calls) >= maxOwners {
		clear(s.calls)
	}
	s.calls[tid] = b
}

func (h *holding) keep(e *event.Event) {
	if len(h.early) < maxEarly {
		h.early = append(h.early, *e)
	}
}
