package flow

import (
	"encoding/binary"
	"net/netip"
)

// A packer writes the whole state of a TCP conversation as bytes, or reads it
// back: one declaration serves both. Numbers come in groups of eight, first a
// byte that says which are not 0, then those, of variable length. Times and
// places are relative to the first or the last moment, sequence numbers to the side's base.
type packer struct {
	b       []byte // written so far, or left to read
	reading bool
	n       int     // numbers that the group still takes, or has left
	mask    byte    // of the group
	at      int     // of the group's mask, when writing
	origin  Moment  // what moments are relative to
	start   int64   // a time near the first of all
	blocks  *pool   // for lists that are read
	trails  *trails // the same, nil when no packets follow
}

func (c *packer) put(v uint64) {
	if c.n == 0 {
		c.at, c.n = len(c.b), groupLen
		c.b = append(c.b, 0)
	}
	c.n--
	if v == 0 {
		return
	}
	c.b[c.at] |= 1 << (groupLen - 1 - c.n)
	if v < 0x80 {
		c.b = append(c.b, byte(v))
		return
	}
	c.b = binary.AppendUvarint(c.b, v)
}

// groupLen is how many numbers share a mask.
const groupLen = 8

func (c *packer) get() uint64 {
	if c.n == 0 {
		c.mask, c.b, c.n = c.b[0], c.b[1:], groupLen
	}
	c.n--
	set := c.mask>>(groupLen-1-c.n)&1 != 0
	if !set {
		return 0
	}
	return c.uvarint()
}

func (c *packer) uvarint() uint64 {
	if v := c.b[0]; v < 0x80 {
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	c.b = c.b[n:]
	return v
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// num is any number, small ones of either sign in few bytes.
func num[T integer](c *packer, v *T) {
	if c.reading {
		u := c.get()
		*v = T(int64(u>>1) ^ -int64(u&1))
		return
	}
	n := int64(*v)
	c.put(uint64(n)<<1 ^ uint64(n>>63))
}

// rel is a number near another one.
func rel(c *packer, v *uint32, to uint32) {
	d := int32(*v - to)
	num(c, &d)
	*v = to + uint32(d)
}

// alike is a number that is often the same as another, unless it is that one.
func alike[T integer](c *packer, v *T, to T, first bool) {
	if first {
		to = 0
	}
	d := *v - to
	num(c, &d)
	*v = to + d
}

// time is one near that of the origin.
func (c *packer) time(v *int64) {
	d := *v - c.origin.Time
	num(c, &d)
	*v = c.origin.Time + d
}

func (c *packer) flag(list ...*bool) {
	bits := uint32(0)
	for i, v := range list {
		if *v {
			bits |= 1 << i
		}
	}
	num(c, &bits)
	for i, v := range list {
		*v = bits>>i&1 != 0
	}
}

// moment is one of the conversation's source.
func (c *packer) moment(m *Moment) {
	number := m.Pos.Number - c.origin.Pos.Number
	switch {
	case !m.Seen():
		number = 0
	case number >= 0:
		number++
	}
	num(c, &number)
	if number == 0 {
		*m = Moment{}
		return
	}
	if number > 0 {
		number--
	}
	d := Moment{Time: m.Time - c.origin.Time}
	offset := m.Pos.Offset - c.origin.Pos.Offset
	num(c, &d.Time)
	num(c, &offset)
	m.Pos.Source = c.origin.Pos.Source
	m.Pos.Number, m.Pos.Offset, m.Time = c.origin.Pos.Number+number, c.origin.Pos.Offset+offset, c.origin.Time+d.Time
}

func (c *packer) endpoint(e *netip.AddrPort) {
	a, port := e.Addr(), e.Port()
	v4 := a.Is4()
	c.flag(&v4)
	num(c, &port)
	b := a.As16()
	lo, hi := binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:8])
	if v4 {
		n := uint32(lo)
		num(c, &n)
		if c.reading {
			var b4 [4]byte
			binary.BigEndian.PutUint32(b4[:], n)
			a = netip.AddrFrom4(b4)
		}
	} else {
		num(c, &hi)
		num(c, &lo)
		if c.reading {
			binary.BigEndian.PutUint64(b[:8], hi)
			binary.BigEndian.PutUint64(b[8:], lo)
			a = netip.AddrFrom16(b)
		}
	}
	*e = netip.AddrPortFrom(a, port)
}

// A head is what is read of a packed conversation without unpacking it.
type head struct {
	first, order, bytes int64
	ends                [2]netip.AddrPort
}

func (c *packer) head(h *head) {
	num(c, &h.first)
	num(c, &h.bytes)
	order := h.order - h.first<<8
	num(c, &order)
	h.order = h.first<<8 + order
}

// ends follows a head.
func (c *packer) ends(h *head) {
	for i := range h.ends {
		c.endpoint(&h.ends[i])
	}
}

// conversation is all of a TCP conversation but its ID.
func (c *packer) conversation(f *tcpFlow) {
	v := &f.flow.Conversation
	h := head{v.First.Pos.Number, v.order, v.Dir[0].Bytes + v.Dir[1].Bytes, v.Ends}
	c.head(&h)
	c.ends(&h)
	v.First.Pos.Number, v.order, v.Ends = h.first, h.order, h.ends
	num(c, &v.Stream)
	num(c, &v.First.Pos.Offset)
	since := v.First.Time - c.start
	num(c, &since)
	v.First.Time = c.start + since
	num(c, &v.Source)
	num(c, &v.Interfaces)
	v.First.Pos.Source = v.Source
	c.origin = v.First
	c.time(&f.start)
	c.moment(&v.Last)
	for _, m := range [...]*Moment{&f.info.SYN, &f.info.SYNACK, &f.info.HandshakeACK} {
		c.moment(m)
	}
	once := f.info.LastSYN == f.info.SYN
	if c.flag(&once); once {
		f.info.LastSYN = f.info.SYN
	} else {
		c.moment(&f.info.LastSYN)
	}
	c.origin = v.Last
	c.flag(&v.Opened, &f.flow.flipped, &f.flow.over, &f.mptcp, &f.begun, &f.fastData, &f.settled, &f.closing, &f.both)
	num(c, &f.operations)
	num(c, &f.irtt)
	c.time(&f.prevTime)
	num(c, &f.progress)
	synSeen := f.synTime != 0
	if c.flag(&synSeen); synSeen {
		since := f.synTime - f.info.LastSYN.Time
		num(c, &since)
		f.synTime = f.info.LastSYN.Time + since
	}
	for i := range f.side {
		num(c, &f.side[i].base)
	}
	for i := range f.side {
		c.side(&f.side[i], f.side[1-i].base, &f.info.Sides[i], &f.info.Sides[0])
	}
	for i := range f.side {
		c.unacked(&f.side[i].unacked, f.side[i].base)
	}
	f.info.Completeness = f.progress
	c.tcp(&f.info)
	c.trail(&f.flow)
	copied := v.Copies != nil
	if c.flag(&copied); copied {
		c.copies(v.copies())
	}
	for i := range v.Dir {
		c.direction(&v.Dir[i])
	}
	quoted := v.ICMP != nil
	if c.flag(&quoted); quoted {
		if c.reading {
			v.ICMP = new(ICMPError)
		}
		c.icmp(v.ICMP)
	}
}

// side is the state of one sender, and what is told of it; to is the base of
// the other one. Most of the latter follows from the former. like is a side that may have the same.
func (c *packer) side(s *side, to uint32, out, like *Side) {
	once := out.LastNew == out.LastData
	c.flag(&out.ISNKnown, &out.ScaleKnown, &out.SACK, &out.Timestamps, &out.FINAcked, &out.LastAlert, &once)
	c.moment(&out.FIN)
	c.moment(&out.LastData)
	if once {
		out.LastNew = out.LastData
	} else {
		c.moment(&out.LastNew)
	}
	alike(c, &out.MSS, like.MSS, out == like)
	alike(c, &out.Scale, like.Scale, out == like)
	rel(c, &s.next, s.base)
	rel(c, &s.contiguous, s.next)
	if out.FIN.Seen() {
		rel(c, &s.fin, s.next)
		out.FINNext = s.fin
	}
	rel(c, &s.ack, to)
	num(c, &s.window)
	num(c, &s.dupAcks)
	num(c, &s.sacked)
	num(c, &s.pushed)
	num(c, &s.last)
	num(c, &s.known)
	num(c, &s.scale)
	num(c, &s.operations)
	used := s.next != 0 || s.ackTime != 0
	if c.flag(&used); used {
		last := c.origin
		if c.origin = out.LastData; out.FIN.Seen() {
			c.origin = out.FIN
		}
		c.frame(&s.nextFrame)
		c.time(&s.nextTime)
		c.origin = last
		c.frame(&s.ackFrame)
		c.time(&s.ackTime)
	}
	rel(c, &out.ISN, s.base)
	rel(c, &out.NextSeq, s.next)
	rel(c, &out.AckSent, s.ack)
	rel(c, &out.FirstAck, to)
	scale := max(s.scale, 0)
	rel(c, &out.Window, s.window<<scale)
	c.flag(&s.echo.pending)
	num(c, &s.echo.value)
	if s.echo.pending {
		c.time(&s.echo.time)
	}
}

// unacked is the segments that nobody acknowledged.
func (c *packer) unacked(u *unacked, base uint32) {
	n := u.n
	num(c, &n)
	if !c.reading {
		u.each(func(s *sent) { c.sent(s, base) })
		return
	}
	for range n {
		var s sent
		c.sent(&s, base)
		u.push(s, base, c.blocks)
	}
}

func (c *packer) sent(s *sent, base uint32) {
	rel(c, &s.seq, base)
	rel(c, &s.next, s.seq)
	c.frame(&s.frame)
	c.time(&s.time)
}

// frame is a record's number near that of the origin.
func (c *packer) frame(n *int64) {
	d := *n - c.origin.Pos.Number
	num(c, &d)
	*n = c.origin.Pos.Number + d
}

func (c *packer) tcp(t *TCP) {
	c.moment(&t.RST)
	num(c, &t.SYNs)
	c.flag(&t.Established, &t.SimultaneousOpen, &t.HalfClosed, &t.FastOpen, &t.Multipath, &t.Refused, &t.RSTAcks)
	num(c, &t.RSTAck)
	num(c, &t.RSTClass)
	num(c, &t.RSTBy)
	num(c, &t.RSTs)
	num(c, &t.FirstFIN)
}

func (c *packer) direction(d *Direction) {
	num(c, &d.Packets)
	num(c, &d.Bytes)
	num(c, &d.Payload)
	num(c, &d.MaxPayload)
	rel(c, &d.MaxInFlight, d.MaxPayload)
	c.samples(&d.AckRTT)
	echo, trouble, held := d.EchoRTT != nil, d.Trouble != nil, d.Held != nil
	odd := d.Sightings|d.Dropped|d.Retransmissions|d.OutOfOrder|d.Gaps|d.DupAcks|d.ZeroWindows|int64(d.LengthZero)|int64(d.Oversized) != 0
	c.flag(&echo, &trouble, &odd, &held)
	if odd {
		for _, n := range [...]*int64{&d.Sightings, &d.Dropped, &d.Retransmissions, &d.OutOfOrder, &d.Gaps, &d.DupAcks, &d.ZeroWindows} {
			num(c, n)
		}
		num(c, &d.LengthZero)
		num(c, &d.Oversized)
		num(c, &d.pieces)
	}
	if echo {
		if c.reading {
			d.EchoRTT = new(Samples)
		}
		c.samples(d.EchoRTT)
	}
	if trouble {
		c.trouble(d.trouble())
	}
	if held {
		if c.reading {
			d.Held = new(Held)
		}
		c.held(d.Held)
	}
}

func (c *packer) icmp(e *ICMPError) {
	c.moment(&e.At)
	num(c, &e.Type)
	num(c, &e.Code)
	num(c, &e.Count)
	from := netip.AddrPortFrom(e.From, 0)
	c.endpoint(&from)
	e.From = from.Addr()
}

// samples with one sample have the same figure three times.
func (c *packer) samples(s *Samples) {
	num(c, &s.N)
	if s.N == 0 {
		return
	}
	num(c, &s.Min)
	above, rest := s.Max-s.Min, s.Sum-s.Min
	num(c, &above)
	num(c, &rest)
	s.Max, s.Sum = s.Min+above, s.Min+rest
}

func (c *packer) trouble(t *Trouble) {
	num(c, &t.ResentBytes)
	num(c, &t.Stalled)
	num(c, &t.Timeouts)
	num(c, &t.DuplicateSACKs)
	num(c, &t.zeroSince)
	missing := t.Missing != nil
	if c.flag(&missing); missing {
		c.missing(t)
	}
	c.holes(t)
	n := uint32(len(t.Verdicts))
	num(c, &n)
	if c.reading && n > 0 {
		t.Verdicts = make([]Tally, n)
	}
	for i := range t.Verdicts {
		v := &t.Verdicts[i]
		num(c, &v.Kind)
		num(c, &v.Count)
		num(c, &v.Size)
		c.moment(&v.First)
		c.moment(&v.Worst)
	}
}

func (c *packer) held(h *Held) {
	num(c, &h.Count)
	num(c, &h.Total)
	num(c, &h.Late)
	num(c, &h.room)
	for _, one := range []*Holdup{&h.First, &h.Longest, &h.open} {
		c.moment(&one.Sent)
		c.moment(&one.Acked)
		c.moment(&one.Freed)
		num(c, &one.Bytes[0])
		num(c, &one.Bytes[1])
	}
}
