package stream

import "github.com/wiretale/wiretale/proto"

// A Message is a unit of a connection with its place in it, for whoever rewrites the bytes of streams: see [Choice.Observe].
// It is valid until Observe returns.
type Message struct {
	Source, Conv int
	Dir          int    // index of the sender in Conversation.Ends
	Seq          uint32 // of its first byte, as on the wire
	Len          int    // on the wire
	*proto.Unit
}

// observe hands the unit at the beginning of a chunk to the observer.
func (a *Applications) observe(t *talk, dir int, c *chunk, u *proto.Unit) {
	o := &t.dir[dir].once
	a.choice.Observe(&Message{Source: a.source, Conv: t.id, Dir: dir, Seq: o.seq - uint32(o.next-c.from), Len: u.Len, Unit: u})
}
