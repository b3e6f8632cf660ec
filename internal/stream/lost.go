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
	a.incomplete(t, o, proto.Unit{Dir: dir, Len: int(o.to - o.from), Late: o.from < t.dir[dir].taken})
	t.dir[dir].taken = max(t.dir[dir].taken, o.to)
}

// incomplete hands what came of an open unit to the protocol for the turns in it. u says which unit it is.
func (a *Applications) incomplete(t *talk, o *open, u proto.Unit) {
	of := &a.unit
	u.Frame, u.Time, u.Data, u.Gap = o.last.Number, o.last.Time, o.head[:min(int64(len(o.head)), o.solid)], o.gap
	u.Layers, u.Turns, u.Opened, u.Carried, u.Memory, u.Shown = of.Layers[:0], of.Turns[:0], of.Opened[:0], of.Carried[:0], (*room)(a), !a.choice.bare
	*of = u
	t.session.Unit(of)
	for i := range of.Turns {
		a.pair(t, &of.Turns[i], o.began, o.last)
	}
}
