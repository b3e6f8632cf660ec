package stream

import (
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// An early part came before bytes that are sent before it.
type early struct {
	span
	data []byte // all of it
	last bool   // the sender closes behind it
}

// maxEarly bounds the bytes of one direction that wait for those before them.
const maxEarly = 1 << 20

// inOrder feeds a part of the stream when all before it was fed, if the session wants it so: it keeps what comes early, until the bytes before it
// come, or the other side has acknowledged bytes that the capture has not.
func (a *Applications) inOrder(t *talk, dir int, c chunk) {
	d := &t.dir[dir]
	if c.from > max(d.next, d.acked) && t.ordered() && int64(len(c.data)) == c.to-c.from && a.wait(d, &c) {
		return
	}
	if c.from > d.next { // nobody waits any more
		a.drain(t, dir, c.from)
	}
	a.feed(t, dir, c)
	d.next = max(d.next, c.to)
	a.drain(t, dir, d.next)
}

// ordered reports whether the session is one that wants its units in order.
func (t *talk) ordered() bool {
	o, ok := t.session.(proto.Orderly)
	return ok && o.Ordered()
}

// wait keeps an early part; false when there is no room for it. Parts that touch become one.
func (a *Applications) wait(d *direction, c *chunk) bool {
	n := len(c.data)
	if d.waiting += n; d.waiting > maxEarly {
		d.waiting -= n
		return false
	}
	i, _ := slices.BinarySearchFunc(d.early, c.from, func(e early, at int64) int { return int(min(max(e.from-at, -1), 1)) })
	if i > 0 && d.early[i-1].to == c.from {
		e := &d.early[i-1]
		at := len(e.data)
		grown := a.memory.grow(e.data, at+n, false)
		if grown == nil {
			d.waiting -= n
			return false
		}
		e.data, e.to, e.last = grown, c.to, c.last
		copy(e.data[at:], c.data)
		return true
	}
	b := a.memory.grow(nil, n, false)
	if b == nil {
		d.waiting -= n
		return false
	}
	copy(b, c.data)
	d.early = slices.Insert(d.early, i, early{c.span, b, c.last})
	return true
}

// drain feeds what waits and begins at upTo or before, and what follows it.
func (a *Applications) drain(t *talk, dir int, upTo int64) {
	d := &t.dir[dir]
	for len(d.early) > 0 && d.early[0].from <= max(upTo, d.next) {
		e := d.early[0]
		d.early = slices.Delete(d.early, 0, 1)
		d.waiting -= len(e.data)
		a.spend(e.data)
		a.feed(t, dir, chunk{span: e.span, data: e.data, unit: len(a.units), lent: true, last: e.last})
		d.next = max(d.next, e.to)
	}
}

// arrived gives up what is missing of a direction before upTo, which has arrived at the other side.
func (d *direction) arrived(upTo int64) {
	if len(d.early) > 0 && d.early[0].from <= upTo {
		d.next = max(d.next, d.early[0].from)
	}
}

// endOrder feeds all that waits of a direction that ends.
func (a *Applications) endOrder(t *talk, dir int, p *packet.Packet) {
	d := &t.dir[dir]
	if len(d.early) == 0 {
		return
	}
	if p.PayloadLen == 0 {
		a.begin(p)
	}
	for len(d.early) > 0 {
		a.drain(t, dir, d.early[0].from)
	}
	a.place(p)
}

// endEarly takes in what still waits when a connection is forgotten: no row shows it, but requests and accounts have it.
func (a *Applications) endEarly(t *talk) {
	if len(t.dir[0].early)+len(t.dir[1].early) == 0 {
		return
	}
	layers, part := len(a.layers), a.packet.Part
	for dir := range t.dir {
		d := &t.dir[dir]
		for len(d.early) > 0 {
			a.drain(t, dir, d.early[0].from)
		}
	}
	a.layers, a.packet.Part = a.layers[:layers], part
}
