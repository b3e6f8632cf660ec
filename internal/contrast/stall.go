package contrast

import "github.com/wiretale/wiretale/internal/flow"

// Stalls collects, from the packets of connections in order, the times in which these were held up.
type Stalls struct {
	List  []Stall
	conns map[int]*holding
}

// A holding is what holds a connection up, by the side that sends.
type holding struct {
	shut [2]int64 // since when the other side's window is 0; valid iff closed
	full [2]int64 // since when the other side's window is full; valid iff filled
	dups [2]int64 // since when this side repeats an acknowledgement; valid iff repeats
	trip int64    // of the handshake, 0 when it is not known

	closed, filled, repeats [2]bool
}

// maxStalls bounds the list: 3 MB of it.
const maxStalls = 1 << 17

// least is how long a full window holds a sender up at the least, in nanoseconds: what is shorter comes at the pace of the link.
const least = 1_000_000

// Stalled reports whether a connection of the requests may have been held up: then [Stalls.Add] wants its packets.
func Stalled(in *Input) bool {
	seen := map[int]bool{}
	for i := range in.Requests.Requests {
		id := in.Requests.Requests[i].Conv
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, d := range in.Conversations.At(id).Dir {
			if d.Trouble.Verdict(flow.Retransmission) != nil || d.Trouble.Verdict(flow.FastRetransmission) != nil || d.Trouble.Verdict(flow.ZeroWindow) != nil || d.Trouble.Verdict(flow.WindowFull) != nil {
				return true
			}
		}
	}
	return false
}

// Add takes in what is said of a packet; conv is its conversation.
func (l *Stalls) Add(conv *flow.Conversation, s *flow.Sighting, time int64) {
	if !s.TCP || s.Duplicate || len(l.List) >= maxStalls {
		return
	}
	h := l.conns[conv.ID]
	if h == nil {
		if l.conns == nil {
			l.conns = map[int]*holding{}
		}
		h = &holding{}
		l.conns[conv.ID] = h
	}
	if s.InitialRTT > 0 {
		h.trip = s.InitialRTT
	}
	from, to := s.Dir, 1-s.Dir
	if s.Analysis.Has(flow.Retransmission) && s.RTO > 0 {
		l.add(conv.ID, Recovery, time-s.RTO, time)
	}
	switch {
	case s.Analysis.Has(flow.FastRetransmission) && h.repeats[to]: // the receiver has waited since it saw the hole
		l.add(conv.ID, Recovery, h.dups[to], time)
	case s.Analysis.Has(flow.DuplicateAck) && !h.repeats[from]:
		h.dups[from], h.repeats[from] = time, true
	case s.AcksFrame != 0:
		h.repeats[from] = false
	}
	zero := s.Analysis.Has(flow.ZeroWindow) || s.Analysis.Has(flow.ZeroWindowProbeAck)
	switch {
	case zero && !h.closed[to]:
		h.shut[to], h.closed[to] = time, true
	case !zero && h.closed[to]:
		h.closed[to] = false
		l.add(conv.ID, Shut, h.shut[to], time)
	}
	if h.filled[to] { // this side's acknowledgement makes room
		h.filled[to] = false
		if time-h.full[to] >= max(least, h.trip/2) {
			l.add(conv.ID, Shut, h.full[to], time)
		}
	}
	if s.Analysis.Has(flow.WindowFull) {
		h.full[from], h.filled[from] = time, true
	}
}

func (l *Stalls) add(conv int, k StallKind, from, to int64) {
	if to > from {
		l.List = append(l.List, Stall{conv, k, from, to})
	}
}
