package flow

import (
	"time"

	"github.com/wiretale/wiretale/proto"
)

// A Trait is what can be asked of a conversation without looking at it, so
// that whoever looks for few among millions need not have them unpacked.
type Trait uint32

const (
	OneSided   Trait = 1 << iota // TCP, and one end sent no packet
	Headless                     // TCP, and neither SYN nor SYN/ACK was captured
	Reset                        // TCP, with a reset
	Refused                      // TCP.Refused
	Quoted                       // an ICMP error quoted it
	Oversized                    // Direction.Oversized is not 0
	Unlengthy                    // Direction.LengthZero is not 0
	Troubled                     // Direction.Trouble is there: a segment had a verdict
	Copied                       // Conversation.Copies is there: a packet was recorded twice
	Gappy                        // bytes of a direction are missing from the capture: Trouble.Missing is there
	Unfinished                   // TCP, without a FIN or reset
	HeldBack                     // Direction.Held.Count is not 0
	Unanswered                   // UDP, and one end sent no packet
	Repaired                     // data were sent again, or came late: Trouble.Repairs or Trouble.Retry is there, or Trouble.Overtaken counts
	Shut                         // a window was 0: Trouble.Closures is there
	Mute                         // TCP, and one end sent payload, and the other, which sent packets, none
	Queueing                     // round trips grew with what was in flight: Direction.Queue is there
	FirstSent                    // Ends[0] sent packets
	SecondSent                   // Ends[1] did
	Contested                    // TCP, and a SYN was answered with several sequence numbers: Trouble.Answers is there
	Paused                       // Direction.Pauses is not nil: the application of a side paused in what it sends
	Reanswered                   // TCP, and a SYN/ACK came again after the end of the handshake: Trouble.Reanswers is there
	Declined                     // TCP, and the SYN/ACK lacks window scaling or SACK, which the SYN offered
	SlowOpened                   // TCP, and the SYN, sent once, was answered after LateSYNACK or more
)

// LateSYNACK is how long a SYN is unanswered that somebody waits for.
const LateSYNACK = 300 * time.Millisecond

// Traits are those of a conversation.
func (c *Conversation) Traits() (t Trait) {
	is := func(on bool, what Trait) {
		if on {
			t |= what
		}
	}
	for i := range c.Dir {
		d := &c.Dir[i]
		is(d.Oversized > 0, Oversized)
		is(d.LengthZero > 0, Unlengthy)
		is(d.Held != nil && d.Held.Count > 0, HeldBack)
		is(d.Trouble != nil, Troubled)
		is(d.Trouble != nil && d.Trouble.Missing != nil, Gappy)
		is(d.Trouble != nil && (d.Trouble.Repairs != nil || d.Trouble.Retry != nil || d.Trouble.Overtaken.Count > 0), Repaired)
		is(d.Trouble != nil && d.Trouble.Closures != nil, Shut)
		is(d.Queue != nil, Queueing)
		is(d.Pauses() != nil, Paused)
		is(c.Proto == proto.TCP && d.Packets == 0, OneSided)
		is(c.Proto == proto.UDP && d.Packets == 0, Unanswered)
	}
	is(c.Dir[0].Packets > 0, FirstSent)
	is(c.Dir[1].Packets > 0, SecondSent)
	is(c.ICMP != nil, Quoted)
	is(c.Copies != nil, Copied)
	if c.TCP == nil {
		return t
	}
	is(c.Dir[0].Payload > 0 && c.Dir[1].Payload == 0 && c.Dir[1].Packets > 0 || c.Dir[1].Payload > 0 && c.Dir[0].Payload == 0 && c.Dir[0].Packets > 0, Mute)
	is(!c.Opened, Headless)
	is(c.TCP.RST.Seen(), Reset)
	is(c.TCP.Refused, Refused)
	is(c.Answers() != nil, Contested)
	is(c.Reanswers() != nil, Reanswered)
	is(c.TCP.SYN.Seen() && c.TCP.SYNACK.Seen() && c.TCP.declined(), Declined)
	is(c.TCP.SYNs == 1 && c.TCP.SYN.Seen() && c.TCP.SYNACK.Seen() && c.TCP.SYNACK.Time-c.TCP.SYN.Time >= int64(LateSYNACK), SlowOpened)
	is(!c.TCP.RST.Seen() && c.TCP.FirstFIN < 0, Unfinished)
	return t
}

// declined reports whether the server's SYN/ACK lacks an option that matters for speed and that the client's SYN has.
func (t *TCP) declined() bool {
	syn, answer := &t.Sides[0], &t.Sides[1]
	return syn.ScaleKnown && answer.ScaleKnown && (syn.Scale >= 0 && answer.Scale < 0 || syn.SACK && !answer.SACK)
}
