package point

import "github.com/wiretale/wiretale/internal/flow"

// A Same tells which conversations are one that several points saw. The zero value knows of none. It has 8 bytes
// for each conversation up to the last one that was met.
type Same struct {
	first []int32 // by number: the least number of the same conversation
	next  []int32 // by number: the next sighting of it, in a ring
}

// NewSame reads it off the meetings; r may be nil.
func NewSame(r *Result) (s Same) {
	if r == nil {
		return s
	}
	last := -1
	for i := range r.Pairs {
		for j := range r.Pairs[i].Meetings {
			m := &r.Pairs[i].Meetings[j]
			last = max(last, int(m.A), int(m.B))
		}
	}
	for id := range int32(last + 1) {
		s.first, s.next = append(s.first, id), append(s.next, id)
	}
	for i := range r.Pairs {
		for j := range r.Pairs[i].Meetings {
			m := &r.Pairs[i].Meetings[j]
			s.join(m.A, m.B)
		}
	}
	return s
}

// join makes one ring of what two conversations belong to.
func (s *Same) join(a, b int32) {
	low, high := s.first[a], s.first[b]
	if low == high {
		return
	}
	if low > high {
		low, high = high, low
	}
	for id := high; ; {
		s.first[id] = low
		if id = s.next[id]; id == high {
			break
		}
	}
	s.next[low], s.next[high] = s.next[high], s.next[low]
}

// Of is a number that all sightings of a conversation have in common: the least of theirs.
func (s Same) Of(c *flow.Conversation) int {
	if c.ID >= len(s.first) {
		return c.ID
	}
	return int(s.first[c.ID])
}

// Others is how many other sightings of the conversation there are.
func (s Same) Others(c *flow.Conversation) (n int) {
	if c.ID >= len(s.next) {
		return 0
	}
	for id := s.next[c.ID]; int(id) != c.ID; id = s.next[id] {
		n++
	}
	return n
}
