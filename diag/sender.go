package diag

import (
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

const (
	// slowSend is how long a call to send takes at least that waits for the network: a copy into a buffer does not.
	slowSend = time.Millisecond
	// leastRound is the least mean round trip: on a shorter one, such as loopback, the acknowledgment is there before the call returns anyway.
	leastRound = 500 * time.Microsecond
	// minSends is how many calls are a pattern.
	minSends = 10
	// mostSends is the share of them, in percent, that waited.
	mostSends = 80
	// leastSendWait is how much time they cost in all before somebody notices.
	leastSendWait = 500 * time.Millisecond
)

// A Sender is a socket whose calls to send last until what they sent is acknowledged, one after the other.
type Sender struct {
	*session.Socket
	Conv           *flow.Conversation
	Alone          []Interval    // the calls
	Bytes          int64         // that they sent
	Median         time.Duration // how long the one in the middle took
	Shortest, Mean time.Duration // round trips of what this side sent, as the packets show them
}

// Senders are the sockets of all sources that send so, in order of appearance.
func (in *Input) Senders() []*Sender {
	if in.senders == nil && in.Session != nil {
		in.senders = []*Sender{}
		for _, s := range in.Session.Sockets {
			if w := in.senderOf(s); w != nil {
				in.senders = append(in.senders, w)
			}
		}
	}
	return in.senders
}

// SendsAlone reports whether the host says that a side of a connection has one call to send under way, each until its data are acknowledged:
// then nothing is held back by the stack.
func (in *Input) SendsAlone(c *flow.Conversation, side int) bool {
	return slices.ContainsFunc(in.Senders(), func(w *Sender) bool { return w.Conv == c && w.side() == side })
}

// senderOf looks at pairs of calls, one after the other. When the second one begins, all that the first one sent is
// acknowledged; and as it begins at once, that happened while the first one lasted. It is nil unless most calls are like this.
func (in *Input) senderOf(s *session.Socket) *Sender {
	w := &Sender{Socket: s, Conv: s.Conv}
	if w.Conv == nil && s.TCB != nil {
		w.Conv = s.TCB.Conv
	}
	if w.Conv == nil || w.Conv.TCP == nil {
		return nil
	}
	var before *session.Call
	var times []time.Duration
	pairs := 0
	for _, c := range s.Calls {
		if c.Role != session.RoleSend || c.Outer != nil || !c.Enter.Seen() {
			continue
		}
		if b := before; b != nil && b.Exit.Seen() {
			pairs++
			if took, ok := in.waitedFor(b, c); ok {
				w.Alone = append(w.Alone, Interval{From: b.Enter, To: b.Exit, Conv: w.Conv})
				w.Bytes += b.Returned
				times = append(times, took)
			}
		}
		before = c
	}
	if len(w.Alone) < minSends || 100*len(w.Alone) < mostSends*pairs {
		return nil
	}
	if total, ok := in.Waited(w.Alone); !ok || total < leastSendWait {
		return nil
	}
	slices.Sort(times)
	w.Median = times[len(times)/2]
	r := &w.Conv.Dir[w.side()].AckRTT
	w.Shortest, w.Mean = time.Duration(r.Min), time.Duration(r.Mean())
	if w.Mean < leastRound {
		return nil
	}
	return w
}

// waitedFor reports whether a call lasted until its data were acknowledged, as the next one shows.
func (in *Input) waitedFor(b, next *session.Call) (took time.Duration, ok bool) {
	took, timed := in.Elapsed(b.Enter, b.Exit)
	pause, ordered := in.Elapsed(b.Exit, next.Enter)
	return took, timed && ordered && took >= slowSend && pause >= 0 && 4*pause <= took && next.Flight == 0 && b.Returned > 0
}

// side is which end of the conversation the socket is.
func (w *Sender) side() int {
	local := w.Local
	if w.TCB != nil && w.TCB.Local.IsValid() {
		local = w.TCB.Local
	}
	if w.Conv.Ends[1] == local {
		return 1
	}
	return 0
}
