package flow

import "github.com/wiretale/wiretale/proto/tcp"

// Overtaken are times at which a receiver said with SACK blocks (RFC 2018) that something was missing, and had it later although nothing was sent
// again meanwhile: it came behind what was sent after it. Near the sender nothing else tells of that.
type Overtaken struct {
	Count       int64
	Longest     int64 // nanoseconds from the first report to the acknowledgement
	First, Last Moment

	pending int64 // of the row of reports that has not ended
	acked   uint32
	resent  int64 // what the other side had sent again, or out of order, when it began
	since   int64 // its first report
	began   Moment
}

// misses is for SACK blocks behind a hole.
func (f *tcpFlow) misses(g *segment, from *side, s *Sighting) {
	if from.has(reports) {
		return
	}
	from.known |= reports
	o := &f.flow.Dir[s.Dir].trouble().Overtaken
	o.pending, o.acked, o.resent, o.since = 0, g.ack, f.resentBy(1-s.Dir), g.time
}

// resentBy is how many segments a side has sent again, or behind later ones.
func (f *tcpFlow) resentBy(dir int) int64 {
	d := &f.flow.Dir[dir&1]
	return d.Retransmissions + d.OutOfOrder
}

// found is for a segment of a side that reported something missing. A row of reports ends with the first acknowledgement without any; it counts when
// nothing was sent again in it.
func (f *tcpFlow) found(g *segment, from *side, s *Sighting, now *Moment) {
	if g.flags&tcp.ACK == 0 || f.flow.Dir[s.Dir].Trouble == nil {
		return
	}
	o := &f.flow.Dir[s.Dir].Trouble.Overtaken
	if g.time == o.since && g.ack == o.acked {
		o.began = *now
	}
	if gt(g.ack, o.acked) {
		o.pending++
		o.acked = g.ack
	}
	if from.sacked > 0 {
		return
	}
	from.known &^= reports
	if o.pending == 0 || f.resentBy(1-s.Dir) != o.resent || g.time < o.since {
		return
	}
	if o.Count == 0 {
		o.First = o.began
	}
	o.Last, o.Longest = *now, max(o.Longest, g.time-o.since)
	o.Count += o.pending
}
