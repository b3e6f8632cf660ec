package flow

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"weak"

	"github.com/wiretale/wiretale/proto"
)

// Conversations are those of a case, in order of their number. Most are
// packed: they are unpacked one at a time, when somebody looks at them, and
// stay so as long as somebody keeps them. The same number gives the same
// pointer meanwhile, so that conversations may be compared and be keys of maps.
type Conversations struct {
	parts []*part // in order
	n     int
}

// A part is the conversations of one source.
type part struct {
	source  int   // of packed ones
	first   int   // number of the first one
	refs    []ref // by number, from first on
	traits  []Trait
	streams []int32         // valid where packed
	colds   []*cold         // who packed
	live    []*Conversation // those that are not packed

	mu    sync.Mutex
	kept  map[int]weak.Pointer[Conversation] // unpacked ones that somebody may have
	purge int                                // so many in kept are worth a look for dead ones
}

// A ref says where a conversation is: bytes in a chunk of a cold, or an index in live.
type ref uint64

const refLive ref = 1 << 63

func refPacked(cold, chunk, offset int) ref {
	return ref(cold)<<56 | ref(chunk)<<32 | ref(offset)
}

func (r ref) live() bool  { return r&refLive != 0 }
func (r ref) index() int  { return int(r &^ refLive) }
func (r ref) cold() int   { return int(r >> 56) }
func (r ref) chunk() int  { return int(r >> 32 & 0xffffff) }
func (r ref) offset() int { return int(uint32(r)) }
func (p *part) end() int  { return p.first + len(p.refs) }
func newPart(n int) *part { return &part{refs: make([]ref, 0, n), traits: make([]Trait, 0, n)} }

// List is a list of the conversations given, whatever their numbers.
func List(convs ...*Conversation) Conversations {
	return Conversations{parts: []*part{listed(convs)}, n: len(convs)}
}

func listed(convs []*Conversation) *part {
	p := newPart(len(convs))
	p.live = convs
	for i, c := range convs {
		p.refs = append(p.refs, refLive|ref(i))
		p.traits = append(p.traits, c.Traits())
	}
	return p
}

// Add appends what the tracker of one more source found. Numbers become unique.
func (c *Conversations) Add(t *Tracker) {
	p := t.part()
	p.first = c.n
	for i, r := range p.refs {
		if r.live() {
			p.live[r.index()].ID = p.first + i
		}
	}
	c.parts = append(c.parts, p)
	c.n = p.end()
}

// Len is how many there are.
func (c Conversations) Len() int { return c.n }

// At is the one at place i. Of a case that was not filtered, that is the one with the ID i.
func (c Conversations) At(i int) *Conversation {
	for _, p := range c.parts {
		if i < p.end() {
			return p.at(i - p.first)
		}
	}
	panic("flow: no such conversation")
}

// All yields all of them in order. They may be kept. Where traits can tell, [Conversations.With] is faster.
func (c Conversations) All() iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		for _, p := range c.parts {
			for i := range p.refs {
				if !yield(p.at(i)) {
					return
				}
			}
		}
	}
}

// With yields, in order, those that have any of the traits. They may be kept.
func (c Conversations) With(any Trait) iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		for _, p := range c.parts {
			for i, t := range p.traits {
				if t&any != 0 && !yield(p.at(i)) {
					return
				}
			}
		}
	}
}

// Between yields, in order, the TCP conversations between addresses that want
// asks for; Ends[0] of the conversation is a. They may be kept.
func (c Conversations) Between(want func(source int, a, b netip.Addr) bool) iter.Seq[*Conversation] {
	return func(yield func(*Conversation) bool) {
		for _, p := range c.parts {
			for i, r := range p.refs {
				if source, ends, ok := p.ends(r); ok && want(source, ends[0].Addr(), ends[1].Addr()) && !yield(p.at(i)) {
					return
				}
			}
		}
	}
}

// Alike yields the numbers of the TCP conversations of a source that have the ends of one, that one too. None is unpacked.
func (c Conversations) Alike(as *Conversation) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, p := range c.parts {
			for i, r := range p.refs {
				source, ends, ok := p.ends(r)
				if ok && source == as.Source && (ends == as.Ends || ends[0] == as.Ends[1] && ends[1] == as.Ends[0]) && !yield(p.first+i) {
					return
				}
			}
		}
	}
}

// ends are those of a TCP conversation; not ok for another one.
func (p *part) ends(r ref) (source int, ends [2]netip.AddrPort, ok bool) {
	if r.live() {
		c := p.live[r.index()]
		return c.Source, c.Ends, c.TCP != nil
	}
	k := packer{b: p.colds[r.cold()].chunks[r.chunk()][r.offset():], reading: true}
	var h head
	k.head(&h)
	k.ends(&h)
	return p.source, h.ends, true
}

// Busiest are the n conversations with the most bytes in both directions, the first of equal ones first.
func (c Conversations) Busiest(n int) []*Conversation {
	type measured struct {
		place int
		bytes int64
	}
	var top []measured // in order
	for _, p := range c.parts {
		for i := range p.refs {
			m := measured{p.first + i, p.bytes(i)}
			if len(top) == n && m.bytes <= top[n-1].bytes {
				continue
			}
			at, _ := slices.BinarySearchFunc(top, m, func(a, b measured) int {
				return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.place, b.place))
			})
			top = slices.Insert(top[:min(len(top), n-1)], at, m)
		}
	}
	out := make([]*Conversation, 0, len(top))
	for _, m := range top {
		out = append(out, c.At(m.place))
	}
	return out
}

func (p *part) bytes(i int) int64 {
	if r := p.refs[i]; !r.live() {
		return p.head(r).bytes
	}
	c := p.live[p.refs[i].index()]
	return c.Dir[0].Bytes + c.Dir[1].Bytes
}

func (p *part) head(r ref) head {
	k := packer{b: p.colds[r.cold()].chunks[r.chunk()][r.offset():], reading: true}
	var h head
	k.head(&h)
	return h
}

// An unpacked conversation is all that is told of it, without the state of its analysis.
type unpacked struct {
	conv Conversation
	tcp  TCP
}

// at is the conversation at a place of the part.
func (p *part) at(i int) *Conversation {
	r := p.refs[i]
	if r.live() {
		return p.live[r.index()]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.kept[i].Value(); c != nil {
		return c
	}
	from := p.colds[r.cold()]
	f := scratches.Get().(*scratch)
	defer scratches.Put(f)
	f.flow = tcpFlow{}
	k := packer{b: from.chunks[r.chunk()][r.offset():], reading: true, start: from.start, blocks: &f.blocks}
	k.conversation(&f.flow)
	f.flow.release(&f.blocks)
	u := &unpacked{f.flow.flow.Conversation, f.flow.info}
	c := &u.conv
	c.ID, c.Proto, c.TCP = p.first+i, proto.TCP, &u.tcp
	if p.streams != nil {
		c.Stream = int(p.streams[i])
	}
	p.keep(i, c)
	return c
}

// keep remembers an unpacked conversation as long as it is in use.
func (p *part) keep(i int, c *Conversation) {
	if p.kept == nil {
		p.kept, p.purge = map[int]weak.Pointer[Conversation]{}, leastPurge
	}
	if len(p.kept) >= p.purge {
		for i, w := range p.kept {
			if w.Value() == nil {
				delete(p.kept, i)
			}
		}
		p.purge = max(leastPurge, 2*len(p.kept))
	}
	p.kept[i] = weak.Make(c)
}

const leastPurge = 1 << 12

// A scratch is where conversations are unpacked.
type scratch struct {
	flow   tcpFlow
	blocks pool
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}
