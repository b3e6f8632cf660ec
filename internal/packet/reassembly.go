package packet

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"github.com/wiretale/wiretale/trace"
)

// Limits of reassembly. Fragments that would break them are not kept: a
// flood of fragments costs this much memory and no more.
const (
	maxDatagram      = 65535            // payload bytes of one datagram
	maxPieces        = 2048             // fragments of one datagram
	maxKept          = 4 * maxDatagram  // bytes of the fragments of one datagram, overlaps counted each time
	maxFragmentBytes = 4 << 20          // bytes of all incomplete datagrams, with what it takes to keep them
	fragmentTimeout  = 60 * time.Second // RFC 8200, 4.5
	pieceCost        = 12
	datagramCost     = 256
)

// fragKey names a datagram: RFC 791, 2.3, and RFC 8200, 4.5 (which leaves out the protocol).
type fragKey struct {
	addrs [32]byte
	id    uint32
	proto uint8
	v6    bool
	vlan  int
}

// A piece is one fragment: data[at:at+n] of its datagram belongs at off.
type piece struct {
	off, n, at int32
}

// A datagram is what has come of one. Pieces are sorted by offset, equal ones by arrival.
type datagram struct {
	key        fragKey
	first      int64 // time of the fragment that came first
	data       []byte
	pieces     []piece
	sum        int   // bytes of all pieces
	total      int   // -1 until the last fragment has come
	next       uint8 // protocol that the fragment at offset 0 names
	nextFrom0  bool
	newer, old *datagram
}

// fragments keeps incomplete datagrams, in the order in which they began.
type fragments struct {
	byKey          map[fragKey]*datagram
	oldest, newest *datagram
	bytes          int
	spare          *datagram // one dropped datagram, for its memory
}

// add keeps one fragment. It returns the datagram when that is complete now,
// and false when the fragment was not kept.
func (f *fragments) add(k fragKey, b []byte, off int, more bool, next uint8, now int64) (*datagram, bool) {
	g := f.byKey[k]
	if off+len(b) > maxDatagram || g != nil && (len(g.pieces) >= maxPieces || len(g.data)+len(b) > maxKept) {
		return nil, false
	}
	if g == nil {
		g = f.begin(k, now)
	}
	for f.bytes+len(b)+pieceCost > maxFragmentBytes {
		if f.oldest == g {
			return nil, false
		}
		f.drop(f.oldest)
	}
	g.insert(piece{off: int32(off), n: int32(len(b)), at: int32(len(g.data))})
	g.data = append(g.data, b...)
	g.sum += len(b)
	f.bytes += len(b) + pieceCost
	if off == 0 || !g.nextFrom0 {
		g.next, g.nextFrom0 = next, off == 0
	}
	if !more && g.total < 0 {
		g.total = off + len(b)
	}
	if g.complete() {
		return g, true
	}
	return nil, true
}

func (f *fragments) begin(k fragKey, now int64) *datagram {
	g := f.spare
	f.spare = nil
	if g == nil {
		g = new(datagram)
	}
	*g = datagram{key: k, first: now, total: -1, data: g.data[:0], pieces: g.pieces[:0], old: f.newest}
	if f.byKey == nil {
		f.byKey = make(map[fragKey]*datagram)
	}
	f.byKey[k] = g
	if f.newest != nil {
		f.newest.newer = g
	} else {
		f.oldest = g
	}
	f.newest = g
	f.bytes += datagramCost
	return g
}

// drop forgets a datagram. Its memory serves the next one: it is valid until then.
func (f *fragments) drop(g *datagram) {
	delete(f.byKey, g.key)
	f.bytes -= datagramCost + len(g.data) + pieceCost*len(g.pieces)
	if g.old != nil {
		g.old.newer = g.newer
	} else {
		f.oldest = g.newer
	}
	if g.newer != nil {
		g.newer.old = g.old
	} else {
		f.newest = g.old
	}
	g.newer, g.old = nil, nil
	f.spare = g
}

// expire drops datagrams that began too long before now. A clock that runs backwards expires nothing.
func (f *fragments) expire(now int64) {
	for g := f.oldest; g != nil; g = f.oldest {
		if now == trace.NoTime || g.first == trace.NoTime || now-g.first <= int64(fragmentTimeout) {
			return
		}
		f.drop(g)
	}
}

func (g *datagram) insert(p piece) {
	n := len(g.pieces)
	if n == 0 || g.pieces[n-1].off <= p.off {
		g.pieces = append(g.pieces, p)
		return
	}
	at := sort.Search(n, func(i int) bool { return g.pieces[i].off > p.off })
	g.pieces = slices.Insert(g.pieces, at, p)
}

// complete reports whether the pieces cover the datagram without a gap.
func (g *datagram) complete() bool {
	if g.total < 0 || g.sum < g.total {
		return false
	}
	end := 0
	for _, p := range g.pieces {
		if int(p.off) > end {
			return false
		}
		end = max(end, int(p.off+p.n))
	}
	return end >= g.total
}

// join appends the datagram to buf. Where pieces overlap the one with the
// lower offset wins, then the one that came first, as in Wireshark; conflict
// says that they had different bytes there.
func (g *datagram) join(buf []byte) (_ []byte, conflict bool) {
	base := len(buf)
	for _, p := range g.pieces {
		b := g.data[p.at : p.at+p.n]
		if over := int(p.off) + len(b) - g.total; over > 0 { // a fragment behind the last one
			conflict = true
			b = b[:max(0, len(b)-over)]
		}
		have := len(buf) - base
		overlap := min(have-int(p.off), len(b))
		if overlap > 0 {
			at := base + int(p.off)
			conflict = conflict || !bytes.Equal(b[:overlap], buf[at:at+overlap])
			b = b[overlap:]
		}
		buf = append(buf, b...)
	}
	return buf, conflict
}
