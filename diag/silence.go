package diag

import (
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

const (
	// longSilence is how long nothing came back before somebody gave up: what thinks for less is slow, not silent.
	longSilence = 10 * time.Second
	// mostAsked is the most that is a request, in bytes: more is a stream, which nobody need answer.
	mostAsked = 64 << 10
	// negotiateCommand is the first request of SMB 2 and 3, as Wireshark names it.
	negotiateCommand = "Negotiate Protocol"
)

// oneWayPorts are services that need not answer: syslog (RFC 6587, RFC 5425), raw printing (9100), the data of FTP (RFC 959).
var oneWayPorts = []uint16{20, 514, 601, 6514, 9100}

// NeverAnswered is how long the client of a connection waited, until one of the two closed it, for the answer that never came.
func (in *Input) NeverAnswered(c *flow.Conversation) (wait Interval, ok bool) {
	t, asked := c.TCP, c.Dir[0].Payload
	if !t.Established || !c.Opened || !t.SYN.Seen() || c.Dir[1].Packets == 0 || c.Dir[1].Payload > 0 || asked == 0 || asked > mostAsked ||
		t.Undelivered(0) > 0 || saidMore(t) || slices.Contains(oneWayPorts, c.Ends[1].Port()) || !t.Sides[0].LastNew.Seen() {
		return wait, false
	}
	end := t.RST
	for i := range t.Sides {
		if fin := t.Sides[i].FIN; fin.Seen() && (!end.Seen() || fin.Pos.Number < end.Pos.Number) {
			end = fin
		}
	}
	if !end.Seen() {
		return wait, false
	}
	wait = Interval{From: t.Sides[0].LastNew, To: end}
	waited, timed := in.Elapsed(wait.From, wait.To)
	spoke, _ := in.Elapsed(t.SYN, wait.From)
	return wait, timed && waited >= longSilence && spoke < waited
}

// saidMore reports whether the sequence numbers of the server, or what the client acknowledged, are beyond its SYN and FIN: then the capture lacks an answer.
func saidMore(t *flow.TCP) bool {
	s := &t.Sides[1]
	first := s.ISN + 1
	return !s.ISNKnown || s.NextSeq-first > 1 || s.NextSeq-first == 1 && !s.FIN.Seen() || t.Sides[0].AckSent-first > 1
}

// An Unnegotiated is a connection whose first request, a NEGOTIATE of SMB 2 or 3, was taken and never answered.
type Unnegotiated struct {
	Conv       *flow.Conversation
	Asked, End flow.Moment
}

// Unnegotiated are those connections, in order. They are found once a run. They are the finding of smb.neg_hang, not of tcp.established_silent.
func (in *Input) Unnegotiated() []Unnegotiated {
	if in.unnegotiated != nil {
		return in.unnegotiated
	}
	in.unnegotiated = []Unnegotiated{}
	for c := range in.Conversations.With(flow.Mute) {
		list := in.requestsOf(c)
		if len(list) == 0 || list[0].Protocol != proto.SMB2 || list[0].Command != negotiateCommand {
			continue
		}
		if w, ok := in.NeverAnswered(c); ok {
			asked := flow.Moment{Pos: trace.Pos{Source: c.Source, Number: list[0].Asked.Number}, Time: list[0].Asked.Time}
			in.unnegotiated = append(in.unnegotiated, Unnegotiated{c, asked, w.To})
		}
	}
	return in.unnegotiated
}

// IsUnnegotiated reports whether a connection is one of those.
func (in *Input) IsUnnegotiated(c *flow.Conversation) bool {
	return slices.ContainsFunc(in.Unnegotiated(), func(u Unnegotiated) bool { return u.Conv == c })
}
