package stream

import "github.com/wiretale/wiretale/proto"

// A Message is a unit of a connection with its place in it, for whoever rewrites the bytes of streams: see [Choice.Observe].
// It is valid until Observe returns.
type Message struct {
	Source, Conv int
	Dir          int    // index of the sender in Conversation.Ends
	Depth        int    // 0 for the connection of TCP, more for what it carries, as in [Heard]
	Seq          uint32 // of its first byte, as on the wire; at depth 0
	At           int64  // of its first byte among the bytes of its depth that were heard, without those that are missing; at other depths
	Len          int    // on the wire
	*proto.Unit
}

// observe hands the unit at the beginning of a chunk to the observer.
func (a *Applications) observe(t *talk, dir int, c *chunk, u *proto.Unit) {
	d := &t.dir[dir]
	o := &d.once
	a.choice.Observe(&Message{Source: a.source, Conv: t.id, Dir: dir, Depth: t.depth, Seq: o.seq - uint32(o.next-c.from), At: c.from - d.missed, Len: u.Len, Unit: u})
}
