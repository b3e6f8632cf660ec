package flow

import "github.com/wiretale/wiretale/proto/tcp"

// synchronise reads what a SYN or SYN/ACK says of its sender.
func (f *tcpFlow) synchronise(h *tcp.Header, dir int) {
	t := &f.info
	side := &t.Sides[dir]
	o := synOptions(h.Options)
	side.ISN, side.ISNKnown = h.Seq, true
	side.MSS, side.SACK, side.Timestamps = o.mss, o.sack, o.timestamps
	side.Scale, side.ScaleKnown = o.scale, true
	f.scale(o.scale, dir, h.Flags&tcp.ACK != 0)
}

// scale decides the window scale of both sides: it is used when both SYNs offer
// it (RFC 7323, 2.2). Of one SYN that was not captured the best is assumed.
func (f *tcpFlow) scale(offer int, dir int, answer bool) {
	from, to := &f.side[dir], &f.side[1-dir]
	switch {
	case offer < 0:
		from.scale, to.scale = scaleUnused, scaleUnused
	case answer && to.scale == scaleUnused:
		from.scale = scaleUnused
	default:
		from.scale = int8(offer)
	}
}

type synOption struct {
	mss, scale       int // scale is -1 without the option
	sack, timestamps bool
}

// maxScale is the largest shift of RFC 7323, 2.3; more counts as 14.
const maxScale = 14

// synOptions walks the options of a SYN (RFC 9293, 3.2).
func synOptions(b []byte) synOption {
	o := synOption{scale: -1}
	for len(b) > 0 {
		kind := b[0]
		if kind == 0 {
			return o
		}
		if kind == 1 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return o
		}
		switch n := b[1]; {
		case kind == 2 && n == 4:
			o.mss = int(b[2])<<8 | int(b[3])
		case kind == 3 && n == 3:
			o.scale = min(int(b[2]), maxScale)
		case kind == 4 && n == 2:
			o.sack = true
		case kind == 8 && n == 10:
			o.timestamps = true
		}
		b = b[b[1]:]
	}
	return o
}

// handshake notes the moments of the three-way handshake.
func (f *tcpFlow) handshake(h *tcp.Header, dir int, payload uint32, now Moment) {
	t := &f.info
	if h.Flags&(tcp.ACK|tcp.RST) == tcp.ACK && t.Sides[dir].AckSent == 0 {
		t.Sides[dir].FirstAck = h.Ack
	}
	if acked := t.Sides[1-dir].AckSent; payload > 0 && (acked == 0 || after(h.Seq+payload, acked)) {
		t.Sides[dir].LastNew = now
	}
	switch syn, ack := h.Flags&tcp.SYN != 0, h.Flags&tcp.ACK != 0; {
	case h.Flags&tcp.RST != 0:
	case syn && !ack && dir == 0:
		if !t.SYN.Seen() {
			t.SYN = now
		}
		t.LastSYN = now
		t.SYNs++
	case syn && ack && dir == 1:
		if !t.SYNACK.Seen() {
			t.SYNACK = now
		}
	case ack && dir == 0 && t.SYNACK.Seen() && !t.HandshakeACK.Seen() && after(h.Ack, t.Sides[1].ISN):
		t.HandshakeACK = now
		t.Established = true
	}
}

// initialRTT is the time from the last SYN to the acknowledgement of the SYN/ACK, 0 when either is missing.
func (t *TCP) initialRTT() int64 {
	if !t.HandshakeACK.Seen() || !t.LastSYN.Seen() {
		return 0
	}
	return t.HandshakeACK.Time - t.LastSYN.Time
}

// RTT splits the round trip of the handshake at the place of the capture:
// towards the server from the last SYN to the SYN/ACK, towards the client from
// the SYN/ACK to its acknowledgement, in nanoseconds. The larger part lies on
// the side where the capture was not taken. It is not ok when a moment is
// missing, or when the SYN was repeated after the SYN/ACK.
func (t *TCP) RTT() (server, client int64, ok bool) {
	if !t.LastSYN.Seen() || !t.SYNACK.Seen() || !t.HandshakeACK.Seen() {
		return 0, 0, false
	}
	server, client = t.SYNACK.Time-t.LastSYN.Time, t.HandshakeACK.Time-t.SYNACK.Time
	return server, client, server >= 0 && client >= 0
}
