package flow

import "math"

// A trail is the newest packets of a conversation, for recognising one that
// was recorded twice. What it holds follows from the packets of the
// conversation alone, in whatever order conversations are mixed: those of the
// last [sightingWindow] up to manyPassed, of the last [queueTime] up to midPassed, and of the newest few those of the last [groupWindow].
//
// Only conversations that had a packet in that time need one: its memory then
// goes to another, which the first one notices by the owner.
type trail struct {
	owner  *flow
	list   []passed  // a ring: of few, or a block
	newest int64     // time of the newest packet; valid iff n is not 0
	rest   int64     // how long after it another record is waited for
	first  uint32    // index of the oldest
	n      uint32    // packets
	last   [2]uint32 // low bits of the number of the last record that was no copy, by order of the endpoints in the key
	few    [fewPassed]passed
}

const (
	fewPassed  = 2
	midPassed  = 16
	manyPassed = 64 // a card hands over bursts of 64 packets, each of which may come twice

	// queueTime is how long, in nanoseconds, packets usually wait in a queue: for as long as that more than few are kept.
	queueTime = 20_000_000
)

// passed is one packet that went by.
type passed struct {
	key    uint32 // of all that no hop rewrites, and of the direction
	number uint32 // of the record, low bits
	offset uint32 // of the record, low bits
	sum    uint16 // TCP checksum
	vlan   uint16 // plus 1, 0 without a tag
	time   int64
	place  [2]uint16 // where it was recorded first and second
	ttl    uint8
	times  uint8 // how often it was recorded
	iface  uint8 // interface of the file, low bits
	tunnel uint8 // enclosing network layers, and notes
}

// Notes in the high bits of passed.tunnel.
const (
	tunnelMask  = 0x1f
	looped      = 0x20 // in a loop of the network
	partialSum  = 0x40 // the checksum was left to the card
	takesNumber = 0x80 // data, SYN or FIN
)

// at is the i-th packet, 0 for the oldest.
func (t *trail) at(i uint32) *passed { return &t.list[(t.first+i)&uint32(len(t.list)-1)] }

// forget drops the packets that are too old for another record of them to come
// now: the newest few may be older than the others.
func (t *trail) forget(now, window int64) {
	for t.n > fewPassed && now > t.at(0).time+queueTime {
		t.drop()
	}
	for t.n > 0 && now > t.at(0).time+window {
		t.drop()
	}
}

// drop forgets the oldest packet.
func (t *trail) drop() {
	t.first = (t.first + 1) & uint32(len(t.list)-1)
	t.n--
}

// add is the place of the next packet. Those too old for it are forgotten, and the oldest when no more are kept.
func (t *trail) add(now int64, pl *trails) *passed {
	if t.n > 0 && now > t.list[t.first].time+queueTime {
		t.forget(now, groupWindow)
		if t.n == 0 {
			t.clear(pl)
		}
	}
	if int(t.n) == len(t.list) {
		if age := now - t.list[t.first].time; t.n == fewPassed && age <= queueTime || t.n == midPassed && age <= sightingWindow {
			t.grow(pl)
		} else {
			t.drop()
		}
	}
	t.n++
	t.newest, t.rest = now, t.owner.patience()
	return t.at(t.n - 1)
}

// grow moves the trail into a larger block.
func (t *trail) grow(pl *trails) {
	block := pl.block(len(t.list))
	for i := range t.n {
		block[i] = *t.at(i)
	}
	pl.free(t.list)
	t.list, t.first = block, 0
}

// clear forgets all packets and gives the block back.
func (t *trail) clear(pl *trails) {
	pl.free(t.list)
	t.list, t.first, t.n = t.few[:], 0, 0
}

// trail is that of the conversation, nil when it has none.
func (f *flow) trail() *trail {
	if t := f.passed; t != nil && t.owner == f {
		return t
	}
	return nil
}

// trails is the memory of the trails of a tracker.
type trails struct {
	mid, most [][]passed
	spare     []*trail // that nobody owns
	queue     []queued // from head on: every trail, in the order in which they were given or looked at
	head      int
}

// A queued trail is looked at again when its time has come.
type queued struct {
	trail *trail
	due   int64
}

const (
	// looksForTrails is how many trails are looked at when another conversation needs one.
	looksForTrails = 4
	// firstLook and nextLook are how long, in nanoseconds, after a trail was given, and after a look, it is left alone.
	firstLook, nextLook = 20_000_000, 100_000_000
)

// give gives the conversation a trail: that of one that rests at the time, or another one.
func (ts *trails) give(f *flow, now int64) *trail {
	if last := len(ts.spare) - 1; last >= 0 {
		t := ts.spare[last]
		ts.spare = ts.spare[:last]
		t.owner, t.last, f.passed = f, [2]uint32{}, t
		return t
	}
	var t *trail
	for range looksForTrails {
		if ts.head == len(ts.queue) || ts.queue[ts.head].due > now {
			break
		}
		q := ts.queue[ts.head].trail
		ts.queue[ts.head].trail = nil
		ts.head++
		if q.owner != nil && (q.n == 0 || now > q.newest+q.rest) {
			t = q
			t.clear(ts)
			break
		}
		ts.enqueue(q, now+nextLook)
	}
	if t == nil {
		t = new(trail)
		t.list = t.few[:]
	}
	t.owner, t.last, f.passed = f, [2]uint32{}, t
	ts.enqueue(t, now+firstLook)
	return t
}

// resume gives the trail of n packets back to a conversation that was packed, with room for size of them.
func (ts *trails) resume(f *flow, n uint32, size int) *trail {
	var t *trail
	if ts == nil {
		t = &trail{owner: f}
		f.passed, t.list = t, t.few[:]
		ts = new(trails)
	} else {
		t = ts.give(f, math.MinInt64)
	}
	if size > fewPassed {
		t.list = ts.block(size - 1)
	}
	t.n = n
	return t
}

func (ts *trails) enqueue(t *trail, due int64) {
	if ts.head > 64 && ts.head > len(ts.queue)/2 {
		n := copy(ts.queue, ts.queue[ts.head:])
		clear(ts.queue[n:])
		ts.queue, ts.head = ts.queue[:n], 0
	}
	ts.queue = append(ts.queue, queued{t, due})
}

// take takes the trail of a conversation.
func (ts *trails) take(f *flow) {
	if t := f.trail(); t != nil {
		t.clear(ts)
		t.owner = nil
		ts.spare = append(ts.spare, t)
	}
	f.passed = nil
}

// release is for the end of the source: no more packets come.
func (ts *trails) release() {
	for _, q := range ts.queue[ts.head:] {
		q.trail.list = nil
	}
	*ts = trails{}
}

// block is room for more packets than size.
func (ts *trails) block(size int) []passed {
	list, want := &ts.mid, midPassed
	if size >= midPassed {
		list, want = &ts.most, manyPassed
	}
	last := len(*list) - 1
	if last < 0 {
		return make([]passed, want)
	}
	b := (*list)[last]
	*list = (*list)[:last]
	return b
}

func (ts *trails) free(b []passed) {
	switch len(b) {
	case midPassed:
		ts.mid = append(ts.mid, b)
	case manyPassed:
		ts.most = append(ts.most, b)
	}
}

// sender is what the packets of one end say of how far its identifications tell packets apart, and how often they are recorded.
type sender struct {
	id      uint16 // last identification; valid iff it is not 0
	notes   uint8
	firsts  uint8 // segments that take numbers, as far as counted
	seconds uint8 // of these, recorded a second time
}

const (
	idVaries   = 1 << iota // two packets in a row had different identifications
	idConstant             // two packets in a row had the same one
	heard                  // sent a packet
)

// told reports whether equal identifications mean equal packets.
// 0 and 1 are what senders write that do not number.
func (s *sender) told(id uint16) bool { return id > 1 && s.notes&(idVaries|idConstant) != idConstant }

// identified takes in the identification of a packet that is no copy.
func (s *sender) identified(id uint16) {
	if id <= 1 || s.notes&idVaries != 0 {
		return
	}
	switch s.id {
	case 0:
	case id:
		s.notes |= idConstant
	default:
		s.notes |= idVaries
		id = 0
	}
	s.id = id
}

// doubled reports whether what this end sends is recorded twice throughout.
func (s *sender) doubled() bool { return s.seconds >= 2 && 4*int(s.seconds) >= 3*int(s.firsts) }

// took counts a segment that takes numbers, or the second record of one. Old ones count for less.
func (s *sender) took(first bool) {
	if s.firsts == 255 {
		s.firsts, s.seconds = s.firsts/2, s.seconds/2
	}
	if first {
		s.firsts++
	} else if s.seconds < s.firsts {
		s.seconds++
	}
}

// A watermark is a time that no packet to come is before, as far as one can
// tell: the earliest of the last packets. Records are not always in order of time, and one may be years ahead.
type watermark struct {
	low, before int64 // earliest of the packets counted in n, and of as many before them
	n           uint32
}

const watermarkPackets = 8

func newWatermark() watermark { return watermark{low: math.MaxInt64, before: math.MinInt64} }

func (w *watermark) time() int64 { return min(w.low, w.before) }

func (w *watermark) pass(now int64) {
	w.low = min(w.low, now)
	if w.n++; w.n == watermarkPackets {
		*w = watermark{low: math.MaxInt64, before: w.low}
	}
}
