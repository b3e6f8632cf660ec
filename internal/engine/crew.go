package engine

import (
	"sync"
)

// A crew is a worker with its lanes. It follows one of them at a time: they have the table of hosts in common. A lane that has to wait for lanes of others,
// to know what they learned of keys, lets the rest of the crew go on, in another goroutine.
type crew struct {
	lanes       []lane
	first, step int
	baton       sync.Mutex // of the lane that is being followed; it guards what follows
	next        int        // lane that was not begun
	batch       *batch
	aside       sync.WaitGroup // goroutines that follow lanes for one that waits
}

// newCrew takes every step-th lane from the first on.
func newCrew(lanes []lane, first, step int) *crew {
	c := &crew{lanes: lanes, first: first, step: step}
	for i := first; i < len(lanes); i += step {
		if lanes[i].keys != nil {
			lanes[i].keys.Wait = c.wait
		}
		if l := &lanes[i]; l.showing != nil { // who waits with one keyring keeps nobody waiting with the other
			l.keys.Wait = func(until func()) { l.showing.Reached(); c.wait(until) }
			l.showing.Wait = func(until func()) { l.keys.Reached(); c.wait(until) }
		}
	}
	return c
}

// follow follows the frames that a batch has for the lanes.
func (c *crew) follow(b *batch) {
	c.baton.Lock()
	c.batch, c.next = b, c.first
	c.goOn()
	c.baton.Unlock()
	c.aside.Wait()
}

// goOn follows the lanes that were not begun.
func (c *crew) goOn() {
	for c.next < len(c.lanes) {
		l, i := &c.lanes[c.next], c.next
		c.next += c.step
		if l.follow(c.batch, i); l.keys != nil {
			l.keys.Done(c.batch.base + int64(len(c.batch.Frames)))
			if l.showing != nil {
				l.showing.Done(c.batch.base + int64(len(c.batch.Frames)))
			}
		}
	}
}

// wait passes the baton on until a lane may go on.
func (c *crew) wait(until func()) {
	if c.next < len(c.lanes) {
		c.aside.Go(func() {
			c.baton.Lock()
			c.goOn()
			c.baton.Unlock()
		})
	}
	c.baton.Unlock()
	until()
	c.baton.Lock()
}
