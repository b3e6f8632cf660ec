package flow

import "github.com/wiretale/wiretale/proto/tcp"

// Held is how often a side seems to have held data back until a late
// acknowledgement set it free: a small segment waits while another one is
// outstanding (Nagle's algorithm, RFC 9293, 3.7.4), and the other side delays
// the acknowledgement because it has nothing to say (RFC 9293, 3.8.6.3).
//
// One counts when all of this was seen:
//
//  1. a segment well below the maximum size was the only one outstanding, and was sent once;
//  2. an acknowledgement of it and nothing else came later than a round trip, by as much as stacks delay one;
//  3. the next segment of either side was more data, just behind it, below the
//     maximum size as well, and as soon as the acknowledgement can have arrived;
//  4. the window that stood before the acknowledgement had room for it.
type Held struct {
	Count   int64
	Total   int64 // what all of them lasted, in nanoseconds
	Late    int64 // acknowledgements as in 2, whatever followed
	First   Holdup
	Longest Holdup
	Waits   Waits   // what Total counts
	Pauses  *Pauses // nil while the application of the side made none

	open Holdup // its acknowledgement came, and what follows has not been seen; valid iff the side awaits
	room uint32 // bytes that the window before the acknowledgement had room for
}

// A Holdup is one time that data was held back.
type Holdup struct {
	Sent  Moment // the segment that was outstanding
	Acked Moment // its acknowledgement
	Freed Moment // the segment that followed at once
	// Bytes are the payloads of the outstanding segment and of the one that followed.
	Bytes [2]uint32
}

// Lasted is the time from the outstanding segment to its acknowledgement in
// nanoseconds; and on to the segment that followed, where the sender is so far
// away that the acknowledgement was still on its way.
func (h *Holdup) Lasted() int64 {
	if h.Freed.Time-h.Acked.Time > prompt {
		return h.Freed.Time - h.Sent.Time
	}
	return h.Acked.Time - h.Sent.Time
}

const (
	// A stack delays an acknowledgement by 40 ms (Linux), 200 ms (Windows, BSD),
	// and never by more than 500 ms (RFC 9293, 3.8.6.3).
	minDelayed = 30_000_000
	maxDelayed = 550_000_000
	// prompt is how soon, beyond the round trip to it, a sender reacts to an acknowledgement.
	prompt = 1_000_000
	// jitter is the part of that round trip, one in so many, by which another one may be longer.
	jitter = 4
	// maxOptions is by how much the options of a segment make its payload smaller.
	maxOptions = 40
	// leastMSS is the segment size without a word about it (RFC 9293, 3.7.1).
	leastMSS = 536
)

// hold looks for data that was held back, before the segment moves the state
// of both sides. It is called when one side awaits, or when an acknowledgement comes
// while one segment is outstanding.
func (f *tcpFlow) hold(g *segment, from, to *side, s *Sighting, now *Moment) {
	if from.has(awaits) {
		f.freed(g, from, s.Dir, now)
	}
	from.known &^= awaits
	to.known &^= awaits // what the other side sends in between may be what was waited for
	if to.unacked.n == 1 && g.len == 0 && g.flags&control == 0 && g.flags&tcp.ACK != 0 {
		f.late(g, from, to, 1-s.Dir, now)
	}
}

// late is for an acknowledgement while one segment of side dir is outstanding.
func (f *tcpFlow) late(g *segment, from, to *side, dir int, now *Moment) {
	o := to.unacked.oldest()
	delay := g.time - o.time
	side := &f.info.Sides[dir]
	if delay < minDelayed || g.ack != o.next || o.next != to.next || to.has(repeated) || side.FIN.Seen() || side.LastData.Pos.Number != o.frame {
		return
	}
	trip, ok := f.trip(dir)
	if size := o.next - o.seq; !ok || delay-trip < minDelayed || delay-trip > maxDelayed || !f.small(size) {
		return
	}
	d := &f.flow.Dir[dir]
	if d.Held == nil {
		d.Held = new(Held)
	}
	d.Held.Late++
	d.Held.room = 0
	if edge := from.edge(); after(edge, to.next) {
		d.Held.room = edge - to.next
	}
	d.Held.open = Holdup{Sent: side.LastData, Acked: *now, Bytes: [2]uint32{o.next - o.seq}}
	to.known |= awaits
}

// freed is for the first segment after a late acknowledgement, sent by the side that awaited it.
func (f *tcpFlow) freed(g *segment, from *side, dir int, now *Moment) {
	h := f.flow.Dir[dir].Held
	limit := int64(prompt)
	if t := &f.info; t.HandshakeACK.Seen() {
		server, client, ok := t.RTT()
		if trips := [2]int64{client, server}; ok {
			limit += trips[dir] + trips[dir]/jitter
		}
	}
	since := g.time - clock(&h.open.Acked)
	if g.len == 0 || g.flags&(tcp.SYN|tcp.RST) != 0 || g.seq != from.next || since < 0 || since > limit || !f.small(g.len) || g.len > h.room {
		return
	}
	h.open.Freed, h.open.Bytes[1] = *now, g.len
	h.Count++
	h.Total += h.open.Lasted()
	h.Waits.add(clock(&h.open.Sent), clock(&h.open.Sent)+h.open.Lasted())
	if h.Count == 1 {
		h.First = h.open
	}
	if h.Count == 1 || h.open.Lasted() > h.Longest.Lasted() {
		h.Longest = h.open
	}
}

// trip is the shortest time from a segment of side dir, as it passed here, to
// an acknowledgement from the other side. It is not ok when only acknowledgements that may be delayed can tell.
func (f *tcpFlow) trip(dir int) (ns int64, ok bool) {
	server, client, ok := f.info.RTT()
	ns = [2]int64{server, client}[dir]
	if a := &f.flow.Dir[dir].AckRTT; a.N > 0 && (!ok || a.Min < ns) {
		return a.Min, true
	}
	return ns, ok
}

// small reports whether a payload is well below the segment size of the connection.
func (f *tcpFlow) small(n uint32) bool {
	mss := f.mss()
	if mss == 0 {
		mss = leastMSS
	}
	return int64(n)+maxOptions <= int64(mss)
}
