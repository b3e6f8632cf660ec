package etl

import "math/bits"

// merge orders open buffers by their next record: a binary heap whose entries
// hold the key, so that finding the next one does not touch the buffers.
type merge struct {
	heap    []entry
	cursors []*cursor // by entry.slot
	unused  []*cursor // cursors outside of the heap, to be taken again
}

// entry is one open buffer. Its key is (due, off).
type entry struct {
	due  int64 // time stamp of its next record
	off  int64 // of the buffer in the file
	slot int   // index of merge.cursors
}

func (e *entry) less(o *entry) bool {
	if e.due != o.due {
		return e.due < o.due
	}
	return e.off < o.off
}

// later is 1 when o comes before e, else 0, without a branch: which of two
// children comes first is a coin toss that no processor predicts.
func (e *entry) later(o *entry) int {
	const sign = 1 << 63
	_, borrow := bits.Sub64(uint64(o.off), uint64(e.off), 0) // offsets are not negative
	_, borrow = bits.Sub64(uint64(o.due)^sign, uint64(e.due)^sign, borrow)
	return int(borrow)
}

// first is the cursor with the earliest record. The heap is not empty.
func (m *merge) first() *cursor { return m.cursors[m.heap[0].slot] }

// cursor is a cursor that is not in the heap yet.
func (m *merge) cursor() *cursor {
	if n := len(m.unused); n > 0 {
		c := m.unused[n-1]
		m.unused = m.unused[:n-1]
		*c = cursor{slot: c.slot}
		return c
	}
	c := &cursor{slot: len(m.cursors)}
	m.cursors = append(m.cursors, c)
	return c
}

// add puts a cursor into the heap.
func (m *merge) add(c *cursor) {
	e := entry{due: c.due, off: c.off, slot: c.slot}
	m.heap = append(m.heap, e)
	m.up(len(m.heap)-1, e)
}

// up puts e at place i or above it.
func (m *merge) up(i int, e entry) {
	for i > 0 {
		parent := (i - 1) / 2
		if !e.less(&m.heap[parent]) {
			break
		}
		m.heap[i] = m.heap[parent]
		i = parent
	}
	m.heap[i] = e
}

// replaceFirst sets the time of the first entry, which is not before what it was.
func (m *merge) replaceFirst(due int64) {
	e := m.heap[0]
	e.due = due
	m.down(e)
}

// removeFirst takes the first entry out.
func (m *merge) removeFirst() {
	m.unused = append(m.unused, m.first())
	last := len(m.heap) - 1
	e := m.heap[last]
	m.heap = m.heap[:last]
	if last > 0 {
		m.down(e)
	}
}

// down puts e in the place of the first entry. A buffer often has several
// records before the next buffer's turn: then e stays. Otherwise the place
// goes down to a leaf along the earlier children, and e rises from there.
func (m *merge) down(e entry) {
	h := m.heap
	n := len(h)
	if (n < 2 || e.less(&h[1])) && (n < 3 || e.less(&h[2])) {
		h[0] = e
		return
	}
	i := 0
	for {
		child := 2*i + 1
		if child+1 >= n {
			if child < n {
				h[i] = h[child]
				i = child
			}
			break
		}
		child += h[child].later(&h[child+1])
		h[i] = h[child]
		i = child
	}
	m.up(i, e)
}
