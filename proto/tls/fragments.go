package tls

import (
	"cmp"
	"slices"
)

// fragments puts the handshake messages of one side together (RFC 6347, 4.2.3). Fragments may overlap, come again, and in any order.
type fragments struct {
	open []partial
	held int // bytes of them
}

// A partial is a message that is not whole.
type partial struct {
	seq    uint16
	kind   byte
	len    int
	pieces []piece // in the order of their places
}

// A piece is a fragment without its header.
type piece struct {
	from int
	data []byte
}

const (
	// maxPartials bounds the messages of a side that are put together at a time; the oldest is given up.
	maxPartials = 8
	// maxPieces bounds the fragments of one message.
	maxPieces = 1024
)

// take takes in a fragment, and returns the message that is whole with it, with a header as if it had come in one: that is what is hashed.
// It is not to be kept when the fragment is all of it.
func (f *fragments) take(b []byte, m *Message) (said []byte, ok bool) {
	if !m.Part {
		f.drop(m.Seq)
		return b, true
	}
	if m.Len > maxPartial || m.FragOff+m.FragLen > m.Len {
		return nil, false
	}
	i := slices.IndexFunc(f.open, func(p partial) bool { return p.seq == m.Seq })
	if i >= 0 && (f.open[i].kind != m.Type || f.open[i].len != m.Len || len(f.open[i].pieces) >= maxPieces) { // of another handshake
		f.drop(m.Seq)
		i = -1
	}
	for i < 0 && (len(f.open) >= maxPartials || f.held > maxPartial) && len(f.open) > 0 {
		f.drop(f.open[0].seq)
	}
	if i < 0 {
		f.open = append(f.open, partial{seq: m.Seq, kind: m.Type, len: m.Len})
		i = len(f.open) - 1
	}
	p := &f.open[i]
	at, known := slices.BinarySearchFunc(p.pieces, m.FragOff, func(p piece, off int) int { return cmp.Compare(p.from, off) })
	data := b[fragmentHeader:]
	switch {
	case !known:
		p.pieces = slices.Insert(p.pieces, at, piece{m.FragOff, slices.Clone(data)})
		f.held += len(data)
	case len(data) > len(p.pieces[at].data):
		f.held += len(data) - len(p.pieces[at].data)
		p.pieces[at].data = slices.Clone(data)
	}
	if !p.whole() {
		return nil, false
	}
	said = make([]byte, fragmentHeader+m.Len)
	copy(said, b[:6])
	copy(said[9:], b[1:4])
	for _, one := range p.pieces {
		copy(said[fragmentHeader+one.from:], one.data)
	}
	f.drop(m.Seq)
	return said, true
}

// whole reports whether nothing is missing.
func (p *partial) whole() bool {
	end := 0
	for _, one := range p.pieces {
		if one.from > end {
			return false
		}
		end = max(end, one.from+len(one.data))
	}
	return end == p.len
}

// drop forgets a message.
func (f *fragments) drop(seq uint16) {
	for i := range f.open {
		if f.open[i].seq == seq {
			for _, one := range f.open[i].pieces {
				f.held -= len(one.data)
			}
			f.open = slices.Delete(f.open, i, i+1)
			return
		}
	}
}
