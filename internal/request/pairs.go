package request

import (
	"maps"
	"slices"

	"github.com/wiretale/wiretale/proto"
)

const (
	// maxOpen bounds the questions of one side of a conversation that wait for an answer; the oldest is given up.
	maxOpen = 2048
	// maxTalks bounds the conversations with open questions: twice as many, of which those go first that had no turn for longest.
	maxTalks = 1 << 14
	// maxSpare bounds the requests that are kept to be used again.
	maxSpare = 1 << 10
)

// Pairs are the open questions of the conversations of one tracker. Turns
// come in the order of the packets. It is not safe for concurrent use.
type Pairs struct {
	source      int
	done        func(*Request)
	young, aged map[int]*talk // by number of the conversation; the young had a turn since the others became aged
	last        *talk
	spare       []*Request
	idle        []*talk
	answered    *Request // by the last turn
}

// A talk is what is open in one conversation, by the side that asked, in the order of the questions.
type talk struct {
	conv int
	open [2][]*Request
}

// NewPairs pairs the turns of a source. done gets each request that is answered, and each that is given up because its conversation ended or was
// forgotten, or too many were open; it must not keep it. An answer to no question that was captured is a request that nobody asked.
func NewPairs(source int, done func(*Request)) *Pairs {
	return &Pairs{source: source, done: done, young: map[int]*talk{}, aged: map[int]*talk{}}
}

// A Message is what turns are in.
type Message struct {
	Conv        int
	Dir         int // who sends it
	Protocol    proto.ID
	First, Last Mark  // its bytes
	Length      int64 // on the wire
}

// Turn takes in a turn of a message and returns the request that it belongs to, with what is known of it after the turn;
// nil for a turn that belongs to none. It is valid until the next turn.
func (p *Pairs) Turn(m *Message, t *proto.Turn) *Request {
	if p.answered != nil {
		p.give(p.answered)
		p.answered = nil
	}
	switch t.Kind {
	case proto.Ask:
		return p.ask(m, t)
	case proto.Answer, proto.Interim:
		return p.answer(m, t)
	}
	return nil
}

func (p *Pairs) ask(m *Message, t *proto.Turn) *Request {
	k := p.find(m.Conv)
	if k == nil {
		k = p.begin(m.Conv)
	}
	list := k.open[m.Dir]
	if r := same(list, m.Protocol, t.Key); r != nil {
		if r.asking {
			r.Sent, r.asking = m.Last, t.More
			r.learn(t)
			r.Wanted = add(r.Wanted, t.Size)
		} else {
			r.Repeats++
			r.Again = m.First
		}
		return r
	}
	if len(list) == maxOpen {
		p.close(list[0])
		list = slices.Delete(list, 0, 1)
	}
	r := p.take()
	*r = Request{
		Source: p.source, Conv: m.Conv, Dir: m.Dir, Protocol: m.Protocol, key: t.Key, Waits: t.Waits, Offset: t.Offset, Wanted: t.Size, Moved: -1,
		Charge: t.Charge, Left: t.Left - 1, Granted: -1, Who: t.Who, Terms: t.Terms,
		Asked: m.First, Sent: m.Last, Depth: depth(list) + 1, asking: t.More,
	}
	r.learn(t)
	k.open[m.Dir] = append(list, r)
	return r
}

// same is the open question that another one repeats or goes on with, nil when it is a new one.
func same(list []*Request, of proto.ID, key uint64) *Request {
	if key == 0 { // in order: only the last can go on
		if n := len(list); n > 0 && list[n-1].asking && list[n-1].Protocol == of {
			return list[n-1]
		}
		return nil
	}
	if i := index(list, of, key); i >= 0 {
		return list[i]
	}
	return nil
}

// index is the place of the oldest open question with a key, -1 when there is none.
func index(list []*Request, of proto.ID, key uint64) int {
	return slices.IndexFunc(list, func(r *Request) bool { return r.key == key && r.Protocol == of })
}

// depth counts the questions that a server is at.
func depth(list []*Request) (n int32) {
	for _, r := range list {
		if !r.Waits && !r.Pending.Seen() {
			n++
		}
	}
	return n
}

func (p *Pairs) answer(m *Message, t *proto.Turn) *Request {
	k, asker, i := p.find(m.Conv), 1-m.Dir, -1
	if k != nil {
		i = index(k.open[asker], m.Protocol, t.Key)
	}
	if i < 0 {
		if t.Kind == proto.Answer {
			p.unasked(m, t)
		}
		return nil
	}
	r := k.open[asker][i]
	r.learn(t)
	if t.Kind == proto.Interim {
		if !r.Pending.Seen() {
			r.Pending = m.Last
		}
		return r
	}
	if !r.First.Seen() {
		r.First = m.First
	}
	r.Length += m.Length
	r.Granted = t.Left - 1
	if t.Terms != nil {
		r.Terms = t.Terms
	}
	if t.Addrs != nil {
		r.Addrs = t.Addrs
	}
	if t.Text != "" {
		r.Text = t.Text
	}
	r.Moved = add(r.Moved, t.Size)
	r.Missing = t.Missing
	if t.Status != "" {
		r.Status, r.Code, r.Failed = t.Status, t.Code, t.Failed
	}
	if t.More {
		return r
	}
	r.Last = m.Last
	k.open[asker] = slices.Delete(k.open[asker], i, i+1)
	p.drop(k)
	p.answered = r
	p.done(r)
	return r
}

// unasked hands out an answer to a question that was not captured, or that was answered before.
func (p *Pairs) unasked(m *Message, t *proto.Turn) {
	r := p.take()
	*r = Request{
		Source: p.source, Conv: m.Conv, Dir: 1 - m.Dir, Protocol: m.Protocol, key: t.Key, Offset: t.Offset, Wanted: -1, Moved: t.Size,
		Length: m.Length, Status: t.Status, Code: t.Code, Failed: t.Failed, Text: t.Text, Addrs: t.Addrs, Terms: t.Terms, First: m.First, Last: m.Last,
	}
	r.learn(t)
	p.close(r)
}

// add is the sum of two numbers of bytes of which each may be unknown.
func add(a, b int64) int64 {
	if a < 0 || b < 0 {
		return max(a, b)
	}
	return a + b
}

// learn takes what a turn says of the whole request.
func (r *Request) learn(t *proto.Turn) {
	if t.Command != "" && r.Command == "" {
		r.Command = t.Command
	}
	if t.Name != "" && r.Name == "" {
		r.Name = t.Name
	}
	r.Waits = r.Waits || t.Waits
}

// Waiting hands out what is open, in the order of the conversations: what would be given up now. It must not be kept.
func (p *Pairs) Waiting(visit func(*Request)) {
	for _, list := range []map[int]*talk{p.aged, p.young} {
		for _, id := range slices.Sorted(maps.Keys(list)) {
			for dir := range list[id].open {
				for _, r := range list[id].open[dir] {
					visit(r)
				}
			}
		}
	}
}

// End gives up what is open in a conversation that ended.
func (p *Pairs) End(conv int) {
	if k := p.find(conv); k != nil {
		p.forget(k)
	}
}

// Close gives up all that is open, in the order of the conversations.
func (p *Pairs) Close() {
	for _, list := range []map[int]*talk{p.aged, p.young} {
		p.forgetAll(list)
	}
}

// find is the talk of a conversation, nil when nothing is open there.
func (p *Pairs) find(conv int) *talk {
	if p.last != nil && p.last.conv == conv {
		return p.last
	}
	k := p.young[conv]
	if k == nil {
		if k = p.aged[conv]; k == nil {
			return nil
		}
		delete(p.aged, conv)
		p.keep(k)
	}
	p.last = k
	return k
}

// keep remembers a talk; when there are too many, those without a turn for longest are forgotten.
func (p *Pairs) keep(k *talk) {
	if len(p.young) >= maxTalks {
		p.forgetAll(p.aged)
		p.young, p.aged = p.aged, p.young
	}
	p.young[k.conv] = k
	p.last = k
}

// begin is a new talk.
func (p *Pairs) begin(conv int) *talk {
	var k *talk
	if n := len(p.idle); n > 0 {
		k, p.idle = p.idle[n-1], p.idle[:n-1]
	} else {
		k = new(talk)
	}
	k.conv = conv
	p.keep(k)
	return k
}

// drop forgets a talk with nothing open: a client of DNS has one for each question.
func (p *Pairs) drop(k *talk) {
	if len(k.open[0])+len(k.open[1]) > 0 {
		return
	}
	delete(p.young, k.conv)
	p.last = nil
	if len(p.idle) < maxSpare {
		p.idle = append(p.idle, k)
	}
}

func (p *Pairs) forgetAll(list map[int]*talk) {
	ids := make([]int, 0, len(list))
	for id := range list {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p.forget(list[id])
	}
}

func (p *Pairs) forget(k *talk) {
	for dir := range k.open {
		for _, r := range k.open[dir] {
			p.close(r)
		}
		k.open[dir] = nil
	}
	delete(p.young, k.conv)
	delete(p.aged, k.conv)
	p.last = nil
}

// close gives a request up.
func (p *Pairs) close(r *Request) {
	p.done(r)
	p.give(r)
}

func (p *Pairs) take() *Request {
	if n := len(p.spare); n > 0 {
		r := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return r
	}
	return new(Request)
}

func (p *Pairs) give(r *Request) {
	if len(p.spare) < maxSpare {
		p.spare = append(p.spare, r)
	}
}
