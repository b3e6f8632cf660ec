package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// A packer writes the whole state of a TCP conversation as bytes, or reads it
// back: one declaration serves both. Numbers come in groups of eight, first
// three bytes that say how long each of them is, then those, least byte first:
// no branch depends on a number. Times and places are relative to the first or
// the last moment, sequence numbers to the side's base.
type packer struct {
	b       []byte // written so far, or left to read
	reading bool
	n       int     // numbers that the group still takes, or has left
	lengths uint32  // of the group, three bits each, the first number's highest
	at      int     // of the group's lengths, when writing
	origin  Moment  // what moments are relative to
	start   int64   // a time near the first of all
	blocks  *pool   // for lists that are read
	trails  *trails // the same, nil when no packets follow
}

const (
	groupLen  = 8 // how many numbers share their lengths
	groupHead = 3 // bytes of the lengths
)

func (c *packer) put(v uint64) {
	if c.n == 0 {
		c.open()
	}
	c.n--
	code := min((bits.Len64(v)+7)>>3, 7)
	c.lengths = c.lengths<<3 | uint32(code)
	end := len(c.b)
	binary.LittleEndian.PutUint64(c.b[end:end+8], v) // open made room
	c.b = c.b[:end+packedLen(code)]
}

// packedLen is the length in bytes that a code of three bits stands for: 0 to 6, and 8.
func packedLen(code int) int { return code + (code+1)>>3 }

// open begins a group.
func (c *packer) open() {
	c.seal()
	c.at = len(c.b)
	c.b = slices.Grow(c.b, groupHead+groupLen*8)[:c.at+groupHead]
	c.n, c.lengths = groupLen, 0
}

// seal writes the lengths of the group, full or not.
func (c *packer) seal() {
	if len(c.b) == 0 {
		return
	}
	n := c.lengths << (3 * c.n)
	c.b[c.at], c.b[c.at+1], c.b[c.at+2] = byte(n), byte(n>>8), byte(n>>16)
}

func (c *packer) get() uint64 {
	if c.n == 0 {
		c.lengths = uint32(c.b[0]) | uint32(c.b[1])<<8 | uint32(c.b[2])<<16
		c.b, c.n = c.b[groupHead:], groupLen
	}
	c.n--
	size := packedLen(int(c.lengths >> (3 * c.n) & 7))
	var v uint64
	if len(c.b) >= 8 {
		v = binary.LittleEndian.Uint64(c.b) & (1<<(8*size) - 1)
	} else { // the last numbers of all
		for i, x := range c.b[:size] {
			v |= uint64(x) << (8 * i)
		}
	}
	c.b = c.b[size:]
	return v
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// num is any number: one that can be negative has its sign in the lowest bit, so that small ones of either sign are short.
func num[T integer](c *packer, v *T) {
	unsigned := ^T(0) > 0
	switch {
	case c.reading:
		u := c.get()
		if *v = T(u); !unsigned {
			*v = T(int64(u>>1) ^ -int64(u&1))
		}
	case unsigned:
		c.put(uint64(*v))
	default:
		n := int64(*v)
		c.put(uint64(n)<<1 ^ uint64(n>>63))
	}
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
	set := uint32(0)
	for i, v := range list {
		one := uint32(0)
		if *v {
			one = 1
		}
		set |= one << i
	}
	num(c, &set)
	if c.reading {
		for i, v := range list {
			*v = set>>i&1 != 0
		}
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
	from := f.info.SYN == v.First
	once := f.info.LastSYN == f.info.SYN
	synSeen := f.synTime != 0
	copied, quoted := v.Copies != nil, v.ICMP != nil
	c.flag(&v.Opened, &f.flow.flipped, &f.flow.over, &f.mptcp, &f.begun, &f.fastData, &f.settled, &f.closing, &f.both,
		&from, &once, &synSeen, &copied, &quoted)
	if from {
		f.info.SYN = v.First
	} else {
		c.moment(&f.info.SYN)
	}
	c.moment(&f.info.SYNACK)
	c.moment(&f.info.HandshakeACK)
	if once {
		f.info.LastSYN = f.info.SYN
	} else {
		c.moment(&f.info.LastSYN)
	}
	c.origin = v.Last
	if f.mptcp {
		num(c, &f.operations)
	}
	num(c, &f.irtt)
	c.time(&f.prevTime)
	num(c, &f.progress)
	if synSeen {
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
	if copied {
		c.copies(v.copies())
	}
	for i := range v.Dir {
		c.direction(&v.Dir[i])
	}
	if quoted {
		if c.reading {
			v.ICMP = new(ICMPError)
		}
		c.icmp(v.ICMP)
	}
	if !c.reading {
		c.seal()
	}
}

// side is the state of one sender, and what is told of it; to is the base of
// the other one. Most of the latter follows from the former. like is a side that may have the same.
func (c *packer) side(s *side, to uint32, out, like *Side) {
	once := out.LastNew == out.LastData
	used := s.next != 0 || s.ackTime != 0
	follows := out.ISN == s.base && out.NextSeq == s.next && out.AckSent == s.ack && out.Window == s.window<<max(s.scale, 0)
	even := s.contiguous == s.next && s.dupAcks|s.sacked|uint32(s.operations) == 0
	c.flag(&out.ISNKnown, &out.ScaleKnown, &out.SACK, &out.Timestamps, &out.FINAcked, &out.LastAlert, &once,
		&used, &follows, &even, &s.echo.pending)
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
	if out.FIN.Seen() {
		rel(c, &s.fin, s.next)
		out.FINNext = s.fin
	}
	rel(c, &s.ack, to)
	num(c, &s.window)
	num(c, &s.pushed)
	num(c, &s.last)
	num(c, &s.known)
	num(c, &s.scale)
	if even {
		s.contiguous = s.next
	} else {
		rel(c, &s.contiguous, s.next)
		num(c, &s.dupAcks)
		num(c, &s.sacked)
		num(c, &s.operations)
	}
	if used {
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
	if follows {
		out.ISN, out.NextSeq, out.AckSent, out.Window = s.base, s.next, s.ack, s.window<<max(s.scale, 0)
	} else {
		rel(c, &out.ISN, s.base)
		rel(c, &out.NextSeq, s.next)
		rel(c, &out.AckSent, s.ack)
		rel(c, &out.Window, s.window)
	}
	rel(c, &out.FirstAck, to)
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
	reset, second := t.RSTs != 0, t.RSTBy == 1
	c.flag(&t.Established, &t.SimultaneousOpen, &t.HalfClosed, &t.FastOpen, &t.Multipath, &t.Refused, &t.RSTAcks, &reset, &second)
	t.RSTBy = index(second)
	num(c, &t.SYNs)
	num(c, &t.FirstFIN)
	if reset {
		c.moment(&t.RST)
		num(c, &t.RSTAck)
		num(c, &t.RSTClass)
		num(c, &t.RSTs)
	}
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
	if s.N == 1 {
		s.Max, s.Sum = s.Min, s.Min
		return
	}
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
