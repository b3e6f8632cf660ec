package flow

import "slices"

// A Wait is a stretch of time in which one side of a connection had to wait, in nanoseconds since 1970.
type Wait struct{ From, To int64 }

// Waits are the longest stretches of one kind, in order and apart from each other. What is left out is in the totals beside them.
type Waits []Wait

// maxWaits bounds them.
const maxWaits = 64

// add takes in a stretch that ends after all others.
func (w *Waits) add(from, to int64) {
	if to <= from {
		return
	}
	list := *w
	if n := len(list); n > 0 && from <= list[n-1].To {
		list[n-1].To = max(list[n-1].To, to)
		return
	}
	if len(list) == maxWaits {
		shortest := 0
		for i := range list {
			if list[i].length() < list[shortest].length() {
				shortest = i
			}
		}
		if list[shortest].length() >= to-from {
			return
		}
		list = slices.Delete(list, shortest, shortest+1)
	}
	*w = append(list, Wait{from, to})
}

func (w *Wait) length() int64 { return w.To - w.From }
