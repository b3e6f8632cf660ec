package stream

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// breaks is for a segment with which direction dir ends. A unit that is not whole then is broken off, if all that was sent of it is there: the segment
// says where the sender's bytes end. Its protocol is told; no row shows it.
func (a *Applications) breaks(t *talk, dir int, p *packet.Packet) {
	if o := &t.dir[dir].once; !o.begun || p.TCP.Seq+uint32(p.PayloadLen) != o.seq {
		return
	}
	for ; t != nil; t = t.inner {
		if t.stream == nil || !t.stream.Breaks {
			continue
		}
		d := &t.dir[dir]
		for i := range d.open {
			if o := &d.open[i]; !o.told && !o.until && o.have == d.once.next-o.from {
				o.told = true
				a.incomplete(t, o, proto.Unit{Dir: dir, Len: int(o.have), Broken: true})
			}
		}
	}
}
