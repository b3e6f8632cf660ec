package flow

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto/tcp"
)

// Taken is the segment of a frame that [Tracker.AddFrame] took, as it is in the frame.
type Taken struct {
	Dir       int // as in [Sighting]
	Seq, Ack  uint32
	Flags     tcp.Flags
	Window    uint16
	IPID      uint16 // 0 with IPv6
	TTL, DSCP uint8
	Payload   []byte // all of it; valid as long as the frame
}

// Taken tells the segment of the frame that AddFrame took last, whose bytes are given. It may be called until the next frame.
func (t *Tracker) Taken(frame []byte) Taken {
	g := &t.plain
	class, at := uint16(frame[atIP+1]), atIP+20
	if frame[atIP]>>4 == 6 { // the traffic class lies across two bytes (RFC 8200, 3)
		class, at = binary.BigEndian.Uint16(frame[atIP:])>>4&0xff, atIP+40
	}
	at += g.header
	return Taken{
		Dir: g.dir, Seq: g.seq, Ack: g.ack, Flags: g.flags, Window: uint16(g.window), IPID: g.ipid, TTL: g.ttl, DSCP: uint8(class >> 2),
		Payload: frame[at : at+int(g.len)],
	}
}
