package index

import "math/bits"

// A column holds one number of each record. Numbers lie in blocks of blockLen,
// each as its difference from the least of the block, in as many bits as the
// largest difference needs: times and offsets take some 20 to 30 bits, lengths 11, and what never changes none.
type column struct {
	blocks []block
	room   []uint64 // for the words of blocks
	tail   [blockLen]int64
	n      int
}

type block struct {
	least int64
	words []uint64 // 2 for each bit of a number
}

const (
	blockLen = 128
	// roomLen is how many words are allocated at once.
	roomLen = 4096
)

func (c *column) append(v int64) {
	c.tail[c.n%blockLen] = v
	if c.n++; c.n%blockLen == 0 {
		c.pack()
	}
}

// pack makes a block of the tail.
func (c *column) pack() {
	least, most := c.tail[0], c.tail[0]
	for _, v := range c.tail {
		least, most = min(least, v), max(most, v)
	}
	width := bits.Len64(uint64(most) - uint64(least))
	b := block{least: least}
	if width > 0 {
		b.words = c.take(width * blockLen / 64)
		packInto(b.words, &c.tail, least, width)
	}
	c.blocks = append(c.blocks, b)
}

// packInto writes the differences of numbers from the least of them one behind another, width bits each.
func packInto(words []uint64, numbers *[blockLen]int64, least int64, width int) {
	word, fill, at := uint64(0), 0, 0
	for _, v := range numbers {
		d := uint64(v) - uint64(least)
		word |= d << fill
		if fill += width; fill >= 64 {
			words[at] = word
			at++
			fill -= 64
			word = d >> (width - fill) // a shift by 64 leaves nothing
		}
	}
}

func (c *column) take(n int) []uint64 {
	if n > len(c.room) {
		c.room = make([]uint64, roomLen)
	}
	w := c.room[:n:n]
	c.room = c.room[n:]
	return w
}

// at is the number of record i, which is less than n.
func (c *column) at(i int) int64 {
	k := i / blockLen
	if k == len(c.blocks) {
		return c.tail[i%blockLen]
	}
	b := &c.blocks[k]
	width := len(b.words) * 64 / blockLen
	if width == 0 {
		return b.least
	}
	at := i % blockLen * width
	d := b.words[at/64] >> (at % 64)
	if at%64+width > 64 {
		d |= b.words[at/64+1] << (64 - at%64)
	}
	if width < 64 {
		d &= 1<<width - 1
	}
	return int64(uint64(b.least) + d)
}

// block puts the numbers of a block into out, and says how many there are.
func (c *column) block(k int, out *[blockLen]int64) int {
	if k >= len(c.blocks) {
		*out = c.tail
		return c.n - k*blockLen
	}
	b := &c.blocks[k]
	width := len(b.words) * 64 / blockLen
	mask := uint64(1)<<width - 1 // all bits of 64
	for i := range out {
		at := i * width
		d := uint64(0)
		if width > 0 {
			d = b.words[at/64] >> (at % 64)
		}
		if at%64+width > 64 {
			d |= b.words[at/64+1] << (64 - at%64)
		}
		out[i] = int64(uint64(b.least) + d&mask)
	}
	return blockLen
}

// same is the number of all records of a block that is full; false when there are several.
func (c *column) same(k int) (v int64, ok bool) {
	if k >= len(c.blocks) || len(c.blocks[k].words) > 0 {
		return 0, false
	}
	return c.blocks[k].least, true
}

// size is the memory of the column in bytes.
func (c *column) size() int {
	n := cap(c.blocks)*32 + blockLen*8 + len(c.room)*8
	for i := range c.blocks {
		n += len(c.blocks[i].words) * 8
	}
	return n
}

// A bitset is one bit for each of some places, with the counts that find the k-th of them.
type bitset struct {
	words []uint64
	// before is how many bits are set before each stretch of words.
	before []uint32
	n      int // places
	count  int // bits set
}

// stretch is the length of a stretch in words.
const stretch = 8

// append adds a place.
func (s *bitset) append(set bool) {
	if s.n%64 == 0 {
		if s.n%(64*stretch) == 0 {
			s.before = append(s.before, uint32(s.count))
		}
		s.words = append(s.words, 0)
	}
	if set {
		s.words[s.n/64] |= 1 << (s.n % 64)
		s.count++
	}
	s.n++
}

// extend adds places without a bit until there are n.
func (s *bitset) extend(n int) {
	for s.n < n {
		if s.n%64 == 0 && n-s.n >= 64 {
			if s.n%(64*stretch) == 0 {
				s.before = append(s.before, uint32(s.count))
			}
			s.words = append(s.words, 0)
			s.n += 64
			continue
		}
		s.append(false)
	}
}

func (s *bitset) has(i int) bool { return i < s.n && s.words[i/64]>>(i%64)&1 != 0 }

// rank is how many bits are set before place i, which is at most n.
func (s *bitset) rank(i int) int {
	if i >= s.n {
		return s.count
	}
	w := i / 64
	n := int(s.before[w/stretch])
	for k := w / stretch * stretch; k < w; k++ {
		n += bits.OnesCount64(s.words[k])
	}
	return n + bits.OnesCount64(s.words[w]&(1<<(i%64)-1))
}

// find is the place of the k-th bit, counted from 0; k is less than count.
func (s *bitset) find(k int) int {
	low, high := 0, len(s.before) // the stretch is in [low, high)
	for high-low > 1 {
		if mid := (low + high) / 2; int(s.before[mid]) <= k {
			low = mid
		} else {
			high = mid
		}
	}
	k -= int(s.before[low])
	for w := low * stretch; ; w++ {
		n := bits.OnesCount64(s.words[w])
		if k >= n {
			k -= n
			continue
		}
		word := s.words[w]
		for ; k > 0; k-- {
			word &= word - 1
		}
		return w*64 + bits.TrailingZeros64(word)
	}
}

// size is the memory of the set in bytes.
func (s *bitset) size() int { return cap(s.words)*8 + cap(s.before)*4 }
