package flow

// trail is the packets that a copy may come of, oldest first, and what is known of their senders.
func (c *packer) trail(f *flow) {
	for i := range f.sender {
		s := &f.sender[i]
		all := uint64(s.id)<<24 | uint64(s.notes)<<16 | uint64(s.firsts)<<8 | uint64(s.seconds)
		num(c, &all)
		s.id, s.notes, s.firsts, s.seconds = uint16(all>>24), uint8(all>>16), uint8(all>>8), uint8(all)
	}
	n, size := uint32(0), 0
	t := f.trail()
	if t != nil && t.n > 0 {
		n, size = t.n, len(t.list)
	}
	num(c, &n)
	if n == 0 {
		return
	}
	num(c, &size)
	if c.reading {
		t = c.trails.resume(f, n, size)
	}
	for i := range t.last {
		c.lowFrame(&t.last[i])
	}
	for i := range n {
		c.passed(t.at(i))
	}
	t.newest, t.rest = t.at(n-1).time, f.patience()
}

// lowFrame is the low bits of a record's number near that of the origin; 0 is none.
func (c *packer) lowFrame(n *uint32) {
	seen := *n != 0
	if c.flag(&seen); seen {
		rel(c, n, uint32(c.origin.Pos.Number))
	}
}

func (c *packer) passed(q *passed) {
	num(c, &q.key)
	rel(c, &q.number, uint32(c.origin.Pos.Number))
	rel(c, &q.offset, uint32(c.origin.Pos.Offset))
	c.time(&q.time)
	num(c, &q.sum)
	num(c, &q.vlan)
	num(c, &q.place[0])
	num(c, &q.place[1])
	num(c, &q.ttl)
	num(c, &q.times)
	num(c, &q.iface)
	num(c, &q.tunnel)
}

func (c *packer) copies(v *Copies) {
	num(c, &v.Resent)
	num(c, &v.Looped)
	c.moment(&v.LoopFirst)
	c.moment(&v.LoopLast)
	for i := range v.Kinds {
		k := &v.Kinds[i]
		num(c, &k.Count)
		num(c, &k.Hops[0])
		num(c, &k.Hops[1])
		num(c, &k.Longest)
		n := uint32(len(k.Examples))
		num(c, &n)
		if c.reading && n > 0 {
			k.Examples = make([]Copy, n)
		}
		for j := range k.Examples {
			e := &k.Examples[j]
			for _, p := range []*int64{&e.First.Number, &e.First.Offset, &e.Again.Number, &e.Again.Offset} {
				num(c, p)
			}
			e.First.Source, e.Again.Source = c.origin.Pos.Source, c.origin.Pos.Source
		}
	}
}

func (c *packer) holes(t *Trouble) {
	n := uint32(len(t.holes))
	num(c, &n)
	if c.reading && n > 0 {
		t.holes = make([]hole, n)
	}
	for i := range t.holes {
		h := &t.holes[i]
		num(c, &h.lo)
		rel(c, &h.hi, h.lo)
		c.flag(&h.acked)
		c.moment(&h.behind)
	}
}

func (c *packer) missing(t *Trouble) {
	if c.reading {
		t.Missing = new(Missing)
	}
	num(c, &t.Missing.Bytes)
	num(c, &t.Missing.Times)
	n := uint32(len(t.Missing.Examples))
	num(c, &n)
	if c.reading && n > 0 {
		t.Missing.Examples = make([]Moment, n)
	}
	for i := range t.Missing.Examples {
		c.moment(&t.Missing.Examples[i])
	}
}
