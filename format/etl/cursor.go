package etl

import "github.com/wiretale/wiretale/internal/xca/lz"

// cursor is a buffer and a place in it. Places count from the first byte
// behind the buffer's header, decompressed.
type cursor struct {
	off        int64    // of the buffer in the file
	data       []byte   // its bytes from start on; nil when they were given back
	start, pos int      // place of data[0], of the record
	shape      shape    // of the record
	due        int64    // time of the record in ticks of the first section; never less than the one before
	section    *section // nil for the first one
	slot       int      // its place in the merge
	cpu        uint16
	compressed bool
	whole      bool // data goes to the end of the buffer
}

// offset is where the cursor's record lies in the file; for a compressed buffer, where the buffer does.
func (c *cursor) offset() int64 {
	if c.compressed {
		return c.off
	}
	return c.off + bufferHeaderLen + int64(c.pos)
}

// look looks at the record at the cursor.
func (c *cursor) look() verdict {
	b := c.data[min(c.pos-c.start, len(c.data)):]
	v := look(b, &c.shape)
	if v != good {
		if v == end && !c.whole && len(b) < minRecord {
			return short
		}
		return v
	}
	if !c.shape.timed {
		return good
	}
	t := c.shape.time
	if c.section != nil {
		t = c.section.due(t)
	}
	if c.pos == 0 || t > c.due {
		c.due = t
	}
	return good
}

// begin sets the section, and the time of a first record that has none.
func (c *cursor) begin(r *Reader) {
	c.section, c.due = r.enter(c.off), r.section.base
	if c.section != nil {
		c.due = c.section.base
	}
}

// holds reports whether the record, looked at before, is in the bytes that are there.
func (c *cursor) holds() bool { return c.pos-c.start+c.shape.size <= len(c.data) }

// skip moves behind the record: records are padded to 8 bytes.
func (c *cursor) skip() { c.pos += (c.shape.size + 7) &^ 7 }

const (
	// budget bounds the bytes of the open buffers, a few KB for each of them excepted.
	budget = 64 << 20
	// grain is the unit of windows, so that one's memory serves for another.
	grain = 4 << 10
)

// memory counts and reuses the bytes of open buffers.
type memory struct {
	limit  int64 // for held
	held   int64 // bytes of the open buffers
	pool   [][]byte
	pooled int64
}

// giveBack takes a cursor's bytes.
func (m *memory) giveBack(c *cursor) {
	if c.data != nil {
		m.held -= int64(cap(c.data))
		m.put(c.data)
		c.data = nil
	}
}

// put keeps bytes for the next one who takes some, a few of them.
func (m *memory) put(b []byte) {
	if cap(b) > 0 && len(m.pool) < 64 && m.pooled+int64(cap(b)) <= m.limit/8 {
		m.pool = append(m.pool, b[:0])
		m.pooled += int64(cap(b))
	}
}

// take returns memory for about n bytes, maybe less: what the pool has.
func (m *memory) take(n int) []byte {
	for i := len(m.pool) - 1; i >= 0; i-- {
		if b := m.pool[i]; cap(b) >= n && cap(b) <= 2*n+grain {
			last := len(m.pool) - 1
			m.pool[i] = m.pool[last]
			m.pool = m.pool[:last]
			m.pooled -= int64(cap(b))
			return b
		}
	}
	return nil
}

// refill reads the bytes of a cursor's buffer: all of them when as many
// buffers of its size fit the budget as are open, else a window from the
// record on, which holds it whole. It fails when there are none.
func (r *Reader) refill(c *cursor) bool {
	r.memory.giveBack(c)
	r.enter(c.off)
	h, err := r.header(c.off) // what is wrong was noted by scan
	if err != nil {
		return false
	}
	c.cpu, c.compressed = h.cpu, h.compressed()
	total := int(h.payload())
	window := max(r.share(), c.shape.size+minRecord)
	if total <= window {
		c.start, c.whole = 0, true
		r.makeRoom(total)
		c.data, _ = r.load(c.off, h, r.memory.take(total+lz.Slack), total)
	} else {
		c.start, c.whole = c.pos, c.pos+window >= total
		r.makeRoom(window)
		c.data = r.window(c, h, min(window, total-c.pos))
	}
	r.memory.held += int64(cap(c.data))
	return c.data != nil
}

// window reads n bytes of a buffer from the cursor's place on. When the
// buffer has fewer than it claims, it sets that they go to its end.
func (r *Reader) window(c *cursor, h bufferHeader, n int) []byte {
	if n <= 0 {
		return nil
	}
	if !h.compressed() {
		return r.plainWindow(c, n)
	}
	all, _ := r.load(c.off, h, r.wide, c.pos+n)
	if cap(all) > cap(r.wide) {
		r.wide = all
	}
	if len(all) < c.pos+n {
		c.whole = true
	}
	if len(all) <= c.pos {
		return nil
	}
	return append(r.memory.take(n), all[c.pos:]...)
}

// plainWindow is window for a buffer that is not compressed: what lies before is not read again.
func (r *Reader) plainWindow(c *cursor, n int) []byte {
	at := c.off + bufferHeaderLen + int64(c.pos)
	if there := r.size - at; there < int64(n) {
		n, c.whole = int(max(there, 0)), true
	}
	data, _ := r.read(at, r.memory.take(n), n)
	return data
}

// share is what the budget leaves to each open buffer.
func (r *Reader) share() int {
	n := int(r.memory.limit) / (len(r.open.heap) + 1)
	return max(n&^(grain-1), grain)
}

// makeRoom gives back the bytes of open buffers until n more fit the budget,
// from the end of the heap, where those are whose turn is far away.
func (r *Reader) makeRoom(n int) {
	if r.memory.held+int64(n) <= r.memory.limit {
		return
	}
	heap := r.open.heap
	for i := len(heap) - 1; i > 0 && r.memory.held+int64(n) > r.memory.limit/8*7; i-- {
		r.memory.giveBack(r.open.cursors[heap[i].slot])
	}
}
