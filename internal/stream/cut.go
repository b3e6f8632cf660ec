package stream

import (
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// A chunk is a part of a stream in one buffer.
type chunk struct {
	span
	data   []byte       // what there is of it
	unit   int          // 0: it lies in the segment's payload, else Packet.Units[unit-1] is data
	off    int          // where data begins in the payload
	lead   int          // where the bytes begin that are cut, in a buffer that is none of the segment
	lent   bool         // the buffer is that of something opened
	gap    bool         // bytes before it are missing
	last   bool         // the sender closes behind it
	broken bool         // the sender closes inside it
	rest   bool         // it goes on with a unit of which there are only pieces
	told   bool         // the unit with which the buffer begins was taken in before
	began  request.Mark // of a unit that an earlier segment began, with which the buffer begins
}

// feed takes in bytes that pass for the first time: what belongs to an open
// unit goes there, and what is left begins a unit of its own.
func (a *Applications) feed(t *talk, dir int, c chunk) {
	d := &t.dir[dir]
	for c.from < c.to {
		i := slices.IndexFunc(d.open, func(o open) bool { return o.holds(c.from) })
		if i < 0 {
			c.gap = c.from != d.parsed
			a.cut(t, dir, c)
			return
		}
		o := &d.open[i]
		end := c.to
		if !o.whole && !o.until {
			end = min(end, o.to)
		}
		n := end - c.from
		o.last = a.mark()
		if !o.take(c.from, c.data[:min(int64(len(c.data)), n)], n, &a.memory) {
			if end == c.to || t.stream == nil || !t.stream.Resumes {
				a.part(t, nil)
				return // all of it: an open unit is not whole before its end
			}
			d.parsed = max(d.parsed, end)
			c.skip(n)
			continue
		}
		done := *o
		d.open = slices.Delete(d.open, i, i+1)
		a.spend(done.head)
		a.cut(t, dir, chunk{span: span{done.from, done.from + done.have}, data: done.head, unit: len(a.units), gap: done.gap, last: c.last && end == c.to, off: c.off, began: done.began, told: done.told})
		c.skip(n)
	}
}

// skip takes the first n bytes off a chunk.
func (c *chunk) skip(n int64) {
	c.data = c.data[min(int64(len(c.data)), n):]
	c.off += int(n)
	c.lead += int(n)
	c.from += n
}

// cut tells the units of a chunk apart. What is left of it for a unit that goes on becomes an open one.
func (a *Applications) cut(t *talk, dir int, c chunk) {
	d := &t.dir[dir]
	begin, base := true, c.from // base is where the buffer begins
	for c.from < c.to {
		if t.stream == nil && !a.follow(t, &c) {
			a.rest(t, &c, base)
			d.parsed = max(d.parsed, c.to)
			return
		}
		if d.rest.to != 0 && a.goOn(t, dir, &c, base, begin) {
			begin, c.gap = false, false
			d.parsed = max(d.parsed, c.from)
			continue
		}
		n := c.to - c.from
		a.piece = proto.Piece{Dir: dir, Data: c.data, Len: int(n), Gap: c.gap, Last: c.last}
		e := t.session.Extent(&a.piece)
		cutShort := c.unit == 0 && n > int64(len(c.data))
		switch {
		case e == proto.NotThis && a.asksTLS(t, dir, &c):
			a.overUnasked(t)
			continue
		case e == proto.NotThis:
			a.rest(t, &c, base)
			d.parsed = max(d.parsed, c.to)
			return
		case e > 0 && int64(e) <= n:
			a.emit(t, dir, &c, int(e), base, begin)
		case c.last || cutShort:
			if cutShort && e > 0 && t.stream.Resumes {
				d.rest = rest{span: span{c.from + n, c.from + int64(e)}, seen: a.mark()}
			}
			c.broken = c.last && e != proto.UntilEnd && t.stream.Breaks
			a.emit(t, dir, &c, int(n), base, begin)
		default:
			a.hold(t, dir, &c, e, begin, base)
			return
		}
		begin, c.gap = false, false
		d.parsed = max(d.parsed, c.from)
	}
}

// emit hands the first n bytes of a chunk to the protocol and takes its layers.
func (a *Applications) emit(t *talk, dir int, c *chunk, n int, base int64, begin bool) {
	here := min(n, len(c.data))
	d := &t.dir[dir]
	u := &a.unit
	*u = proto.Unit{Dir: dir, Frame: a.number, Time: a.time, Data: c.data[:here], Len: n, Gap: c.gap, Lost: max(0, c.from-d.taken), Late: c.from < d.taken, Broken: c.broken, Rest: c.rest, Layers: u.Layers[:0], Turns: u.Turns[:0], Opened: u.Opened[:0], Locks: u.Locks[:0], Carried: u.Carried[:0], Memory: (*room)(a), Shown: !a.choice.bare}
	t.session.Unit(u)
	if a.choice.Observe != nil && (t.depth == 0 || a.choice.Inside) {
		a.observe(t, dir, c, u)
	}
	a.opens(t, c.began)
	carried := append(a.carried[t.depth][:0], u.Carried...)
	a.carried[t.depth] = carried
	a.locked(u.Locks)
	first := len(a.units) // of what was opened
	for _, o := range u.Opened {
		a.units = append(a.units, packet.Unit{Bytes: o.Data, Opened: o.How})
	}
	if begin && len(u.Layers) > 0 {
		a.outer(t, c, base)
	}
	turns, sealed := a.sealed(t, c, u)
	lost := max(1, u.Lost)
	for i := range u.Layers {
		l := &u.Layers[i]
		shown := false
		if l.In != 0 {
			shown = a.inOpened(first+l.In, l)
		} else {
			shown = a.layer(c, int(c.from-base), l, l.Beside || !begin && i == 0)
		}
		for len(turns) > 0 && turns[0].Layer == i {
			if len(turns) == 1 && d.rest.from == c.from+int64(n) {
				d.rest.begin(&turns[0], l.ID)
			}
			if !c.told && !(a.choice.bare && t.stream.Opens) {
				a.turn(t, c, &turns[0], shown)
			}
			turns = turns[1:]
		}
	}
	whole := *c
	c.began, c.told = request.Mark{}, false
	if u.Over != nil {
		over, port, to := *u.Over, u.OverPort, u.OverTo
		a.release(t)
		if t.again = nil; over.ID == proto.None {
			t.again = t.stream
		}
		t.stream, t.session = a.goOver(to)
		t.over, t.port = &over, port
	}
	c.from += int64(n)
	c.data = c.data[here:]
	c.off += n
	d.taken = max(d.taken, c.from)
	for i := range carried {
		if t.stream != nil && t.stream.Datagrams {
			a.datagramIn(t, dir, first, &carried[i])
			continue
		}
		whole.last = c.last && i == len(carried)-1 && c.from == c.to
		a.carry(t, dir, &whole, int(whole.from-base), first, lost, &carried[i])
	}
	if sealed.turn.Kind != 0 && !t.opened() {
		a.pairs.Turn(&sealed.message, &sealed.turn)
	}
}

// layer adds a layer of the unit that chunk c begins with, and reports whether there is something of it to show; at is where the unit is in the buffer of the chunk.
func (a *Applications) layer(c *chunk, at int, l *proto.UnitLayer, again bool) bool {
	if a.choice.bare {
		return false
	}
	out := packet.Layer{Proto: l.ID, Again: again, Unit: uint8(c.unit)}
	limit := len(c.data)
	if c.unit == 0 {
		out.Assembled = a.data.Assembled
		at = int(a.data.Off) + c.off
	} else {
		at += c.lead
	}
	if c.unit > maxUnits || c.unit == 0 && (a.data.Proto == proto.None || limit == 0) { // nothing of the payload was captured, or nothing of it from here on
		return false
	}
	a.add(out, at, limit, l)
	return true
}

// inOpened adds a layer that lies in what was opened of a unit, and reports whether it did. What a layer cannot name is left out: there is no room for so many layers.
func (a *Applications) inOpened(unit int, l *proto.UnitLayer) bool {
	if unit > maxUnits || a.choice.bare {
		return false
	}
	a.add(packet.Layer{Proto: l.ID, Again: l.Beside, Unit: uint8(unit)}, 0, len(a.units[unit-1].Bytes), l)
	return true
}

// add adds a layer of a unit that begins at in a buffer, and ends limit bytes further.
func (a *Applications) add(out packet.Layer, at, limit int, l *proto.UnitLayer) {
	from, to := min(l.Off, limit), min(l.Off+l.Len, limit)
	out.Off, out.End, out.Wire = int32(at+from), int32(at+to), int32(at+from+l.Len)
	out.Header = out.End - out.Off
	if l.Head > 0 {
		out.Header = min(out.Header, int32(l.Head))
	}
	out.Wire = max(out.Wire, out.End)
	if (l.Note != field.Note{} || l.Texts != nil) && len(a.notes) < maxNotes {
		a.notes, a.texts = append(a.notes, l.Note), append(a.texts, l.Texts)
		out.Note = uint8(len(a.notes))
	}
	a.layers = append(a.layers, out)
}

// maxNotes and maxUnits are what a layer can count.
const (
	maxNotes = 255
	maxUnits = 255
)

// outer adds the layer of the protocol that gave the connection over to another.
func (a *Applications) outer(t *talk, c *chunk, base int64) {
	if t.over != nil && t.over.ID != proto.None {
		a.layer(c, int(c.from-base), t.over, false)
	}
}

// rest is what no protocol takes: data.
func (a *Applications) rest(t *talk, c *chunk, base int64) {
	if len(c.data) > 0 {
		a.outer(t, c, base)
		a.layer(c, int(c.from-base), &proto.UnitLayer{ID: proto.Data, Len: int(c.to - c.from)}, false)
	}
}

// hold opens a unit with what is left of a chunk.
func (a *Applications) hold(t *talk, dir int, c *chunk, e proto.Extent, begin bool, base int64) {
	d := &t.dir[dir]
	n := c.to - c.from
	d.parsed = max(d.parsed, c.to)
	if e == proto.More && n > maxKept {
		return
	}
	o := open{span: c.span, gap: c.gap, all: a.choice.Whole && t.stream.Resumes}
	if opener, ok := t.session.(proto.Opener); ok {
		o.all = o.all || opener.Whole(&a.piece)
	}
	o.extend(e, n)
	o.few = a.choice.bare && !o.all && e != proto.More && !a.opensWith(t, c.data)
	o.have, o.solid, o.last = n, n, a.mark()
	if o.began = c.began; !o.began.Seen() {
		o.began = a.mark()
	}
	if begin && c.unit != 0 && !c.lent { // the whole of a buffer: it goes on in it
		o.head, o.full = c.data, int64(len(c.data)) < n
		a.spent, a.units = a.spent[:len(a.spent)-1], a.units[:len(a.units)-1] // nothing was opened behind it
	} else {
		most := o.most()
		if o.few { // the protocol may have needed all of it to know the end
			most = maxKept
		}
		o.put(0, c.data[:min(len(c.data), most)], &a.memory)
	}
	if len(d.open) == maxOpen {
		a.lose(t, dir, &d.open[0])
		a.memory.give(d.open[0].head)
		d.open = slices.Delete(d.open, 0, 1)
	}
	d.open = append(d.open, o)
	a.part(t, c.data)
	if begin && c.unit == 0 && t.stream.Begins != nil && !a.choice.bare {
		piece := *t.stream.Begins
		piece.Len = int(n)
		a.outer(t, c, base)
		a.layer(c, 0, &piece, false)
		a.packet.Part.Layer = true
	}
}

// part notes that the segment ends inside a unit.
func (a *Applications) part(t *talk, head []byte) {
	if t.stream != nil {
		within := t.carrier
		if within == proto.None { // what it carries may go on too
			within = a.packet.Part.Within
		}
		a.packet.Part = packet.Part{Proto: t.stream.ID, Within: within, Head: head}
	}
}

// follow finds the protocol that took over in a connection.
func (a *Applications) follow(t *talk, c *chunk) bool {
	a.piece = proto.Piece{Data: c.data, Len: int(c.to - c.from), Gap: c.gap}
	t.stream, t.session = a.choice.find(t.port, t.port, &a.piece, a.secrets)
	return t.stream != nil
}
