package diag

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Blocked is a service that packets for leave one capture point and never come to another, while others do.
type Blocked struct {
	Server        netip.AddrPort
	Proto         proto.ID
	Seen, Unseen  []int // points, in their order
	Conversations []*flow.Conversation
	Packets       int64 // in the time that the other point covers
	Where         []trace.Pos
	// Passing are the conversations that both points have, and Between those of them between the same hosts.
	Passing, Between int
}

// minBlocked is how many packets to one service are a pattern, and no loss.
const minBlocked = 3

// Blocked are those services. They are found once a run. What is blocked is the finding of fw.silent_drop, not of path.loss.location.
func (in *Input) Blocked() []*Blocked {
	if in.Points == nil || in.blocked != nil {
		return in.blocked
	}
	in.blocked = []*Blocked{}
	type service struct {
		server netip.AddrPort
		proto  proto.ID
	}
	index := map[service]*Blocked{}
	for _, t := range vanished(in.Points) {
		if in.Withhold(&Rule{ID: "fw.silent_drop"}, t.conv) {
			continue
		}
		k := service{t.conv.Ends[1], t.conv.Proto}
		b := index[k]
		if b == nil {
			b = &Blocked{Server: k.server, Proto: k.proto, Seen: t.seen, Unseen: t.unseen}
			index[k] = b
			in.blocked = append(in.blocked, b)
		}
		if !slices.Equal(b.Seen, t.seen) || !slices.Equal(b.Unseen, t.unseen) {
			continue
		}
		b.Conversations, b.Packets = append(b.Conversations, t.conv), b.Packets+t.sent
		b.Where = append(b.Where, t.at...)
	}
	in.blocked = slices.DeleteFunc(in.blocked, func(b *Blocked) bool {
		b.count(in.Points)
		return b.Packets < minBlocked || b.Passing == 0
	})
	return in.blocked
}

// IsBlocked reports whether a conversation is one of those.
func (in *Input) IsBlocked(c *flow.Conversation) bool {
	return slices.ContainsFunc(in.Blocked(), func(b *Blocked) bool { return slices.Contains(b.Conversations, c) })
}

// count counts what passes from a point that has it to one that has not.
func (b *Blocked) count(r *point.Result) {
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if !(slices.Contains(b.Seen, p.A) && slices.Contains(b.Unseen, p.B) || slices.Contains(b.Seen, p.B) && slices.Contains(b.Unseen, p.A)) {
			continue
		}
		passing, between := 0, 0
		for j := range p.Meetings {
			m := &p.Meetings[j]
			passing++
			for _, c := range b.Conversations {
				if h := hosts(c); hosts(r.Conv(m.A)) == h || hosts(r.Conv(m.B)) == h {
					between++
					break
				}
			}
		}
		if passing > b.Passing {
			b.Passing, b.Between = passing, between
		}
	}
}

// hosts are the two addresses of a conversation, in order.
func hosts(c *flow.Conversation) [2]netip.Addr {
	a, b := c.Ends[0].Addr(), c.Ends[1].Addr()
	if b.Less(a) {
		a, b = b, a
	}
	return [2]netip.Addr{a, b}
}

// A vanishing is a conversation with the points that have it, and those that lack it although they captured then.
type vanishing struct {
	conv         *flow.Conversation
	seen, unseen []int
	sent         int64
	at           []trace.Pos
}

// vanished puts together what pairs of points say of conversations without an answer that one of them lacks.
func vanished(r *point.Result) (out []*vanishing) {
	same := point.NewSame(r)
	index := map[int]*vanishing{}
	for i := range r.Pairs {
		for _, x := range r.Pairs[i].Alone {
			if x.Stray || x.Doubtful || x.Sent == 0 {
				continue
			}
			t := index[same.Of(x.Conv)]
			if t == nil {
				t = &vanishing{conv: x.Conv, sent: x.Sent, at: x.In}
				index[same.Of(x.Conv)] = t
				out = append(out, t)
			}
			if x.Sent > t.sent {
				t.conv, t.sent, t.at = x.Conv, x.Sent, x.In
			}
			t.seen = append(t.seen, x.At)
			t.unseen = append(t.unseen, r.Pairs[i].A+r.Pairs[i].B-x.At)
		}
	}
	for _, t := range out {
		slices.Sort(t.seen)
		slices.Sort(t.unseen)
		t.seen = slices.Compact(t.seen)
		t.unseen = slices.DeleteFunc(slices.Compact(t.unseen), func(i int) bool { return slices.Contains(t.seen, i) })
	}
	return slices.DeleteFunc(out, func(t *vanishing) bool { return len(t.unseen) == 0 })
}
