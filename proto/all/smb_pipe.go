package all

import (
	"slices"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/smb2"
)

const (
	maxPipes  = 64        // of a generation: a client has few open at once
	roomPipes = 512 << 10 // bytes of a generation
	maxCalled = 8         // units of DCE/RPC in one message
)

// A pipe is the DCE/RPC in an open pipe of SMB ([MS-RPCE] 2.1.1.2). Its units go through it as through a connection: what
// is too long for one read comes in several.
type pipe struct {
	dcerpc.Association
	parts [2]part // by direction
}

// A part is a unit of which more is to come.
type part struct {
	data []byte // what there is of it, from its header on without a hole
	n    int    // its length; 0 when there is none
	seen int    // how much of it went by
}

// Weight is that of what it may hold.
func (p *pipe) Weight() int { return p.Association.Weight() }

// begin begins a unit of n bytes, of which b is the first.
func (p *part) begin(b []byte, seen, n int) {
	*p = part{data: append(make([]byte, 0, min(n, 2*len(b))), b...), n: n, seen: seen}
}

// take adds the next n bytes, of which b was captured, and returns how many belong to the unit.
func (p *part) take(b []byte, n int) int {
	n = min(n, p.n-p.seen)
	if len(p.data) == p.seen {
		p.data = append(p.data, b[:min(n, len(b))]...)
	}
	p.seen += n
	return n
}

// called finds the units of DCE/RPC in what the message in layer i, which was taken in last, carries through a pipe. Their layers follow
// that of the message.
func (f *frames) called(u *proto.Unit, i int) {
	c := f.smb2.Carried()
	switch {
	case c.Pipe == 0:
		return
	case c.Closed:
		f.pipes.Drop(c.Pipe)
		return
	case c.Len == 0:
		return
	}
	p, ok := f.pipes.Get(c.Pipe)
	if !ok {
		if !c.Sure && !beginsCall(u, &u.Layers[i], &c) {
			return
		}
		p = new(pipe)
		f.pipes.Put(c.Pipe, p)
	}
	if u.Gap {
		p.parts[u.Dir] = part{}
	}
	call := caller{u: u, pipe: p, carried: c, message: u.Layers[i], next: i + 1}
	call.units()
}

// beginsCall reports whether what a message carries begins with a whole unit, and so may go through a pipe.
func beginsCall(u *proto.Unit, l *proto.UnitLayer, c *smb2.Carried) bool {
	b := u.Bytes(l)
	n := dcerpc.Extent(b[min(c.Off, len(b)):])
	return n > 0 && n <= c.Len
}

// A caller takes the units of DCE/RPC out of one message.
type caller struct {
	u       *proto.Unit
	pipe    *pipe
	carried smb2.Carried
	message proto.UnitLayer
	next    int // index of the layer of the next unit
	found   int
}

// units goes through what the message carries.
func (c *caller) units() {
	at, end := c.carried.Off, min(c.carried.Off+c.carried.Len, c.message.Len)
	p := &c.pipe.parts[c.u.Dir]
	message := c.u.Bytes(&c.message)
	for at < end && c.found < maxCalled {
		b := message[min(at, len(message)):min(end, len(message))]
		if p.n > 0 {
			at += p.take(b, end-at)
			if p.seen == p.n {
				c.whole(p)
			}
			continue
		}
		n := dcerpc.Extent(b)
		if n == 0 {
			return
		}
		if n > end-at {
			p.begin(b, end-at, n)
			return
		}
		c.add(b[:min(n, len(b))], proto.UnitLayer{In: c.message.In, Off: c.message.Off + at, Len: n})
		at += n
	}
}

// whole adds a unit that came in several messages, which ends in this one.
func (c *caller) whole(p *part) {
	b := c.u.Room(len(p.data))
	if len(b) == len(p.data) {
		copy(b, p.data)
		c.add(b, proto.UnitLayer{In: c.u.Open(b, "reassembled"), Len: p.n})
	}
	*p = part{}
}

// onPipe marks the keys of turns in pipes.
const onPipe = 1 << 63

// add adds the layer of a unit of which b was captured.
func (c *caller) add(b []byte, l proto.UnitLayer) {
	l.ID, l.Beside = proto.DCERPC, c.found > 0
	t, ok := c.pipe.Take(b, l.Len, &l.Note)
	c.u.Layers = slices.Insert(c.u.Layers, c.next, l)
	if ok {
		t.Layer = c.next
		t.Key = onPipe | uint64(c.carried.Pipe&^(1<<31))<<32 | t.Key&0xffffffff
		c.u.Turns = append(c.u.Turns, t)
	}
	c.next++
	c.found++
}
