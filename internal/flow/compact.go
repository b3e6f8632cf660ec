package flow

import (
	"iter"

	"github.com/wiretale/wiretale/proto"
)

// Compact makes the tracker keep conversations packed that had no segment for
// a while, for captures with millions of them: one or two hundred bytes
// instead of 1,300. A late segment unpacks its conversation again, so nothing
// is said differently.
//
// A conversation that a [Sighting] points at then stays in place only until
// [Tracker.Add] is called again. Call it before the first packet.
func (t *Tracker) Compact() { t.compact, t.cold.least, t.cold.floor = true, leastLive, leastLive }

// All yields every conversation in order of its first packet. One that is
// packed is unpacked into memory that the next one reuses.
func (t *Tracker) All() iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		scratch := new(tcpFlow)
		for i, c := range t.convs {
			if c == nil {
				*scratch = tcpFlow{}
				c = t.unpacked(i, scratch)
				scratch.release(&t.blocks)
				t.trails.take(&scratch.flow)
			}
			if !yield(c) {
				return
			}
		}
	}
}

// A cold is the packed conversations of a tracker, and the memory of the others.
type cold struct {
	places [][]stowed // by ID, in blocks: a list of millions that grows leaves as much behind as it holds
	chunks [][]byte
	buffer []byte
	start  int64      // time of the first one that was packed
	live   []*tcpFlow // not packed
	hand   int        // in live: what is looked at next
	least  int        // so many stay as they are: more where many that were packed are needed again
	floor  int        // and never fewer
	begun  int        // conversations since least was last lowered
	spare  []*tcpFlow // memory of packed ones
}

const (
	// leastLive is how many conversations are never packed: those that segments come for.
	leastLive = 64
	// patience is how many conversations begin before one less stays as it is. Each that is
	// unpacked lets one more stay, so that those that segments come for are not packed in turn.
	patience = 8
	// looks is how many conversations are looked at when another begins: each takes two
	// looks at least, and those that go on more.
	looks = 4
	// maxLeft is how many unacknowledged segments a conversation may have and be packed.
	maxLeft   = 64
	chunkSize = 1 << 18
)

// stowed is where the bytes of a packed conversation are.
type stowed struct {
	chunk, offset uint32
	traits        Trait
}

const placesLen = 512

// place is that of conversation id.
func (c *cold) place(id int) *stowed {
	for len(c.places) <= id/placesLen {
		c.places = append(c.places, make([]stowed, placesLen))
	}
	return &c.places[id/placesLen][id%placesLen]
}

// bytes are those of packed conversation id and of what was packed after it.
func (c *cold) bytes(id int) []byte {
	at := c.place(id)
	return c.chunks[at.chunk][at.offset:]
}

// head is what can be read of a packed conversation at once.
func (c *cold) head(id int) (h head) {
	p := packer{b: c.bytes(id), reading: true}
	p.head(&h)
	return h
}

// take is memory for a conversation.
func (c *cold) take() *tcpFlow {
	last := len(c.spare) - 1
	if last < 0 {
		return new(tcpFlow)
	}
	f := c.spare[last]
	c.spare = c.spare[:last]
	echoes := f.echoes
	for i := range f.flow.Dir {
		if s := f.flow.Dir[i].EchoRTT; s != nil {
			echoes[i] = s
		}
	}
	*f = tcpFlow{echoes: echoes}
	return f
}

// relax lets fewer stay as they are when conversations begin.
func (c *cold) relax() {
	if c.begun++; c.begun >= patience && c.least > c.floor {
		c.begun = 0
		c.least--
	}
}

// sweep packs conversations that had no segment since it last came by.
func (t *Tracker) sweep(looks int) {
	c := &t.cold
	for range looks {
		if len(c.live) <= c.least {
			return
		}
		if c.hand >= len(c.live) {
			c.hand = 0
		}
		f := c.live[c.hand]
		if f.touched || !t.pack(f) {
			f.touched = false
			c.hand++
			continue
		}
		last := len(c.live) - 1
		c.live[c.hand], c.live[last] = c.live[last], nil
		c.live = c.live[:last]
	}
}

// pack packs a conversation; false when it must stay as it is.
func (t *Tracker) pack(f *tcpFlow) bool {
	if f.side[0].unacked.n+f.side[1].unacked.n > maxLeft {
		return false
	}
	if p := f.flow.trail(); p != nil {
		p.forget(t.clock.time(), f.flow.patience())
	}
	t.settle(f.entry, &f.flow)
	c := &t.cold
	if len(c.chunks) == 0 {
		c.start = f.flow.First.Time
	}
	p := packer{b: c.buffer[:0], start: c.start}
	p.conversation(f)
	c.buffer = p.b
	last := len(c.chunks) - 1
	if last < 0 || len(c.chunks[last])+len(p.b) > chunkSize {
		c.chunks = append(c.chunks, make([]byte, 0, max(chunkSize, len(p.b))))
		last++
	}
	*c.place(f.flow.ID) = stowed{uint32(last), uint32(len(c.chunks[last])), f.flow.Traits()}
	c.chunks[last] = append(c.chunks[last], p.b...)
	t.convs[f.flow.ID] = nil
	if f.entry.flow == &f.flow {
		f.entry.flow = nil
	}
	f.release(&t.blocks)
	t.trails.take(&f.flow)
	c.spare = append(c.spare, f)
	return true
}

// unpacked is packed conversation id, put into f.
func (t *Tracker) unpacked(id int, f *tcpFlow) *Conversation {
	p := packer{b: t.cold.bytes(id), reading: true, start: t.cold.start, blocks: &t.blocks, trails: &t.trails}
	p.conversation(f)
	f.flow.tcp = f
	c := &f.flow.Conversation
	c.ID, c.Proto, c.TCP = id, proto.TCP, &f.info
	return c
}

// live is the newest conversation of a pair, unpacked when it is not; nil when there was none.
func (t *Tracker) live(e *entry) *flow {
	if e.flow != nil || !t.compact || e.id == 0 {
		return e.flow
	}
	t.sweep(looks)
	if t.cold.floor > 0 {
		t.cold.least++
	}
	f := t.cold.take()
	t.convs[e.id-1] = t.unpacked(int(e.id-1), f)
	t.follow(e, f)
	e.flow = &f.flow
	return e.flow
}

// follow notes a conversation that is not packed.
func (t *Tracker) follow(e *entry, f *tcpFlow) {
	if t.compact {
		f.entry, f.touched = e, true
		t.cold.live = append(t.cold.live, f)
	}
}
