package flow

// Trouble is what the verdicts on the segments of one side add up to.
type Trouble struct {
	Verdicts       []Tally    // every verdict that was given, in order of the first
	ResentBytes    int64      // payload of the retransmissions
	Stalled        int64      // nanoseconds for which this side advertised a window of 0; one that still stands is not counted
	Timeouts       uint32     // retransmissions that waited for a timer: 200 ms or more, and two initial round trips
	DuplicateSACKs uint32     // reports of data received twice (RFC 2883)
	Overtaken      Overtaken  // reports of what was missing and came without being sent again
	Missing        *Missing   // nil while nothing is
	Repairs        *Repairs   // nil while nothing was sent twice
	Closures       *Closures  // nil while this side's window was never 0
	Retry          *Retry     // the newest row of copies of the same bytes, nil without one
	LongestRetry   *Retry     // the longest of those before it
	Answers        *Answers   // nil while a SYN was answered with one sequence number
	Reanswers      *Reanswers // nil while no SYN/ACK came again after the end of the handshake
	holes          []hole

	zeroSince int64 // time of the window of 0 that is standing; valid iff the side is stalled
}

// A Tally is how often a verdict was given on the segments of one side.
type Tally struct {
	Kind  Analysis // one bit
	Count int64
	First Moment
	// Worst is the segment with the largest Size: for retransmissions and
	// segments out of order the delay, and for zero windows the stall, in
	// nanoseconds; for lost segments the hole in bytes; for duplicate
	// acknowledgements their number. Without a size it is the first one.
	Worst Moment
	Size  int64
}

// Verdict is the tally of one verdict, nil when it was never given.
func (t *Trouble) Verdict(kind Analysis) *Tally {
	if t == nil {
		return nil
	}
	for i := range t.Verdicts {
		if t.Verdicts[i].Kind == kind {
			return &t.Verdicts[i]
		}
	}
	return nil
}

func (d *Direction) trouble() *Trouble {
	if d.Trouble == nil {
		d.Trouble = new(Trouble)
	}
	return d.Trouble
}

// note counts a verdict.
func (t *Trouble) note(kind Analysis, size int64, now *Moment) {
	v := t.Verdict(kind)
	if v == nil {
		t.Verdicts = append(t.Verdicts, Tally{Kind: kind, First: *now, Worst: *now})
		v = &t.Verdicts[len(t.Verdicts)-1]
	}
	v.Count++
	t.worse(kind, size, now)
}

// worse keeps the worst example.
func (t *Trouble) worse(kind Analysis, size int64, now *Moment) {
	if v := t.Verdict(kind); v != nil && size > v.Size {
		v.Size, v.Worst = size, *now
	}
}

// timeout separates a retransmission that waited for a timer from one that an acknowledgement caused, in nanoseconds.
const timeout = 200_000_000

// tally adds the verdicts on a segment to the summary of its sender.
func (f *tcpFlow) tally(g *segment, from, to *side, s *Sighting, now *Moment) {
	if s.sample {
		f.sampled(g, to, s.AckRTT, s.flying, s.Dir, now)
	}
	d := &f.flow.Dir[s.Dir]
	if s.BytesInFlight > d.MaxInFlight {
		d.MaxInFlight = s.BytesInFlight
	}
	var behind Moment
	if (from.known|to.known)&holed != 0 {
		behind = f.holes(g, from, to, s.Dir)
	}
	if from.has(reports) {
		f.found(g, from, s, now)
	}
	if to.known&(retrying|stalled|reopened) != 0 {
		f.answer(g, to, s, now)
	}
	if v := s.Analysis & Flagged; v != 0 || from.has(stalled) {
		f.verdict(v, g, from, to, d, s, now)
		if v.Has(Resent|OutOfOrder) && g.len > 0 {
			f.repair(v, g, from, to, s, &behind, now)
		}
	}
}

// sampled takes in a round trip of a segment of the other side that was sent once, in nanoseconds; with it so many bytes were in flight.
func (f *tcpFlow) sampled(g *segment, to *side, rtt int64, flying uint32, dir int, now *Moment) {
	d := &f.flow.Dir[1-dir&1]
	d.AckRTT.add(rtt)
	if rtt >= leastQueue || d.Queue != nil {
		f.queued(g, to, rtt, flying, d, now)
	}
}

// answer is for a segment that the other side waits for.
func (f *tcpFlow) answer(g *segment, to *side, s *Sighting, now *Moment) {
	if to.has(retrying) {
		f.answered(g, to, s, now)
	}
	if to.has(stalled | reopened) {
		f.waited(g, to, s, now)
	}
}

// verdict adds the verdicts v.
func (f *tcpFlow) verdict(v Analysis, g *segment, from, to *side, d *Direction, s *Sighting, now *Moment) {
	t := d.trouble()
	if v.Has(Resent) {
		d.Retransmissions++
		t.ResentBytes += int64(g.len)
		if v.Has(Retransmission) && s.RTO >= max(timeout, 2*f.irtt) && (to.dupAcks < 3 || to.dupAcks == unseenAcked) {
			t.Timeouts++
		}
	}
	if v.Has(OutOfOrder) {
		d.OutOfOrder++
	}
	if v.Has(LostSegment) {
		d.Gaps++
		f.skipped(g, from, s, now)
	}
	if v.Has(DuplicateAck) {
		d.DupAcks++
	}
	if v.Has(ZeroWindow) {
		d.ZeroWindows++
	}
	for rest := v; rest != 0; rest &= rest - 1 {
		kind := rest & -rest
		t.note(kind, f.size(kind, g, from, s), now)
	}
	from.stall(g, v, t, now)
}

// size is the measure of a verdict that [Tally] describes.
func (f *tcpFlow) size(kind Analysis, g *segment, from *side, s *Sighting) int64 {
	switch kind {
	case Retransmission:
		return s.RTO
	case OutOfOrder:
		return g.time - from.nextTime
	case DuplicateAck:
		return int64(s.DupAckNum)
	case LostSegment:
		return s.hole
	}
	return 0
}
