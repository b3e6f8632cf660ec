package index

import (
	"sort"

	"github.com/wiretale/wiretale/trace"
)

// An order is the records of several sources in order of time: which source
// each place of the list is from, with counts that find it in its source and back.
type order struct {
	n       int
	sources int
	of      []uint16 // by place
	before  []uint32 // records of each source before each stretch of places: sources numbers a stretch
}

// orderLen is the length of a stretch.
const orderLen = 1024

// merge puts the records of the sources into order as engine.Run.Each does: that of least time next, of the first source among equals;
// records without a time right behind those before them.
func (x *Index) merge() order {
	o := order{sources: len(x.sources)}
	at, ranks := make([]int, len(x.sources)), make([]int64, len(x.sources))
	for k := range ranks {
		ranks[k] = trace.NoTime
	}
	total := 0
	for k, s := range x.sources {
		ranks[k] = x.rankAt(s, 0, ranks[k])
		total += s.n
	}
	o.of = make([]uint16, 0, total)
	for o.n = range total {
		if o.n%orderLen == 0 {
			for _, i := range at {
				o.before = append(o.before, uint32(i))
			}
		}
		next := -1
		for k, s := range x.sources {
			if at[k] < s.n && (next < 0 || ranks[k] < ranks[next]) {
				next = k
			}
		}
		o.of = append(o.of, uint16(next))
		at[next]++
		ranks[next] = x.rankAt(x.sources[next], at[next], ranks[next])
	}
	o.n = total
	return o
}

// rankAt is the rank of record i of a source, given that of the one before.
func (x *Index) rankAt(s *source, i int, before int64) int64 {
	if i >= s.n {
		return before
	}
	rank := before
	if t := s.time.at(i); t != trace.NoTime {
		rank = x.rank(s, s.frame(i), t)
	}
	if held, ok := s.held[i]; ok {
		rank = max(rank, held)
	}
	return rank
}

// locate is the source and the place in it of place i of the list. The lock is held.
func (x *Index) locate(i int) (*source, int) {
	if len(x.sources) == 1 {
		return x.sources[0], i
	}
	o := &x.order
	k := o.of[i]
	start := i / orderLen
	n := int(o.before[start*o.sources+int(k)])
	for _, other := range o.of[start*orderLen : i] {
		if other == k {
			n++
		}
	}
	return x.sources[k], n
}

// place is the place in the list of record i of a source, the end of the list when it has no such record. The lock is held.
func (x *Index) place(s *source, i int) int {
	if len(x.sources) == 1 {
		return min(i, s.n)
	}
	o := &x.order
	if i >= s.n || o.n == 0 {
		return o.n
	}
	stretches := len(o.before) / o.sources
	start := sort.Search(stretches, func(k int) bool { return int(o.before[k*o.sources+s.index]) > i }) - 1
	left := i - int(o.before[start*o.sources+s.index])
	for at := start * orderLen; at < o.n; at++ {
		if int(o.of[at]) == s.index {
			if left == 0 {
				return at
			}
			left--
		}
	}
	return o.n
}

func (o *order) size() int { return cap(o.of)*2 + cap(o.before)*4 }
