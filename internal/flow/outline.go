package flow

import (
	"net/netip"

	"github.com/wiretale/wiretale/proto"
)

// An Outline is what conversations of several captures are told apart and compared by. It is read of a packed one without unpacking all of it.
type Outline struct {
	ID, Source int // as in [Conversation]
	Ends       [2]netip.AddrPort
	Sides      [2]Opening // of TCP
	Proto      proto.ID
	Opened     bool
}

// An Opening is what a side said in its SYN or SYN/ACK, as in [Side].
type Opening struct {
	MSS                        int32
	ISN                        uint32
	Scale                      int8
	ISNKnown, SACK, Timestamps bool
}

// Outline tells the conversation at place i.
func (c Conversations) Outline(i int) (o Outline) {
	for _, p := range c.parts {
		if i < p.end() {
			p.outline(i-p.first, &o)
			return o
		}
	}
	panic("flow: no such conversation")
}

// Traits are those of the conversation at place i.
func (c Conversations) Traits(i int) Trait {
	for _, p := range c.parts {
		if i < p.end() {
			return p.traits[i-p.first]
		}
	}
	panic("flow: no such conversation")
}

func (p *part) outline(i int, o *Outline) {
	r := p.refs[i]
	if r.live() {
		c := p.live[r.index()]
		o.take(c, c.TCP)
		return
	}
	from := p.colds[r.cold()]
	f := scratches.Get().(*scratch)
	defer scratches.Put(f)
	f.flow = tcpFlow{}
	k := packer{b: from.chunks[r.chunk()][r.offset():], reading: true, start: from.start, blocks: &f.blocks}
	k.opening(&f.flow)
	o.take(&f.flow.flow.Conversation, &f.flow.info)
	o.ID, o.Proto = p.first+i, proto.TCP
}

func (o *Outline) take(c *Conversation, t *TCP) {
	o.ID, o.Source, o.Ends, o.Proto, o.Opened = c.ID, c.Source, c.Ends, c.Proto, c.Opened
	if t == nil {
		return
	}
	for i := range t.Sides {
		s := &t.Sides[i]
		o.Sides[i] = Opening{int32(s.MSS), s.ISN, int8(s.Scale), s.ISNKnown, s.SACK, s.Timestamps}
	}
}
