package stream

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// acked takes in the acknowledgment of a segment of direction dir: what the
// other side sent before it has arrived there, and what the capture has not of it will not come any more.
func (a *Applications) acked(t *talk, dir int, p *packet.Packet) {
	d := &t.dir[1-dir]
	if p.TCP.Flags&tcp.ACK == 0 || !d.once.begun {
		return
	}
	upTo := d.once.next + int64(int32(p.TCP.Ack-d.once.seq))
	d.acked = max(d.acked, upTo)
	if len(d.open)+len(d.early) == 0 {
		return
	}
	d.arrived(upTo)
	for i := range d.open {
		if o := &d.open[i]; o.to <= upTo && o.to <= d.next {
			a.lose(t, 1-dir, o)
		}
	}
}

// lose hands what was captured of an open unit to the protocol, which is told what it is, and that it asks or answers; no row shows it. Should the
// bytes come that are missing, the unit is shown like any other.
func (a *Applications) lose(t *talk, dir int, o *open) {
	if o.told || o.whole || o.until || t.stream == nil || !t.stream.Resumes {
		return
	}
	o.told = true
	a.cutShort(t, dir, o)
	u := &a.unit
	*u = proto.Unit{Dir: dir, Frame: o.last.Number, Time: o.last.Time, Data: o.head[:min(int64(len(o.head)), o.solid)], Len: int(o.to - o.from), Gap: o.gap, Late: o.from < t.dir[dir].taken,
		Layers: u.Layers[:0], Turns: u.Turns[:0], Opened: u.Opened[:0], Carried: u.Carried[:0], Memory: (*room)(a), Shown: !a.choice.bare}
	t.session.Unit(u)
	t.dir[dir].taken = max(t.dir[dir].taken, o.to)
	for i := range u.Turns {
		a.pair(t, &u.Turns[i], o.began, o.last)
	}
}
