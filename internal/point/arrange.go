package point

import (
	"cmp"
	"slices"
)

// An arranger puts prints of lanes in order of their conversations. It keeps the memory that this takes from one lane to the next.
type arranger struct {
	copy   []print
	places []uint32 // by conversation: where its next print goes
}

// arrange puts prints in order of their conversations, and of the records in each. A lane has them in order of the records: they are
// dealt out to their conversations.
func (a *arranger) arrange(prints []print) {
	if len(prints) == 0 {
		return
	}
	low, high := prints[0].conv(), prints[0].conv()
	for i := range prints {
		low, high = min(low, prints[i].conv()), max(high, prints[i].conv())
	}
	a.copy = append(a.copy[:0], prints...)
	a.places = slices.Grow(a.places[:0], high-low+2)[:high-low+2]
	clear(a.places)
	for i := range prints {
		a.places[prints[i].conv()-low+1]++
	}
	for i := 1; i < len(a.places); i++ {
		a.places[i] += a.places[i-1]
	}
	for i := range a.copy {
		p := &a.places[a.copy[i].conv()-low]
		prints[*p] = a.copy[i]
		*p++
	}
	if !slices.IsSortedFunc(prints, before) {
		slices.SortStableFunc(prints, before)
	}
}

// before compares prints by their conversations, then by their records.
func before(a, b print) int {
	return cmp.Or(cmp.Compare(a.talk>>1, b.talk>>1), cmp.Compare(a.number, b.number))
}

// arrangeSamples puts samples in order of A's records; those of one record stay as they are. There are as many as packets: numbers are sorted
// in their place, and samples moved once.
func arrangeSamples(samples []sample) {
	keys := make([]uint64, len(samples))
	for i := range samples {
		keys[i] = uint64(samples[i].order)<<32 | uint64(uint32(i))
	}
	if slices.IsSorted(keys) {
		return
	}
	slices.Sort(keys)
	for i := range keys { // each cycle of the permutation
		first, at := samples[i], i
		for {
			from := int(uint32(keys[at]))
			keys[at] = uint64(uint32(at))
			if from == i {
				samples[at] = first
				break
			}
			samples[at], at = samples[from], from
		}
	}
}
