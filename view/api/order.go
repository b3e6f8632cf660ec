package api

import (
	"slices"
	"sync"

	"github.com/wiretale/wiretale/internal/flow"
)

// sorted are the numbers of the conversations that take visits, in the order of what key gives of each; equal ones in that of their numbers.
func sorted[K any](take func(func(int, *flow.Conversation)), key func(*flow.Conversation) K, compare func(a, b K) int, desc bool) []int32 {
	type keyed struct {
		key K
		at  int32
	}
	var list []keyed
	take(func(i int, conv *flow.Conversation) { list = append(list, keyed{key(conv), int32(i)}) })
	slices.SortStableFunc(list, func(a, b keyed) int {
		if desc {
			return compare(b.key, a.key)
		}
		return compare(a.key, b.key)
	})
	out := make([]int32, len(list))
	for i := range list {
		out[i] = list[i].at
	}
	return out
}

// maxOrders is how many orders of conversations are kept for the next page, four bytes a conversation each.
const maxOrders = 4

// orders are the last orders that were asked for.
type orders struct {
	mu   sync.Mutex
	list []ordered // the last one first
}

type ordered struct {
	of   ConversationQuery // without its range
	list []int32
}

// of is the order that w asks for, from when it is not kept.
func (o *orders) of(w ConversationQuery, from func() ([]int32, error)) ([]int32, error) {
	w.Range = Range{}
	if list, ok := o.kept(w); ok {
		return list, nil
	}
	list, err := from()
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = slices.Insert(o.list, 0, ordered{w, list})
	o.list = o.list[:min(len(o.list), maxOrders)]
	return list, nil
}

func (o *orders) kept(w ConversationQuery) ([]int32, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, k := range o.list {
		if k.of == w {
			copy(o.list[1:i+1], o.list[:i])
			o.list[0] = k
			return k.list, true
		}
	}
	return nil, false
}
