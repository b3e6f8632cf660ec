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
	lo, hi := s.unacked.span(s.base)
	if n := hi - lo - to.sacked; n > 0 && n < maxInFlight {
		if g.flags&(tcp.SYN|tcp.FIN) != 0 {
			n-- // the flag takes a number and no byte
		}
		seen.BytesInFlight = n
	}
	if s.has(pushedLast) {
		s.pushed = 0
	}
	s.pushed += g.len
	s.set(pushedLast, g.flags&tcp.PSH != 0)
	seen.PushBytesSent = s.pushed
	seen.Analysis |= Analysed
}
