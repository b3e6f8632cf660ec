package session

import (
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// A Claim is what events of a host without packets say of who uses a pair of
// endpoints: for a conversation that another source has captured.
type Claim struct {
	Source        int
	Proto         proto.ID
	Local, Remote netip.AddrPort
	Process       *Process
	First, Last   flow.Moment
}

// slack is how far apart the time of a claim and that of a conversation may be: events of one host are logged a little
// before or after the packets that they are about, and a port is not used again that soon.
const slack = int64(time.Second)

// Near reports whether two spans of time overlap, or nearly so.
func Near(first, last, otherFirst, otherLast int64) bool {
	return first <= otherLast+slack && last >= otherFirst-slack
}

// Covers reports whether the claim and the conversation have the same endpoints at the same time, and which end is the claim's host.
func (c *Claim) Covers(conv *flow.Conversation) (side int, ok bool) {
	if conv.Proto != c.Proto || !Near(conv.First.Time, conv.Last.Time, c.First.Time, c.Last.Time) {
		return 0, false
	}
	switch conv.Ends {
	case [2]netip.AddrPort{c.Local, c.Remote}:
		return 0, true
	case [2]netip.AddrPort{c.Remote, c.Local}:
		return 1, true
	}
	return 0, false
}

// claim notes that a process uses a pair.
func (t *Tracker) claim(k ownedPair, p *Process, now flow.Moment) {
	c := t.claims[k]
	if c == nil || c.Process != p {
		c = &Claim{Source: t.source, Proto: k.proto, Local: k.a, Remote: k.b, Process: p, First: now}
		if t.claims == nil {
			t.claims = map[ownedPair]*Claim{}
		}
		t.claims[k] = c
		t.claimed = append(t.claimed, c)
	}
	c.Last = now
}
