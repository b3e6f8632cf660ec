package diag

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// leastReanswer is the shortest time-out of a stack for a SYN/ACK.
const leastReanswer = 200 * time.Millisecond

// Unaccepted is how long the client of a connection, which had completed the handshake, waited until the server had it too, or to its end: the server
// went on repeating its SYN/ACK although the end of the handshake passed here, and data of the client.
func (in *Input) Unaccepted(c *flow.Conversation) (wait Interval, ok bool) {
	t, again := c.TCP, c.Reanswers()
	if again == nil || !t.SYN.Seen() || again.Count < int64(t.SYNs) || c.Answers() != nil {
		return wait, false // a repeated SYN has an answer of its own
	}
	if again.Unread == 0 {
		return wait, false // data were all that the server waited for (TCP_DEFER_ACCEPT)
	}
	server, _, _ := t.RTT()
	if d, timed := in.Elapsed(t.HandshakeACK, again.Last); !timed || d < leastReanswer+time.Duration(server) {
		return wait, false
	}
	wait = Interval{From: t.HandshakeACK, To: again.Last, Conv: c}
	if c.Dir[1].Payload == 0 {
		if wait.To, _ = Ending(c); !wait.To.Seen() {
			wait.To = c.Last
		}
	}
	return wait, true
}

// IsUnaccepted reports whether a connection is one of those: what its client sent was not lost on the way.
func (in *Input) IsUnaccepted(c *flow.Conversation) bool {
	_, ok := in.Unaccepted(c)
	return ok
}
