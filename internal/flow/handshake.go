package flow

import "github.com/wiretale/wiretale/proto/tcp"

// synchronise reads what a SYN or SYN/ACK says of its sender, after its options.
func (f *tcpFlow) synchronise(h *tcp.Header, g *segment, s *Sighting, now *Moment) {
	t := &f.info
	side := &t.Sides[s.Dir]
	o := synOptions(h.Options)
	answer := h.Flags&tcp.ACK != 0
	if answer && side.ISNKnown && side.ISN != h.Seq && side.FirstAck == h.Ack && !t.HandshakeACK.Seen() {
		f.flow.Dir[s.Dir].trouble().other(now)
	}
	if answer && s.Dir == 1 && side.ISN == h.Seq && t.HandshakeACK.Seen() {
		f.flow.Dir[1].trouble().again(now, t.Sides[0].LastData.Seen())
	}
	side.ISN, side.ISNKnown = h.Seq, true
	side.MSS, side.SACK, side.Timestamps = o.mss, o.sack, o.timestamps
	side.Scale, side.ScaleKnown = o.scale, true
	if h.Len-tcp.HeaderMin <= len(h.Options) { // of options that were cut nothing follows
		f.negotiate(answer, &f.side[s.Dir], &f.side[1-s.Dir])
	}
	if !answer {
		return
	}
	switch {
	case g.ack-f.side[1-s.Dir].base > 1:
		s.Analysis |= FastOpenAck
	case f.fastData:
		s.Analysis |= FastOpenIgnored
	}
}

// Answers are SYN/ACKs of one side that answer the same SYN with another sequence number than the one before.
type Answers struct {
	Count int64
	Last  Moment
}

func (t *Trouble) other(now *Moment) {
	if t.Answers == nil {
		t.Answers = new(Answers)
	}
	t.Answers.Count++
	t.Answers.Last = *now
}

// Answers are those of the server, nil when there are none.
func (c *Conversation) Answers() *Answers {
	if c.Dir[1].Trouble == nil {
		return nil
	}
	return c.Dir[1].Trouble.Answers
}

// Reanswers are SYN/ACKs of the server that came again although the client had acknowledged the first: the server does not have the end of the handshake.
type Reanswers struct {
	Count       int64
	Unread      int64 // of them, those that came when the client had sent data
	First, Last Moment
}

func (t *Trouble) again(now *Moment, data bool) {
	if t.Reanswers == nil {
		t.Reanswers = &Reanswers{First: *now}
	}
	t.Reanswers.Count++
	t.Reanswers.Last = *now
	if data {
		t.Reanswers.Unread++
	}
}

// Reanswers are those of the server, nil when there are none.
func (c *Conversation) Reanswers() *Reanswers {
	if c.Dir[1].Trouble == nil {
		return nil
	}
	return c.Dir[1].Trouble.Reanswers
}

type synOption struct {
	mss, scale       int // scale is -1 without the option
	sack, timestamps bool
}

// synOptions walks the options of a SYN (RFC 9293, 3.2).
func synOptions(b []byte) synOption {
	o := synOption{scale: -1}
	for {
		kind, v, rest, ok := tcp.NextOption(b)
		if !ok {
			return o
		}
		b = rest
		switch {
		case kind == tcp.OptionMSS && len(v) == 2:
			o.mss = int(v[0])<<8 | int(v[1])
		case kind == tcp.OptionWindowScale && len(v) == 1:
			o.scale = min(int(v[0]), maxScale)
		case kind == tcp.OptionSACKPermitted && len(v) == 0:
			o.sack = true
		case kind == tcp.OptionTimestamps && len(v) == 8:
			o.timestamps = true
		}
	}
}

// handshake notes the moments of the three-way handshake.
func (f *tcpFlow) handshake(h *tcp.Header, dir int, now *Moment) {
	t := &f.info
	switch syn, ack := h.Flags&tcp.SYN != 0, h.Flags&tcp.ACK != 0; {
	case h.Flags&tcp.RST != 0:
	case syn && !ack && dir == 0:
		if !t.SYN.Seen() {
			t.SYN = *now
		}
		t.LastSYN = *now
		t.SYNs++
	case syn && !ack:
		t.SimultaneousOpen = t.SYN.Seen()
	case syn && dir == 1:
		if !t.SYNACK.Seen() {
			t.SYNACK = *now
		}
	case ack && dir == 0 && !t.HandshakeACK.Seen() && t.SYNACK.Seen() && after(h.Ack, t.Sides[1].ISN):
		t.HandshakeACK = *now
		f.settled, f.both, t.Established = true, true, true
	}
}
