package stream

import (
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// A rest is what is to come of a unit that the capture has only pieces of, because it cut the segments: the unit was shown with its first
// segment. The zero value is none.
type rest struct {
	span
	turn  proto.Turn // that goes on, iff id is not None
	id    proto.ID
	seen  request.Mark // the latest segment that brought bytes of the unit
	bytes int64        // of it that passed
}

// begin notes the question or the answer that goes on with the rest.
func (r *rest) begin(t *proto.Turn, id proto.ID) {
	if t.Kind == proto.Ask || t.Kind == proto.Answer {
		t.More = true
		r.turn, r.id = *t, id
	}
}

// goOn takes what belongs to the rest off a chunk; false when there is nothing of it. A chunk from behind the rest ends it.
func (a *Applications) goOn(t *talk, dir int, c *chunk, base int64, begin bool) bool {
	r := &t.dir[dir].rest
	if c.from >= r.to {
		a.endRest(t, dir)
		return false
	}
	if c.from < r.from { // sent before it
		return false
	}
	n := min(c.to, r.to) - c.from
	r.seen = a.mark()
	r.bytes += n
	c.rest = true
	a.emit(t, dir, c, int(n), base, begin)
	if c.rest = false; c.from == r.to {
		a.endRest(t, dir)
	}
	return true
}

// endRest ends the question or the answer that goes on with the rest.
func (a *Applications) endRest(t *talk, dir int) {
	r := t.dir[dir].rest
	t.dir[dir].rest = rest{}
	if r.id == proto.None {
		return
	}
	r.turn.More, r.turn.Size = false, -1
	a.pairs.Turn(&request.Message{Conv: t.id, Dir: dir, Protocol: r.id, First: r.seen, Last: r.seen, Length: r.bytes}, &r.turn)
}
