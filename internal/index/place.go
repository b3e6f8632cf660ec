package index

import (
	"context"
	"sort"
	"time"

	"github.com/wiretale/wiretale/trace"
)

// find is the place in the source of the record with a number. The lock is held.
func (s *source) find(number int64) (int, bool) {
	i, ok := s.nearest(number)
	return i, ok && s.frame(i) == number
}

// nearest is the place of the record with a number, or of the next one; false when there is none.
func (s *source) nearest(number int64) (int, bool) {
	if s.n == 0 {
		return 0, false
	}
	guess := number - s.frame(0)
	if guess >= 0 && guess < int64(s.n) && s.frame(int(guess)) == number {
		return int(guess), true
	}
	if s.monotone {
		i := sort.Search(s.n, func(i int) bool { return s.frame(i) >= number })
		return i, i < s.n
	}
	best, found := 0, false
	for i := range s.n {
		switch f := s.frame(i); {
		case f == number:
			return i, true
		case f > number && (!found || f < s.frame(best)):
			best, found = i, true
		}
	}
	return best, found
}

func (x *Index) find(s *source, number int64) (int, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return s.find(number)
}

// At is a place that is looked for.
type At struct {
	Source int
	Frame  int64
	Time   int64 // nanoseconds since 1970
	ByTime bool  // the first record at Time or later, in place of Source and Frame
}

// Place is where a record is in the list, and in the list of those that pass a
// filter ("" for none): the record, or the one nearest behind it; the
// end of the list when there is none. settled is false when the filter is still searched for before that place, or the index is not complete
// and has it not yet: offset, or both, will grow then. It waits a moment for what is searched.
func (x *Index) Place(ctx context.Context, at At, filter string) (index, offset int, settled bool, err error) {
	x.mu.RLock()
	index = x.total()
	if at.ByTime {
		for _, s := range x.sources {
			if i, ok := s.from(at.Time); ok && !s.untimed {
				index = min(index, x.place(s, i))
			}
		}
	} else if at.Source >= 0 && at.Source < len(x.sources) {
		if i, ok := x.sources[at.Source].nearest(at.Frame); ok {
			index = min(index, x.place(x.sources[at.Source], i))
		}
	}
	settled = x.complete || index < x.total()
	x.mu.RUnlock()
	if filter == "" {
		return index, index, settled, nil
	}
	s, err := x.search(filter)
	if err != nil {
		return 0, 0, false, err
	}
	for until := time.Now().Add(patience); ; {
		_, done, err := s.wait(ctx, s.count()+1)
		if err != nil {
			return 0, 0, false, err
		}
		s.mu.Lock()
		offset, done = s.set.rank(index), done || s.set.n >= index && s.set.n > 0
		s.mu.Unlock()
		if done || !time.Now().Before(until) {
			return index, offset, settled && done, nil
		}
	}
}

func (s *search) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.count
}

// from is the first record whose time is t or later. The lock is held.
func (s *source) from(t int64) (int, bool) {
	for i := 0; i < s.n; i++ {
		if i%blockLen == 0 && s.time.below(i/blockLen, t) {
			i += blockLen - 1
			continue
		}
		if v := s.time.at(i); v != trace.NoTime && v >= t {
			return i, true
		}
	}
	return 0, false
}

// below reports whether no number of block k reaches v.
func (c *column) below(k int, v int64) bool {
	if k >= len(c.blocks) {
		return false
	}
	width := len(c.blocks[k].words) * 64 / blockLen
	if width >= 63 {
		return false
	}
	most := c.blocks[k].least + (1<<width - 1)
	return most >= c.blocks[k].least && most < v
}
