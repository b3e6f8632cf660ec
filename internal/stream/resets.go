package stream

// maxReset is how many connections that were reset are remembered.
const maxReset = 64

// resets are the connections that were reset last. What the other side sent before the reset came to it still arrives, and goes on where the connection was.
type resets struct {
	ids  [maxReset]int
	n    int
	next int
}

// add takes in a connection, and gives the one that it takes the place of.
func (r *resets) add(id int) (gone int, ok bool) {
	for _, have := range r.ids[:r.n] {
		if have == id {
			return 0, false
		}
	}
	if r.n < maxReset {
		r.ids[r.n] = id
		r.n++
		return 0, false
	}
	gone = r.ids[r.next]
	r.ids[r.next] = id
	r.next = (r.next + 1) % maxReset
	return gone, true
}
