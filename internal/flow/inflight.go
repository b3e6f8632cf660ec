package flow

import "github.com/wiretale/wiretale/proto/tcp"

// maxInFlight is above any window; more is a sign of numbers that do not belong together.
const maxInFlight = 2_000_000_000

// inFlight tells how many bytes are under way once this segment was sent: from
// the lowest to the highest number that is not acknowledged, less what the
// other side's last segment had in SACK blocks. It says nothing while a hole
// in the capture makes the figure wrong.
func (s *side) inFlight(g *segment, to *side, seen *Sighting) {
	if s.unacked.n == 0 || !s.has(flightKnown) {
		return
	}
	seen.BytesInFlight = s.flight(g, to)
	seen.PushBytesSent = s.pushed
	seen.Analysis |= Analysed
}

// flight is how many bytes are under way, 0 when the numbers make no sense. It counts those since the last PSH.
func (s *side) flight(g *segment, to *side) uint32 {
	if s.has(pushedLast) {
		s.pushed = 0
	}
	s.pushed += g.len
	s.set(pushedLast, g.flags&tcp.PSH != 0)
	lo, hi := s.unacked.span(s.base)
	n := hi - lo - to.sacked
	switch {
	case n == 0 || n >= maxInFlight:
		return 0
	case g.flags&(tcp.SYN|tcp.FIN) != 0:
		return n - 1 // the flag takes a number and no byte
	}
	return n
}
