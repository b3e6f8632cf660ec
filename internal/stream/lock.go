package stream

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/proto"
)

// Locked is how many messages something was the lock of.
type Locked struct {
	proto.Lock
	Count int64
	First int64 // number of the record with the first of them
}

// maxLocks bounds the locks that are told apart; what there is beyond counts for 0.
const maxLocks = 256

// locked counts what a unit was closed with.
func (a *Applications) locked(locks []proto.Lock) {
	for _, l := range locks {
		if a.locks[l] == nil {
			if len(a.locks) >= maxLocks {
				l.Of = 0
			}
			if a.locks[l] == nil {
				a.locks[l] = &Locked{Lock: l, First: a.number}
			}
		}
		a.locks[l].Count++
	}
}

// Locks adds up what several follow, in an order that does not depend on theirs.
func Locks(of ...*Applications) []Locked {
	all := map[proto.Lock]Locked{}
	for _, a := range of {
		if a == nil {
			continue
		}
		for key, l := range a.locks {
			sum, known := all[key]
			if !known {
				sum = *l
				sum.Count = 0
			}
			sum.Count, sum.First = sum.Count+l.Count, min(sum.First, l.First)
			all[key] = sum
		}
	}
	var list []Locked
	for _, l := range all {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b Locked) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.First, b.First), cmp.Compare(a.Of, b.Of), cmp.Compare(a.Why, b.Why))
	})
	return list
}
