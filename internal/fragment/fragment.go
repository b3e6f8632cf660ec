// Package fragment counts the datagrams that come in fragments, and those of which some never come (RFC 791, 2.3; RFC 8200, 4.5).
//
// What has come of a datagram is told by the headers alone, so that fragments
// that were cut when they were captured count as well.
package fragment

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

const (
	// Patience is how long after its first fragment a datagram is not complete any more: fragments leave one behind another.
	Patience = 5 * time.Second
	// maxOpen bounds the datagrams of that time, maxWays the pairs that are followed, and maxExamples what is kept of one.
	maxOpen     = 32768
	maxWays     = 4096
	maxExamples = 20
)

// A Way is the fragmented datagrams of one protocol that one address sends another.
type Way struct {
	Src, Dst netip.Addr
	Protocol uint8 // of the datagrams, as the fragments name it
	// Complete datagrams came as a whole. Of Incomplete ones a part never came: of FirstOnly all but the fragment at offset 0, of NoFirst that one.
	Complete, Incomplete, FirstOnly, NoFirst int64
	Examples                                 []Partial // the first few incomplete ones
}

// A Partial is an incomplete datagram.
type Partial struct {
	First, Last flow.Moment // of its fragments
	Fragments   int
	Bytes, Of   int // payload that came, and of how much; Of is 0 when the last fragment is among what is missing
	HasFirst    bool
}

type key struct {
	src, dst netip.Addr
	id       uint32
	protocol uint8
	vlan     int
}

type wayKey struct {
	src, dst netip.Addr
	protocol uint8
}

// An open is a datagram whose fragments may still come: copies of them, when it is complete.
type open struct {
	key key
	Partial
	done bool
}

// A Recorder follows one source. The zero value is ready.
type Recorder struct {
	Ways []*Way // in order of the first datagram that was settled
	ways map[wayKey]*Way
	open map[key]*open
	row  []*open // by their first fragment
	head int     // of the row: what is before it was settled
}

// Add looks at a packet, in the order of the source. A packet that is no fragment costs a look at its flags.
func (r *Recorder) Add(p *packet.Packet) {
	if p.Flags&(packet.Fragment|packet.Reassembled) == 0 {
		return
	}
	f, ok := read(p)
	if !ok {
		return
	}
	now := flow.Moment{Pos: p.Record.Pos, Time: p.Record.Time}
	r.expire(now.Time)
	o := r.open[f.key]
	if o == nil {
		if len(r.open) >= maxOpen {
			return
		}
		if r.open == nil {
			r.open = map[key]*open{}
		}
		o = &open{key: f.key, Partial: Partial{First: now}}
		r.open[f.key] = o
		r.row = append(r.row, o)
	}
	if o.done {
		return
	}
	o.Last = now
	o.Fragments++
	o.Bytes += f.length
	o.HasFirst = o.HasFirst || f.offset == 0
	if !f.more {
		o.Of = f.offset + f.length
	}
	if p.Flags&packet.Reassembled != 0 || o.Of > 0 && o.Bytes >= o.Of {
		o.done = true
		if w := r.way(f.key); w != nil {
			w.Complete++
		}
	}
}

// expire settles what has waited for long enough.
func (r *Recorder) expire(now int64) {
	for r.head < len(r.row) && now-r.row[r.head].First.Time >= int64(Patience) {
		o := r.row[r.head]
		delete(r.open, o.key)
		if !o.done {
			r.settle(o)
		}
		r.head++
	}
	if 2*r.head > len(r.row) {
		r.row = slices.Delete(r.row, 0, r.head)
		r.head = 0
	}
}

func (r *Recorder) settle(o *open) {
	w := r.way(o.key)
	if w == nil {
		return
	}
	w.Incomplete++
	switch {
	case !o.HasFirst:
		w.NoFirst++
	case o.Fragments == 1:
		w.FirstOnly++
	}
	if len(w.Examples) < maxExamples {
		w.Examples = append(w.Examples, o.Partial)
	}
}

func (r *Recorder) way(k key) *Way {
	at := wayKey{k.src, k.dst, k.protocol}
	w := r.ways[at]
	if w == nil && len(r.ways) < maxWays {
		if r.ways == nil {
			r.ways = map[wayKey]*Way{}
		}
		w = &Way{Src: k.src, Dst: k.dst, Protocol: k.protocol}
		r.ways[at] = w
		r.Ways = append(r.Ways, w)
	}
	return w
}

// End settles what has waited for too long at the last moment of the source. Call it once, after the last packet.
func (r *Recorder) End(last int64) {
	r.expire(last)
	r.open, r.row, r.ways = nil, nil, nil
}

// SoFar is what End would leave, while the recorder goes on.
func (r *Recorder) SoFar(last int64) Recorder {
	out := Recorder{ways: map[wayKey]*Way{}, open: map[key]*open{}, row: slices.Clone(r.row[r.head:])}
	for _, w := range r.Ways {
		one := *w
		one.Examples = slices.Clone(w.Examples)
		out.Ways = append(out.Ways, &one)
		out.ways[wayKey{w.Src, w.Dst, w.Protocol}] = &one
	}
	out.End(last)
	return out
}

// A piece is what the headers of a fragment say.
type piece struct {
	key
	offset, length int
	more           bool
}

// read reads the innermost fragment of a packet; not ok when its lengths contradict each other.
func read(p *packet.Packet) (f piece, ok bool) {
	at6 := -1
	for i := range p.N {
		if p.Layers[i].Quoted {
			break
		}
		switch p.Layers[i].Proto {
		case proto.IPv4:
			if v, fragmented := read4(p, p.Bytes(i)); fragmented {
				f, ok = v, true
			}
		case proto.IPv6:
			at6 = i
		case proto.IPv6Fragment:
			if v, fragmented := read6(p, at6, i); fragmented {
				f, ok = v, true
			}
		}
	}
	return f, ok
}

func read4(p *packet.Packet, b []byte) (f piece, ok bool) {
	if len(b) < 20 {
		return f, false
	}
	be := binary.BigEndian
	header, total, word := int(b[0]&15)*4, int(be.Uint16(b[2:])), be.Uint16(b[6:])
	f = piece{offset: int(word&0x1fff) * 8, length: total - header, more: word&0x2000 != 0}
	f.key = key{netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), uint32(be.Uint16(b[4:])), b[9], p.VLAN}
	return f, f.length > 0 && (f.offset > 0 || f.more)
}

func read6(p *packet.Packet, at, i int) (f piece, ok bool) {
	if at < 0 || p.Layers[at].Assembled != p.Layers[i].Assembled {
		return f, false
	}
	h, b := p.Bytes(at), p.Bytes(i)
	if len(h) < 40 || len(b) < 8 {
		return f, false
	}
	be := binary.BigEndian
	word := be.Uint16(b[2:])
	f = piece{offset: int(word &^ 7), more: word&1 != 0}
	f.length = int(p.Layers[at].Off) + 40 + int(be.Uint16(h[4:])) - int(p.Layers[i].Off) - 8
	f.key = key{netip.AddrFrom16([16]byte(h[8:24])), netip.AddrFrom16([16]byte(h[24:40])), be.Uint32(b[4:]), b[0], p.VLAN}
	return f, f.length > 0 && (f.offset > 0 || f.more)
}
