package flow

import "github.com/wiretale/wiretale/proto/tcp"

const (
	scaleUnknown int8 = -1 // no SYN of this side was captured
	scaleUnused  int8 = -2 // both SYNs are known not to agree on scaling
	// maxScale is the largest shift of RFC 7323, 2.3; more counts as 14.
	maxScale = 14
)

// edge is the end of the window that the side last advertised, as a sequence
// number of the other side. The windows of SYN and SYN/ACK are not scaled.
func (s *side) edge() uint32 {
	if s.has(unscaled) || s.scale < 0 {
		return s.ack + s.window
	}
	return s.ack + s.window<<s.scale
}

// negotiate decides the window scale when a SYN or SYN/ACK went by, after its
// options: it is used when both offer it (RFC 7323, 2.2). Of one SYN that was
// not captured the best is assumed.
func (f *tcpFlow) negotiate(answer bool, from, to *side) {
	switch {
	case from.scale == scaleUnknown:
		from.scale, to.scale = scaleUnused, scaleUnused
	case answer && to.scale == scaleUnused:
		from.scale = scaleUnused
	}
}

// windowOf is the window of a segment in bytes, as sent when the scale is not known. Those of SYNs are not scaled.
func (s *side) windowOf(h *tcp.Header) uint32 {
	if h.Flags&tcp.SYN != 0 || s.scale <= 0 {
		return uint32(h.Window)
	}
	return uint32(h.Window) << s.scale
}

// stall measures how long the side advertises a window of 0.
func (s *side) stall(g *segment, v Analysis, t *Trouble, now *Moment) {
	switch {
	case v.Has(ZeroWindow) && !s.has(stalled):
		s.known |= stalled
		s.known &^= reopened
		t.zeroSince = g.time
		t.shut(now)
	case s.has(stalled) && (g.window != 0 || g.flags&control != 0):
		s.known &^= stalled
		lasted := max(0, g.time-t.zeroSince)
		t.Stalled += lasted
		t.worse(ZeroWindow, lasted, now)
		s.opens(g, t, now)
	}
}
