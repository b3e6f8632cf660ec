package flow

import (
	"math"

	"github.com/wiretale/wiretale/proto/tcp"
)

// Samples are round-trip times in nanoseconds.
type Samples struct {
	Min, Max, Sum int64
	N             uint32
}

// Mean is the average, 0 without samples.
func (s *Samples) Mean() int64 {
	if s.N == 0 {
		return 0
	}
	return s.Sum / int64(s.N)
}

func (s *Samples) add(ns int64) {
	if ns < 0 {
		return // the clock went back
	}
	if s.N == 0 || ns < s.Min {
		s.Min = ns
	}
	s.Max = max(s.Max, ns)
	if s.Sum += ns; s.Sum < 0 {
		s.Sum = math.MaxInt64
	}
	s.N++
}

// initialRTT measures from the last SYN to the first acknowledgement without
// SYN, whoever sent it, as Wireshark does. It also ends the time in which windows are not scaled.
func (f *tcpFlow) initialRTT(g *segment, from *side) {
	switch g.flags & (tcp.SYN | tcp.ACK) {
	case tcp.ACK:
		from.known &^= unscaled
		if f.irtt == 0 && f.synTime != 0 {
			f.irtt = g.time - f.synTime
		}
	case tcp.SYN:
		from.known |= unscaled
		f.synTime = g.time
	case tcp.SYN | tcp.ACK:
		from.known |= unscaled
	}
}

// An echo is a time stamp of one side that the other has not echoed yet (RFC 7323, 4).
type echo struct {
	value   uint32
	ack     uint32 // what the segment acknowledged; valid iff pure
	time    int64  // when the side first sent it
	pending bool
	pure    bool   // in a segment without data
	newest  uint32 // of all time stamps of the side, echoed or not; valid iff it is stamped
}

// timestamps takes a sample when the segment echoes what the other side sent
// with data, and remembers the value that it sends itself.
func (f *tcpFlow) timestamps(value, reply uint32, g *segment, from, to *side, dir int) {
	if value != from.echo.newest {
		from.dated(value)
	}
	if q := f.flow.Dir[dir&1].Queue; q != nil && q.echoes != nil {
		f.echoed(q, reply, g, dir)
	}
	if q := f.flow.Dir[1-dir&1].Queue; q != nil && q.echoes != nil && g.len == 0 {
		q.echoes.ask(value, g)
	}
	if to.echo.pending && g.flags&tcp.ACK != 0 && int32(reply-to.echo.value) >= 0 {
		switch {
		case reply != to.echo.value:
		case to.echo.pure:
			f.answeredAck(g, to, dir)
		default:
			other := &f.flow.Dir[1-dir&1]
			if other.EchoRTT == nil {
				other.EchoRTT = f.echo()
			}
			other.EchoRTT.add(g.time - to.echo.time)
		}
		to.echo = echo{value: to.echo.value, newest: to.echo.newest}
	}
	if from.echo.value == value {
		return
	}
	if g.advances() && (!from.echo.pending || from.echo.pure || g.flags&tcp.SYN != 0) {
		from.echo = echo{value: value, pending: true, time: g.time, newest: from.echo.newest}
	} else if !from.echo.pending && g.flags&control == 0 {
		from.echo = echo{value: value, ack: g.ack, pending: true, pure: true, time: g.time, newest: from.echo.newest}
	}
}

// dated takes another time stamp than the newest one so far.
func (s *side) dated(value uint32) {
	switch {
	case !s.has(stamped):
		s.known |= stamped
		s.echo.newest = value
	case int32(value-s.echo.newest) > 0:
		s.known |= newer
		s.echo.newest = value
	default:
		s.known |= older
	}
}

// echo is memory for samples.
func (f *tcpFlow) echo() *Samples {
	for i, s := range f.echoes {
		if s != nil {
			f.echoes[i] = nil
			*s = Samples{}
			return s
		}
	}
	return new(Samples)
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
