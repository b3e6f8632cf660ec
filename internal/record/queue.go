package record

import "github.com/wiretale/wiretale/internal/record/event"

// A queue holds events in the order of their times. They come almost in that
// order, so each is put into its place from behind. Events are used again.
type queue struct {
	list []*event.Event
	head int
	free []*event.Event
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) push(e *event.Event) {
	var own *event.Event
	if n := len(q.free); n > 0 {
		own, q.free = q.free[n-1], q.free[:n-1]
	} else {
		own = new(event.Event)
	}
	*own = *e
	if q.head > 1024 && q.head > len(q.list)/2 {
		q.list = append(q.list[:0], q.list[q.head:]...)
		q.head = 0
	}
	q.list = append(q.list, own)
	for i := len(q.list) - 1; i > q.head && q.list[i-1].Time > own.Time; i-- {
		q.list[i], q.list[i-1] = q.list[i-1], q.list[i]
	}
}

// first is the earliest event, nil when there is none.
func (q *queue) first() *event.Event {
	if q.len() == 0 {
		return nil
	}
	return q.list[q.head]
}

// maxFree bounds the events that are kept for use.
const maxFree = 4096

func (q *queue) pop() {
	if len(q.free) < maxFree {
		q.free = append(q.free, q.list[q.head])
	}
	q.list[q.head] = nil
	q.head++
}
