package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// Segments is how many packets the wire carried for those that were captured:
// an oversized segment counts as the pieces that a card cuts it into, or that it was put together from.
func (d *Direction) Segments() int64 { return d.Packets + d.pieces }

// piecesOf is how many segments on the wire carry the payload of an oversized
// one. A piece has the options of the whole, which leave less room for payload
// (RFC 6691); without the sizes of the handshake it fills an Ethernet frame.
func piecesOf(f *flow, p *packet.Packet, ip int) int64 {
	if p.Transport != proto.TCP || f.tcp == nil || p.PayloadLen <= 0 {
		return 1
	}
	room := f.tcp.mss() - len(p.TCP.Options)
	if room <= 0 && ip >= 0 {
		room = maxPacket - (datagram(p, ip) - p.PayloadLen)
	}
	if room <= 0 {
		return 1
	}
	return (int64(p.PayloadLen) + int64(room) - 1) / int64(room)
}

// mss is the largest payload that both sides take in a segment without options, 0 when no SYN told.
func (f *tcpFlow) mss() int {
	mss := 0
	for i := range f.info.Sides {
		if m := f.info.Sides[i].MSS; m > 0 && (mss == 0 || m < mss) {
			mss = m
		}
	}
	return mss
}
