// Package mtu holds the diagnoses of packets that are too large for a link on the way.
package mtu

import (
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{BlackHole, Ignored, Discovered} }

const (
	// options is by how much the options of a segment make its payload smaller (RFC 9293, 3.1).
	options = 40
	// headers are the least that IP and TCP add to a payload.
	headers = 40
	// large is the payload from which a segment is of full size when no SYN tells: below it every link has room (RFC 8200, 5: 1280 bytes).
	large = 1200
)

// full is the payload that a segment of full size has at least.
func full(c *flow.Conversation) int64 {
	mss := 0
	for i := range c.TCP.Sides {
		if m := c.TCP.Sides[i].MSS; m > 0 && (mss == 0 || m < mss) {
			mss = m
		}
	}
	if mss <= options {
		return large
	}
	return int64(mss - options)
}

// tooBig is the ICMP error on what a side sent, nil without one.
func tooBig(c *flow.Conversation, dir int) *flow.TooBig {
	if c.ICMP == nil || c.ICMP.TooBig == nil || c.ICMP.TooBig.Dir != dir {
		return nil
	}
	return c.ICMP.TooBig
}

// delivered is how many bytes of a side the other one acknowledged.
func delivered(c *flow.Conversation, dir int) int64 {
	s, ack := &c.TCP.Sides[dir], c.TCP.Sides[1-dir].AckSent
	switch {
	case ack == 0:
		return 0
	case s.ISNKnown:
		return int64(ack - s.ISN - 1)
	}
	return int64(ack - c.TCP.Sides[1-dir].FirstAck)
}

// smallOnes are other connections in which data of a host came to the other after a moment: the way is open, and
// nothing that came was large. They come in order.
func smallOnes(in *diag.Input, c *flow.Conversation, dir int, since flow.Moment) *flow.Conversation {
	from, to := c.Ends[dir].Addr(), c.Ends[1-dir].Addr()
	for o := range in.Conversations.Between(func(source int, a, b netip.Addr) bool {
		return source == c.Source && (a == from && b == to || a == to && b == from)
	}) {
		d := 0
		if o.Ends[0].Addr() != from {
			d = 1
		}
		last := o.TCP.Sides[d].LastNew
		if o != c && last.Seen() && last.Pos.Number > since.Pos.Number && o.TCP.Undelivered(d) == 0 && int64(o.Dir[d].MaxPayload) < full(o) {
			return o
		}
	}
	return nil
}
