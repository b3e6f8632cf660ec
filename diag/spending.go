package diag

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Spending is where the time of a conversation went.
type Spending struct {
	Conv *flow.Conversation
	// Lost is what of it findings count as their cost, in nanoseconds.
	Lost   int64
	Budget budget.Budget
}

// Spendings are those of the conversations that findings with a cost are about, the most expensive first, n at most.
// Of what several points saw of one conversation it is the first.
func (in *Input) Spendings(findings []Finding, n int) (out []Spending) {
	l := newLedger(in.Points)
	index := map[int]int{}
	until := map[int]int64{}
	for i := range findings {
		f := &findings[i]
		for _, c := range f.Conversations {
			claimed := f.claimed[c.ID]
			if len(claimed) == 0 {
				continue
			}
			key := l.key(c)
			at, ok := index[key]
			if !ok {
				at = len(out)
				index[key] = at
				out = append(out, Spending{Conv: c})
			}
			out[at].Lost += claimed.Length()
			until[out[at].Conv.ID] = max(until[out[at].Conv.ID], claimed[len(claimed)-1].To)
		}
	}
	slices.SortStableFunc(out, func(a, b Spending) int { return cmp.Or(cmp.Compare(b.Lost, a.Lost), cmp.Compare(a.Conv.ID, b.Conv.ID)) })
	out = slices.Clone(out[:min(n, len(out))])
	for i := range out {
		out[i].Budget = in.Budget(out[i].Conv, until[out[i].Conv.ID])
	}
	return slices.DeleteFunc(out, func(s Spending) bool { return s.Budget.Total() <= 0 })
}

// Budget splits the time of a conversation: from its first packet, or from the question for the address that it is with, to its last packet, or to a later
// moment until which somebody waited. It is empty without times.
func (in *Input) Budget(c *flow.Conversation, until int64) budget.Budget {
	if !in.Timed(c) {
		return nil
	}
	from, to := c.First.Time, max(c.Last.Time, until)
	var spans []budget.Span
	add := func(cause budget.Cause, from, to int64) {
		if from != trace.NoTime && to != trace.NoTime && from < to {
			spans = append(spans, budget.Span{From: from, To: to, Cause: cause})
		}
	}
	if q := in.NamedBy(c); q != nil {
		from = q.Asked.Time
		add(budget.Names, q.Asked.Time, q.Last.Time)
		add(budget.Client, q.Last.Time, c.First.Time)
	}
	if t := c.TCP; t != nil {
		add(budget.Handshake, t.SYN.Time, opened(c, to))
		for i := range c.Dir {
			in.transport(c, i, add)
		}
	}
	in.applications(c, to, add)
	return budget.Of(from, to, spans)
}

// opened is the end of the handshake: to for one that was refused, or not finished.
func opened(c *flow.Conversation, to int64) int64 {
	switch t := c.TCP; {
	case !t.SYN.Seen():
		return trace.NoTime
	case t.HandshakeACK.Seen():
		return t.HandshakeACK.Time
	case t.SYNACK.Seen() && t.Established:
		return t.SYNACK.Time
	}
	return to
}

// transport adds what the connection lost in what side dir sent.
func (in *Input) transport(c *flow.Conversation, dir int, add func(budget.Cause, int64, int64)) {
	each := func(cause budget.Cause, list flow.Waits) {
		for _, w := range list {
			add(cause, w.From, w.To)
		}
	}
	d := &c.Dir[dir]
	if d.Held != nil {
		each(budget.Held, d.Held.Waits)
	}
	if d.Trouble == nil {
		return
	}
	if r := d.Trouble.Repairs; r != nil {
		each(budget.Recovery, r.Waits)
	}
	for _, r := range d.Trouble.Rows() {
		if !r.Acked.Seen() && r.Times > 0 {
			add(budget.Recovery, r.First.Time, r.Last.Time)
		}
	}
	if v := d.Trouble.Closures; v != nil { // this side took no data
		reader := budget.Client
		if dir == serverOf(c) {
			reader = budget.Server
		}
		each(reader, v.Waits)
		if s := &v.Standing; s.At.Seen() && !s.Opened.Seen() && s.Probes > 0 {
			add(reader, s.At.Time, c.Last.Time)
		}
	}
}

// applications adds what requests say of the time of a conversation:
//
//  1. Spells have the parts of Spell.Parts, stretch by stretch.
//  2. Before the first question it is the client's time, unless it was long: then nobody waited.
//  3. Between spells, and behind the last answer, nothing was asked; a question without an answer makes that unknown.
//  4. Questions for addresses and ports are one thing, answered or not.
func (in *Input) applications(c *flow.Conversation, to int64, add func(budget.Cause, int64, int64)) {
	list := in.requestsOf(c)
	if len(list) == 0 {
		return
	}
	if asksNames(list[0].Protocol) {
		for _, r := range list {
			end := r.Last.Time
			if !r.Answered() {
				end = to
			}
			add(budget.Names, r.Asked.Time, end)
		}
		return
	}
	begin := c.First.Time
	for _, t := range in.Talks() {
		if !slices.Contains(t.Conversations, c) {
			continue
		}
		spells := t.SpellsOf(func(r *request.Request) bool { return r.Conv == c.ID })
		for i := range spells {
			s := &spells[i]
			for _, span := range s.Spans() {
				add(span.Cause, span.From, span.To)
			}
			cause := budget.Idle
			if i == 0 && s.First.Time-begin <= idle {
				cause = budget.Client
			}
			if !open(list, begin, s.First.Time) {
				add(cause, begin, s.First.Time)
			}
			begin = max(begin, s.Last.Time)
		}
	}
	if begin > c.First.Time && !open(list, begin, to) {
		add(budget.Idle, begin, to)
	}
	for _, l := range login.Of(values(list), in.Conversations.At) {
		hello, end := l.At[login.ClientHello], l.At[login.CipherChange]
		if hello.Seen() && end.Seen() {
			add(budget.TLS, hello.Time, end.Time)
		}
	}
}

func asksNames(p proto.ID) bool { return p == proto.DNS || p == proto.DNSStream || p == proto.SSRP }

func values(list []*request.Request) (out []request.Request) {
	for _, r := range list {
		out = append(out, *r)
	}
	return out
}

// open reports whether a question that has no answer, or that waits for something to happen, was open in a time.
func open(list []*request.Request, from, to int64) bool {
	return slices.ContainsFunc(list, func(r *request.Request) bool {
		return r.Asked.Time < to && (!r.Answered() || r.Waits && r.Last.Time > from)
	})
}

// freshName is how long before the first packet an answer is that gave its address, in nanoseconds: a later connection used what was known.
const freshName = int64(1e9)

// NamedBy is the question whose answer gave the client the address of the server just before the conversation; nil when there is none.
func (in *Input) NamedBy(c *flow.Conversation) (found *request.Request) {
	for i := range in.Requests {
		r := &in.Requests[i]
		since := c.First.Time - r.Last.Time
		if r.Protocol != proto.DNS || !r.Answered() || r.Conv == c.ID || since < 0 || since > freshName || !slices.Contains(r.Addrs, c.Ends[1].Addr()) {
			continue
		}
		if by := in.Conversations.At(r.Conv); by.Source == c.Source && by.Ends[r.Dir].Addr() == c.Ends[0].Addr() {
			if found == nil || r.Last.Time > found.Last.Time {
				found = r
			}
		}
	}
	return found
}

// Spans are the times of the spell with what they went to, in order: those that Parts adds up.
func (s *Spell) Spans() (out []budget.Span) {
	_, client, _ := s.Talk.Way()
	thinks := s.thinks()
	for at := range request.Stretches(s.Requests) {
		from, to := at.From.Time, at.To.Time
		middle, first := from, budget.Network // until when it is first; the rest is on the way
		switch at.Part {
		case request.Waiting:
			middle, first = from+thinks(to-from), budget.Server
		case request.Paused:
			if middle, first = max(from, to-int64(client)), budget.Client; s.asks(request.Pause{From: at.From, To: at.To}) {
				first = budget.Unknown
			}
		}
		for _, one := range []budget.Span{{From: from, To: middle, Cause: first}, {From: middle, To: to, Cause: budget.Network}} {
			if one.From < one.To {
				out = append(out, one)
			}
		}
	}
	return out
}

// thinks says how much of a wait, in nanoseconds, is the server's own. All of them together have what Parts.Server has: each wait beyond
// the way to the server, where that leaves enough; questions that wait at the same time share the way, and then each has its part.
func (s *Spell) thinks() func(ns int64) int64 {
	server, _, _ := s.Talk.Way()
	way, thought := int64(server), s.thought(server)
	var all, beyond int64
	for at := range request.Stretches(s.Requests) {
		if at.Part == request.Waiting {
			ns := at.To.Time - at.From.Time
			all, beyond = all+ns, beyond+max(0, ns-way)
		}
	}
	if own := float64(all) * thought; own <= float64(beyond) {
		scale := own / float64(max(beyond, 1))
		return func(ns int64) int64 { return int64(float64(max(0, ns-way)) * scale) }
	}
	return func(ns int64) int64 { return int64(float64(ns) * thought) }
}

// TimesOf are the times of spells that went to a cause.
func TimesOf(spells []Spell, cause budget.Cause) (out []Interval) {
	for i := range spells {
		s := &spells[i]
		for _, span := range s.Spans() {
			if span.Cause == cause {
				pos := s.Talk.Pos(s.First)
				out = append(out, Interval{From: flow.Moment{Pos: pos, Time: span.From}, To: flow.Moment{Pos: pos, Time: span.To}})
			}
		}
	}
	return out
}
