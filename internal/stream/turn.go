package stream

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// turn takes in a question or an answer in the unit that chunk c begins with; shown says that its layer is the last one of the segment.
func (a *Applications) turn(t *talk, c *chunk, turn *proto.Turn, shown bool) {
	first := c.began
	if !first.Seen() {
		first = a.mark()
	}
	if r := a.pair(t, turn, first, a.mark()); shown {
		a.answers(r, turn, &a.layers[len(a.layers)-1])
	}
}

// pair takes in a question or an answer whose first and last bytes came with these segments.
func (a *Applications) pair(t *talk, turn *proto.Turn, first, last request.Mark) *request.Request {
	l := &a.unit.Layers[turn.Layer]
	m := request.Message{Conv: t.id, Dir: a.unit.Dir, Protocol: l.ID, First: first, Last: last, Length: int64(l.Len)}
	if turn.Of != proto.None {
		m.Protocol = turn.Of
	}
	return a.pairs.Turn(&m, turn)
}

// A guess is a turn that counts when nothing better is known of its message.
type guess struct {
	turn    proto.Turn
	message request.Message
}

// sealed parts the turns of a unit from one that cannot be read, and lies in a connection that the unit carries.
func (a *Applications) sealed(t *talk, c *chunk, u *proto.Unit) (turns []proto.Turn, of guess) {
	if len(u.Turns) != 1 || !u.Turns[0].Sealed || len(u.Carried) == 0 || c.told {
		return u.Turns, of
	}
	of.turn = u.Turns[0]
	of.message = request.Message{Conv: t.id, Dir: u.Dir, Protocol: of.turn.Of, First: c.began, Last: a.mark(), Length: int64(u.Len)}
	if !of.message.First.Seen() {
		of.message.First = a.mark()
	}
	return nil, of
}

// opened reports whether what is sealed in the connection that t carries was opened, and is followed.
func (t *talk) opened() bool {
	return t.inner != nil && t.inner.inner != nil && t.inner.inner.stream != nil
}

// mark is the segment.
func (a *Applications) mark() request.Mark { return request.Mark{Number: a.number, Time: a.time} }

// anew is the time after which a question that is asked again is a new one for the fields that name it, as for Wireshark: 5 seconds.
const anew = 5e9

// answers notes with a layer which question it answers, or says that it will answer later.
func (a *Applications) answers(r *request.Request, turn *proto.Turn, l *packet.Layer) {
	if r == nil || turn.Kind == proto.Ask || len(a.asked) == maxNotes {
		return
	}
	question := r.Sent
	if r.Again.Time-question.Time > anew {
		question = r.Again
	}
	a.asked = append(a.asked, packet.Asked{Number: question.Number, Time: question.Time})
	l.Asked = uint8(len(a.asked))
}
