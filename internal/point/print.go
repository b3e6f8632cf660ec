package point

import (
	"encoding/binary"
	"math/bits"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// A print is what is kept of a packet: 48 bytes.
type print struct {
	time   int64
	number uint32 // of the record, modulo 2^32
	talk   uint32 // conversation and direction: number*2 + direction
	seq    uint32 // of TCP; of ICMP echo its sequence number
	ack    uint32 // of TCP, 0 without ACK
	size   uint32 // of the payload on the wire
	short  uint32 // hash of the first shortBytes of the payload, or of all
	wide   uint32 // hash of the first wideBytes of the payload, or of all
	id     uint16 // IPv4 identification
	window uint16 // of TCP
	have   uint16 // captured bytes of the payload, wideBytes at most
	flags  uint8  // of TCP
	ttl    uint8
	dscp   uint8
	copies uint8 // further records of it in the same place
}

// So much of a payload is looked at. A snap length of 96 leaves 26 bytes behind the headers of IPv4 and TCP with time stamps.
const (
	shortBytes = 16
	wideBytes  = 64
)

func (p *print) dir() int  { return int(p.talk & 1) }
func (p *print) conv() int { return int(p.talk >> 1) }

func (q *print) fill(p *packet.Packet) {
	q.time, q.number = p.Record.Time, uint32(p.Record.Pos.Number)
	q.id, q.ttl, q.dscp, q.size = p.IPID, p.TTL, p.DSCP, uint32(p.PayloadLen)
	b := p.Payload
	if len(b) > p.PayloadLen {
		b = b[:max(0, p.PayloadLen)]
	}
	switch p.Transport {
	case proto.TCP:
		q.segment(p.TCP.Seq, p.TCP.Ack, p.TCP.Flags, p.TCP.Window)
	case proto.ICMP, proto.ICMPv6:
		q.seq = uint32(p.ICMPType)<<24 | uint32(p.ICMPCode)<<16 | uint32(p.ICMPSeq)
	}
	q.content(b)
}

// segment takes the header of TCP.
func (q *print) segment(seq, ack uint32, flags tcp.Flags, window uint16) {
	q.seq, q.flags, q.window = seq, uint8(flags), window
	if q.flags&flagACK != 0 {
		q.ack = ack
	}
}

// content takes what was captured of the payload.
func (q *print) content(b []byte) {
	q.have = uint16(min(len(b), wideBytes))
	b = b[:q.have]
	q.short = hash(b[:min(len(b), shortBytes)])
	q.wide = q.short
	if len(b) > shortBytes {
		q.wide = uint32(mix(uint64(q.short), uint64(hash(b[shortBytes:]))))
	}
}

// Flags of TCP (RFC 9293, 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	_
	flagACK
)

// sampled reports whether the packet is one of those of a level. What it looks at is the same on both sides of
// a NAT, of segmentation offload and of a snap length.
func (q *print) sampled(level int) bool {
	key := uint64(q.seq)<<32 | uint64(q.short)
	if q.size == 0 {
		key = uint64(q.seq)<<32 | uint64(q.ack) ^ 0x5bd1e995
	}
	return bits.TrailingZeros64(mix(key, 0x9e3779b97f4a7c15)) >= level
}

// hash is a number for a few bytes. It is the same in every run, as results must be; a
// capture made to collide finds the same content repeated, which is matched by order or not at all.
func hash(b []byte) uint32 {
	x := uint64(len(b)) + 0x2545f4914f6cdd1d
	for ; len(b) >= 8; b = b[8:] {
		x = mix(x, binary.LittleEndian.Uint64(b)^0xff51afd7ed558ccd)
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	x = mix(x, last^0xc4ceb9fe1a85ec53)
	return uint32(x ^ x>>32)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	return hi ^ lo
}
