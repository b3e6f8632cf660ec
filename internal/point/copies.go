package point

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
)

// maxBack is how many prints back the first record of a packet is looked for.
const maxBack = 64

// again counts a further record of a packet in the same place: whether the network or the recorder made it is told by other points.
func (r *Recorder) again(p *packet.Packet, s *flow.Sighting) {
	for i := len(r.prints) - 1; i >= max(0, len(r.prints)-maxBack); i-- {
		if q := &r.prints[i]; q.number == uint32(s.Of.Number) {
			if q.ttl == p.TTL && q.id == p.IPID && q.id != 0 && q.copies < 255 {
				q.copies++
			}
			return
		}
	}
}

// longestCopy is how long after a packet a copy of it may come: less than the shortest time after which a sender sends again.
const longestCopy = second / 20

// copied reports whether prints that have everything in common, the identification included, are one packet at one point
// and several records of it at the other.
func (c *comparison) copied(a, b []keyed) bool {
	if len(a) == 1 && len(b) == 1 {
		return true
	}
	prints, list := c.a.prints, a
	if len(a) == 1 {
		prints, list = c.b.prints, b
	} else if len(b) != 1 {
		return false
	}
	first, last := &prints[list[0].at], &prints[list[len(list)-1].at]
	if len(list) > maxCopies || first.time > last.time || difference(last.time, first.time) > longestCopy {
		return false
	}
	for i, back := list[0].at-1, 0; i >= 0 && back < maxCopies; i, back = i-1, back+1 {
		if q := &prints[i]; q.dir() == first.dir() && q.id == first.id {
			return false // its sender gives all the same
		}
	}
	return true
}

// maxCopies is how often one packet is recorded at most.
const maxCopies = 8

// hitCopied matches the first records of one packet, and counts the others as copies of it.
func (c *comparison) hitCopied(d int, a, b []keyed) {
	c.hit(d, a[0].at, b[0].at, certain)
	for _, k := range a[1:] {
		c.taken[0][k.at] = true
		c.a.prints[a[0].at].copies++
	}
	for _, k := range b[1:] {
		c.taken[1][k.at] = true
		c.b.prints[b[0].at].copies++
	}
}
