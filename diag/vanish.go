package diag

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
)

// A Vanishing is a segment of full size that was sent again and again in vain while smaller ones arrive.
type Vanishing struct {
	Row        *flow.Retry
	Small      string      // what shows that smaller ones arrive
	Proof      flow.Moment // of that
	Confidence Confidence
}

const (
	// segmentOptions is by how much the options of a segment make its payload smaller (RFC 9293, 3.1).
	segmentOptions = 40
	// largeSegment is the payload from which a segment is of full size when no SYN tells: below it every link has room (RFC 8200, 5: 1280 bytes).
	largeSegment = 1200
	// minVain is how often a timer must have sent a segment again in vain.
	minVain = 3
)

// MSS is the smaller one of those that the SYNs of a TCP connection name, 0 when none does.
func MSS(c *flow.Conversation) (mss int) {
	for i := range c.TCP.Sides {
		if m := c.TCP.Sides[i].MSS; m > 0 && (mss == 0 || m < mss) {
			mss = m
		}
	}
	return mss
}

// FullSize is the payload that a segment of full size has at least.
func FullSize(c *flow.Conversation) int64 {
	if mss := MSS(c); mss > segmentOptions {
		return int64(mss - segmentOptions)
	}
	return largeSegment
}

// Delivered is how many bytes of a side the other one acknowledged.
func Delivered(c *flow.Conversation, dir int) int64 {
	s, ack := &c.TCP.Sides[dir], c.TCP.Sides[1-dir].AckSent
	switch {
	case ack == 0:
		return 0
	case s.ISNKnown:
		return int64(ack - s.ISN - 1)
	}
	return int64(ack - c.TCP.Sides[1-dir].FirstAck)
}

// Vanishing looks for a segment of full size of a side that vanishes, as it is seen at the sender or on the way to the place where it does.
func (in *Input) Vanishing(c *flow.Conversation, dir int) (v Vanishing, ok bool) {
	for _, r := range c.Dir[dir].Trouble.Rows() {
		size := min(int64(r.Bytes), FullSize(c))
		if size < FullSize(c) || int64(r.Passed) >= size || c.TCP.Sides[1-dir].Window == 0 {
			continue
		}
		if one, found := in.vanishes(c, dir, r, size); found && (!ok || r.Times > v.Row.Times) {
			v, ok = one, true
		}
	}
	return v, ok
}

func (in *Input) vanishes(c *flow.Conversation, dir int, r *flow.Retry, size int64) (Vanishing, bool) {
	switch {
	case r.Acked.Seen() && int64(r.LastBytes) < size && r.Times > 1:
		return Vanishing{r, fmt.Sprintf("the same bytes arrived in a segment of %d", r.LastBytes), r.Acked, Proven}, true
	case r.Acked.Seen() || r.Times < minVain:
		return Vanishing{}, false
	}
	if other, side := in.smallOnes(c, dir, r.First); other != nil {
		return Vanishing{r, fmt.Sprintf("small segments of connection %v - %v arrived meanwhile", other.Ends[0], other.Ends[1]), other.TCP.Sides[side].LastNew, Likely}, true
	}
	switch n := Delivered(c, dir); {
	case !r.Heard.Seen():
		return Vanishing{}, false
	case n > 0:
		return Vanishing{r, fmt.Sprintf("%s in smaller segments had arrived, and the other side still answers, but not to these", Count(n, "byte")), r.Heard, Likely}, true
	}
	return Vanishing{r, "the other side still answers, but not to these", r.Heard, Possible}, true
}

// smallOnes is another connection in which data of a host came to the other after a moment, and nothing that came was large; nil when there is none. side is the host's.
func (in *Input) smallOnes(c *flow.Conversation, dir int, since flow.Moment) (other *flow.Conversation, side int) {
	from, to := c.Ends[dir].Addr(), c.Ends[1-dir].Addr()
	for o := range in.Conversations.Between(func(source int, a, b netip.Addr) bool {
		return source == c.Source && (a == from && b == to || a == to && b == from)
	}) {
		side := 0
		if o.Ends[0].Addr() != from {
			side = 1
		}
		last := o.TCP.Sides[side].LastNew
		if o != c && last.Seen() && last.Pos.Number > since.Pos.Number && o.TCP.Undelivered(side) == 0 && int64(o.Dir[side].MaxPayload) < FullSize(o) {
			return o, side
		}
	}
	return nil, 0
}
