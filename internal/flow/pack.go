package flow

import "net/netip"

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
	copied, quoted := c.opening(f)
	c.rest(f, copied, quoted)
}

// opening is what a conversation is known by, and how it began.
func (c *packer) opening(f *tcpFlow) (copied, quoted bool) {
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
	copied, quoted = v.Copies != nil, v.ICMP != nil
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
	return copied, quoted
}

// rest follows the opening.
func (c *packer) rest(f *tcpFlow, copied, quoted bool) {
	v := &f.flow.Conversation
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
		&used, &follows, &even, &s.echo.pending, &s.echo.pure)
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
	num(c, &s.passed)
	num(c, &s.echo.value)
	rel(c, &s.echo.newest, s.echo.value)
	if s.echo.pending {
		c.time(&s.echo.time)
	}
	if s.echo.pure {
		rel(c, &s.echo.ack, to)
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
	num(c, &s.flying)
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
	echo, trouble, held, queue := d.EchoRTT != nil, d.Trouble != nil, d.Held != nil, d.Queue != nil
	odd := d.Sightings|d.Dropped|d.Retransmissions|d.OutOfOrder|d.Gaps|d.DupAcks|d.ZeroWindows|int64(d.LengthZero)|int64(d.Oversized) != 0
	c.flag(&echo, &trouble, &odd, &held, &queue)
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
		c.held(made(c, &d.Held))
	}
	if queue {
		c.queue(made(c, &d.Queue))
	}
}

func (c *packer) icmp(e *ICMPError) {
	c.moment(&e.At)
	num(c, &e.Type)
	num(c, &e.Code)
	num(c, &e.Count)
	num(c, &e.Dir)
	from := netip.AddrPortFrom(e.From, 0)
	c.endpoint(&from)
	e.From = from.Addr()
	big := e.TooBig != nil
	if c.flag(&big); big {
		c.tooBig(made(c, &e.TooBig))
	}
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
	c.overtaken(&t.Overtaken)
	missing, answers, reanswers := t.Missing != nil, t.Answers != nil, t.Reanswers != nil
	if c.flag(&missing, &answers, &reanswers); missing {
		c.missing(t)
	}
	if answers {
		a := made(c, &t.Answers)
		num(c, &a.Count)
		c.moment(&a.Last)
	}
	if reanswers {
		a := made(c, &t.Reanswers)
		num(c, &a.Count)
		num(c, &a.Unread)
		c.moment(&a.First)
		c.moment(&a.Last)
	}
	c.holes(t)
	c.mended(t)
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
	c.waits(&h.Waits)
	pauses := h.Pauses != nil
	if c.flag(&pauses); pauses {
		c.pauses(made(c, &h.Pauses))
	}
	for _, one := range []*Holdup{&h.First, &h.Longest, &h.open} {
		c.moment(&one.Sent)
		c.moment(&one.Acked)
		c.moment(&one.Freed)
		num(c, &one.Bytes[0])
		num(c, &one.Bytes[1])
	}
}
