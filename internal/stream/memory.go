package stream

import "slices"

// memory gives open units their bytes, and sessions room for what they open, within a bound for all of them.
type memory struct {
	held  int      // bytes that are given out
	free  [][]byte // spare ones
	spare int      // bytes of them
}

const (
	maxHeld = 8 << 20 // of one Applications
	// maxOpened is the bound when something is opened: the longest message, what was encrypted in it and what that decompresses to.
	maxOpened = 4 * maxWhole
	maxSpare  = 16
	minBlock  = 4 << 10
)

// grow makes b n bytes long, the new ones zero; nil when there is no room for it. opened says that the higher bound holds.
func (m *memory) grow(b []byte, n int, opened bool) []byte {
	if n <= len(b) {
		return b
	}
	if n > cap(b) {
		size, most := max(minBlock, 2*cap(b), n), maxHeld
		if opened {
			size, most = max(n, min(size, maxWhole)), maxOpened
		}
		if m.held-cap(b)+size > most {
			return nil
		}
		bigger := m.take(size)[:len(b)]
		copy(bigger, b)
		m.give(b)
		b = bigger
	}
	at := len(b)
	b = b[:n]
	clear(b[at:])
	return b
}

func (m *memory) take(size int) []byte {
	for i, b := range m.free {
		if cap(b) >= size {
			m.free = slices.Delete(m.free, i, i+1)
			m.spare -= cap(b)
			m.held += cap(b)
			return b[:0]
		}
	}
	m.held += size
	return make([]byte, 0, size)
}

// give returns the bytes of a unit.
func (m *memory) give(b []byte) {
	if cap(b) == 0 {
		return
	}
	m.held -= cap(b)
	if len(m.free) < maxSpare && m.spare+cap(b) <= maxHeld {
		m.free = append(m.free, b[:0])
		m.spare += cap(b)
	}
}

// room is the memory for what a session opens of a unit. It is taken back with the segment.
type room Applications

// Room is n bytes; nil when there is no room for them.
func (r *room) Room(n int) []byte {
	if n < 0 || n > maxOpened-r.memory.held {
		return nil
	}
	b := r.memory.take(max(n, minBlock))
	r.spent = append(r.spent, b)
	return b[:n]
}
