package secrets

import (
	"bytes"
	"fmt"
	"hash/maphash"
)

// A shelf holds the secrets of one kind: a key log may have a million of them. What they belong to and they themselves lie behind one another in chunks,
// entries have their places, and an index finds an entry by a hash of what it belongs to.
type shelf struct {
	chunks  [][]byte
	entries []entry
	index   map[uint64]uint32 // the last entry with a hash, counted from 1
}

// An entry is one secret.
type entry struct {
	chunk, off uint32 // where what it belongs to begins; the secret follows
	of, value  uint32 // lengths, bytes
	text, line uint32 // where it is from: see place
	next       uint32 // the entry before it with the same hash, counted from 1; 0 for none
}

// A place is where a secret is from: a text, and a line, 0 for none.
type place struct {
	text string
	line int
}

func (p place) String() string {
	if p.line == 0 {
		return p.text
	}
	return fmt.Sprintf("%s, line %d", p.text, p.line)
}

const (
	leastChunk = 1 << 10
	mostChunk  = 1 << 16
)

// seed is that of the hashes: nobody can choose names that have the same.
var seed = maphash.MakeSeed()

// find is the entry for what a secret belongs to, nil without one. A nil shelf has none.
func (s *shelf) find(of []byte) *entry {
	if s == nil {
		return nil
	}
	for i := s.index[maphash.Bytes(seed, of)]; i > 0; i = s.entries[i-1].next {
		if e := &s.entries[i-1]; bytes.Equal(s.of(e), of) {
			return e
		}
	}
	return nil
}

func (s *shelf) of(e *entry) []byte { return s.chunks[e.chunk][e.off:][:e.of:e.of] }

func (s *shelf) value(e *entry) []byte { return s.chunks[e.chunk][e.off+e.of:][:e.value:e.value] }

// put adds a secret, in the place of one that is there for the same. It reports whether there was none.
func (s *shelf) put(of, value []byte, text, line uint32) (first bool) {
	e := s.find(of)
	if first = e == nil; first {
		hash := maphash.Bytes(seed, of)
		if s.index == nil {
			s.index = map[uint64]uint32{}
		}
		s.entries = append(s.entries, entry{next: s.index[hash]})
		s.index[hash] = uint32(len(s.entries))
		e = &s.entries[len(s.entries)-1]
	}
	e.chunk, e.off = s.store(of, value)
	e.of, e.value, e.text, e.line = uint32(len(of)), uint32(len(value)), text, line
	return first
}

// store puts both behind one another.
func (s *shelf) store(of, value []byte) (chunk, off uint32) {
	n, last := len(of)+len(value), len(s.chunks)-1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < n {
		size := leastChunk
		if last >= 0 {
			size = min(2*cap(s.chunks[last]), mostChunk)
		}
		s.chunks = append(s.chunks, make([]byte, 0, max(size, n)))
		last++
	}
	c := &s.chunks[last]
	off = uint32(len(*c))
	*c = append(append(*c, of...), value...)
	return uint32(last), off
}
