package flow

import "github.com/wiretale/wiretale/proto/tcp"

// Closures are the times at which a side took no more data: its window was 0, and the other side had more to send.
type Closures struct {
	Count          int64
	Total          int64 // nanoseconds
	First, Longest Closure
	Waits          Waits // what Total counts
	// Standing is one that has not ended; its At is not seen when there is none. Whether the other side has more to send is known when it probes.
	Standing Closure
}

// A Closure is one time.
type Closure struct {
	At     Moment // the first window of 0
	Opened Moment // the first window above 0
	Next   Moment // what the other side sent then
	Probes uint32 // segments of the other side meanwhile
}

// Lasted is how long the window was closed, in nanoseconds.
func (c *Closure) Lasted() int64 { return c.Opened.Time - c.At.Time }

// shut is for the first window of 0.
func (t *Trouble) shut(now *Moment) {
	if t.Closures == nil {
		t.Closures = new(Closures)
	}
	t.Closures.Standing = Closure{At: *now}
}

// opens is for the first window above 0 of a side that was stalled, or for the end of its connection.
func (s *side) opens(g *segment, t *Trouble, now *Moment) {
	c := t.Closures
	if c == nil || !c.Standing.At.Seen() {
		return
	}
	if g.flags&(tcp.SYN|tcp.RST) != 0 || g.window == 0 { // nothing was opened
		c.Standing = Closure{}
		return
	}
	c.Standing.Opened = *now
	s.known |= reopened
}

// waited is for a segment while the other side's window is closed, or the first after it was opened.
func (f *tcpFlow) waited(g *segment, to *side, s *Sighting, now *Moment) {
	t := f.flow.Dir[1-s.Dir].Trouble
	if t == nil || t.Closures == nil {
		to.known &^= reopened
		return
	}
	one := &t.Closures.Standing
	if to.has(stalled) {
		if g.len > 0 || s.Analysis.Has(KeepAlive|ZeroWindowProbe) {
			one.Probes++
		}
		return
	}
	to.known &^= reopened
	if one.Next = *now; one.Probes > 0 || g.len > 0 && f.atOnce(g.time-clock(&one.Opened), s.Dir) {
		t.Closures.add(one)
	}
	*one = Closure{}
}

// atOnce reports whether side dir sent as soon as it can have had an acknowledgement that passed here so long ago, in nanoseconds.
func (f *tcpFlow) atOnce(since int64, dir int) bool {
	limit := int64(prompt)
	if server, client, ok := f.info.RTT(); ok {
		trip := [2]int64{client, server}[dir]
		limit += trip + trip/jitter
	}
	return since >= 0 && since <= limit
}

func (c *Closures) add(one *Closure) {
	c.Count++
	c.Total += max(0, one.Lasted())
	c.Waits.add(one.At.Time, one.Opened.Time)
	if c.Count == 1 {
		c.First = *one
	}
	if c.Count == 1 || one.Lasted() > c.Longest.Lasted() {
		c.Longest = *one
	}
}
