package flow

// maxUnacked is how many unacknowledged segments of one side are kept, as in
// Wireshark. Of a segment beyond it only the sequence number counts: bytes in
// flight do not grow by it, and its acknowledgement finds no frame.
const maxUnacked = 10_000

// sent is a segment that waits for its acknowledgement.
type sent struct {
	seq, next   uint32
	flying      uint32 // bytes in flight when it was sent, itself among them
	frame, time int64
}

// An unacked holds the segments of one side that were not acknowledged, oldest
// first. The first lies in place, so that a handshake, or a request and its
// answer, need no other memory; the others lie in blocks from a pool.
//
// lo and hi are the smallest number and the largest end, relative to the
// side's base and compared without sign, as Wireshark does for bytes in flight.
// With them most acknowledgements are known to change nothing, and in a list
// in order the search ends at the first segment that stays.
type unacked struct {
	first      sent // valid iff single; older than all in the blocks
	head, tail *block
	lo, hi     uint32 // valid unless stale
	n          uint16
	single     bool // first is in use
	ordered    bool // numbers only rise and are near each other: the oldest has lo, the newest hi
	wraps      bool // a segment crosses base + 2^32: lo and hi say nothing of distances
	stale      bool
}

const blockLen = 16

// A block is a part of a list; lo, hi and wraps are of its own segments.
type block struct {
	next   *block
	n      int32
	wraps  bool
	lo, hi uint32
	of     [blockLen]sent
}

// A pool keeps the blocks of a tracker that are not in use.
type pool struct{ free *block }

func (p *pool) take() *block {
	b := p.free
	if b == nil {
		return new(block)
	}
	p.free = b.next
	b.next, b.n = nil, 0
	return b
}

func (p *pool) give(b *block) {
	b.next = p.free
	p.free = b
}

// push adds the newest segment. The caller sees to it that n stays below [maxUnacked].
func (u *unacked) push(s sent, base uint32, p *pool) {
	lo, hi := s.seq-base, s.next-base
	wraps := hi < lo
	u.n++
	if u.n == 1 {
		u.first, u.single = s, true
		u.lo, u.hi, u.ordered, u.wraps, u.stale = lo, hi, !wraps, wraps, false
		return
	}
	u.ordered = u.ordered && !wraps && lo >= u.hi && hi-u.lo < nearby
	u.wraps = u.wraps || wraps
	u.lo, u.hi = min(u.lo, lo), max(u.hi, hi)
	b := u.tail
	if b == nil || b.n == blockLen {
		b = p.take()
		b.lo, b.hi, b.wraps = lo, hi, wraps
		if u.tail == nil {
			u.head = b
		} else {
			u.tail.next = b
		}
		u.tail = b
	}
	b.of[b.n] = s
	b.n++
	b.lo, b.hi, b.wraps = min(b.lo, lo), max(b.hi, hi), b.wraps || wraps
}

// oldest is the segment that waits longest, nil without one.
func (u *unacked) oldest() *sent {
	switch {
	case u.n == 0:
		return nil
	case u.single:
		return &u.first
	}
	return &u.head.of[0]
}

// span is the smallest number and the largest end of all segments, relative to base; n is not 0.
func (u *unacked) span(base uint32) (lo, hi uint32) {
	if u.stale {
		u.measure(base)
	}
	return u.lo, u.hi
}

// measure finds lo, hi and wraps again.
func (u *unacked) measure(base uint32) {
	u.stale = false
	u.lo, u.hi, u.wraps = ^uint32(0), 0, false
	if u.single {
		u.lo, u.hi = u.first.seq-base, u.first.next-base
		u.wraps = u.hi < u.lo
	}
	for b := u.head; b != nil; b = b.next {
		u.lo, u.hi, u.wraps = min(u.lo, b.lo), max(u.hi, b.hi), u.wraps || b.wraps
	}
}

// rebase is for a side whose base changed.
func (u *unacked) rebase(base uint32) {
	if u.n == 0 {
		return
	}
	u.ordered, u.stale = false, true
	for b := u.head; b != nil; b = b.next {
		b.measure(base)
	}
}

func (b *block) measure(base uint32) {
	b.lo, b.hi, b.wraps = ^uint32(0), 0, false
	for i := range b.of[:b.n] {
		lo, hi := b.of[i].seq-base, b.of[i].next-base
		b.lo, b.hi, b.wraps = min(b.lo, lo), max(b.hi, hi), b.wraps || hi < lo
	}
}

// near bounds the distances within which comparisons modulo 2^32 are transitive.
const nearby = 1 << 30

// spares reports whether an acknowledgement leaves every segment from lo to hi, absolute numbers, as it is.
func spares(ack, lo, hi uint32) bool {
	return gt(hi, ack) && int32(lo-ack) >= 0 && hi-lo < nearby
}

// A match is what an acknowledgement found.
type match struct {
	sent
	n       int    // segments that end at the acknowledgement; the oldest of them is in sent
	largest uint32 // of the segments that were taken out
}

// acked takes out what the number acknowledges and cuts what it acknowledges in part.
func (u *unacked) acked(ack, base uint32, p *pool) (m match) {
	if u.n == 0 || !u.stale && !u.wraps && spares(ack, base+u.lo, base+u.hi) {
		return m
	}
	// In a list in order nothing changes behind the first segment that stays.
	ends := u.ordered && gt(base+u.hi, ack)
	if u.single {
		if m.takes(&u.first, ack) {
			u.single = false
			u.n--
		} else if ends {
			u.lo = u.first.seq - base
			return m
		}
	}
	var before *block
	for b := u.head; b != nil; {
		if b.wraps || !spares(ack, base+b.lo, base+b.hi) {
			u.n -= b.sift(ack, base, &m)
		}
		next := b.next
		switch {
		case b.n == 0:
			u.unlink(before, b)
			p.give(b)
		case ends:
			next = nil
		default:
			before = b
		}
		b = next
	}
	if !ends && u.n > 0 {
		u.ordered = false // half the number space away from the newest: it went, and others stayed
	}
	u.settle(base)
	return m
}

// takeOnly is acked for an acknowledgement of the only segment; it leaves m as it is for any other.
func (u *unacked) takeOnly(ack uint32, m *match) {
	if u.n == 1 && u.single && ack == u.first.next {
		m.sent, m.n, m.largest = u.first, 1, u.first.next-u.first.seq
		u.single, u.n = false, 0
	}
}

// settle brings lo and hi up to date after segments were taken out.
func (u *unacked) settle(base uint32) {
	switch {
	case u.n == 0:
	case !u.ordered:
		u.stale = true
	case u.single:
		u.lo = u.first.seq - base
	default:
		u.lo = u.head.lo
	}
}

func (u *unacked) unlink(before, b *block) {
	if before == nil {
		u.head = b.next
	} else {
		before.next = b.next
	}
	if u.tail == b {
		u.tail = before
	}
}

// sift applies an acknowledgement to a block and returns how many segments it took.
func (b *block) sift(ack, base uint32, m *match) uint16 {
	kept := int32(0)
	b.lo, b.hi, b.wraps = ^uint32(0), 0, false
	for i := range b.of[:b.n] {
		s := &b.of[i]
		if m.takes(s, ack) {
			continue
		}
		lo, hi := s.seq-base, s.next-base
		b.lo, b.hi, b.wraps = min(b.lo, lo), max(b.hi, hi), b.wraps || hi < lo
		if kept != int32(i) {
			b.of[kept] = *s
		}
		kept++
	}
	gone := b.n - kept
	b.n = kept
	return uint16(gone)
}

// takes reports whether the number acknowledges all of s; of a part it cuts what is acknowledged.
func (m *match) takes(s *sent, ack uint32) bool {
	if ack == s.next {
		if m.n == 0 {
			m.sent = *s
		}
		m.n++
		m.largest = max(m.largest, s.next-s.seq)
		return true
	}
	if gt(ack, s.seq) && le(ack, s.next) {
		s.seq = ack
	}
	if gt(s.next, ack) {
		return false
	}
	m.largest = max(m.largest, s.next-s.seq)
	return true
}

// each visits all segments, oldest first.
func (u *unacked) each(visit func(*sent)) {
	if u.single {
		visit(&u.first)
	}
	for b := u.head; b != nil; b = b.next {
		for i := range b.of[:b.n] {
			visit(&b.of[i])
		}
	}
}

// release gives the blocks back.
func (u *unacked) release(p *pool) {
	for b := u.head; b != nil; {
		next := b.next
		p.give(b)
		b = next
	}
	*u = unacked{}
}
