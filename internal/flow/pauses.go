package flow

import "github.com/wiretale/wiretale/proto/tcp"

// Pauses are the times at which nothing but the application of a side kept it from sending.
//
// One counts when all of this was seen:
//
//  1. all that the side had sent was acknowledged, and the window of the other side had room;
//  2. nothing was sent for a while and two round trips, counted from the last segment of the other side;
//  3. the side went on with the next number, and the other side had said nothing in between: nobody was asked;
//  4. the segment before had PSH, as stacks set it at the end of what an application gave them.
type Pauses struct {
	Count          int64
	Total          int64 // nanoseconds
	First, Longest Pause
	Waits          Waits // what Total counts
}

// A Pause is one time.
type Pause struct {
	Before, After Moment // the last segment with data before it, and the first after it
	Lasted        int64  // nanoseconds
}

// Pauses are those of the application of the side, nil when there are none.
func (d *Direction) Pauses() *Pauses {
	if d.Held == nil {
		return nil
	}
	return d.Held.Pauses
}

// leastPause is the shortest pause of an application, and of what looks for them.
const leastPause = 50_000_000

// resumes reports whether a segment with data may end a pause.
func (g *segment) resumes(from *side, own, other *Side) bool {
	return from.unacked.n == 0 && g.time-from.nextTime >= leastPause && own.LastData.Pos.Number > other.LastData.Pos.Number
}

// paused is for a segment that resumes, before it moves the state of its side.
func (f *tcpFlow) paused(g *segment, from, to *side, dir int, now *Moment) {
	if g.seq != from.next || g.flags&(tcp.SYN|tcp.RST) != 0 || !from.has(pushedLast) || to.known&(stalled|reopened) != 0 || !after(to.edge(), g.seq) {
		return
	}
	here, known := f.trip(1 - dir) // from here to the sender and back
	there, _ := f.trip(dir)
	lasted := g.time - to.ackTime - here
	if !known || to.ackTime == 0 || lasted < max(leastPause, 2*(here+there)) {
		return
	}
	d := &f.flow.Dir[dir]
	if d.Held == nil {
		d.Held = new(Held)
	}
	if d.Held.Pauses == nil {
		d.Held.Pauses = new(Pauses)
	}
	p, one := d.Held.Pauses, Pause{f.info.Sides[dir].LastData, *now, lasted}
	p.Count++
	p.Total += lasted
	p.Waits.add(g.time-lasted, g.time)
	if p.Count == 1 {
		p.First = one
	}
	if p.Count == 1 || lasted > p.Longest.Lasted {
		p.Longest = one
	}
}
