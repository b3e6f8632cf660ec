package flow

import (
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A weighed is the packets that one end of a conversation sent and that are
// not yet counted for its host and the receiver's: all are of one kind.
type weighed struct {
	n        uint32
	kind     kind
	maxFrame uint32 // of all packets, counted or not
}

// A kind is all that a packet counts with for hosts: its TTL in the low byte, the verdict on its checksum, and notes.
type kind uint32

const (
	kindChecksum      = 8 // shift
	kindShort    kind = 1 << (16 + iota)
	kindPadded
	kindOutgoing
	kindIncoming
	kindNoIPSum // the IPv4 header has a checksum of 0
)

func (k kind) has(one kind) int64 {
	if k&one != 0 {
		return 1
	}
	return 0
}

// kindOf is the kind of a packet whose network layer is at ip, -1 for none.
func kindOf(p *packet.Packet, ip int, sum packet.Checksum) kind {
	k := kind(p.TTL) | kind(sum)<<kindChecksum
	if ip >= 0 && p.Layers[ip].Proto == proto.IPv4 && noChecksum(p, ip) {
		k |= kindNoIPSum
	}
	r := p.Record
	if r.WireLen <= shortFrame+4 && r.Link == trace.LinkEthernet && ip >= 0 && p.Layers[ip].Off == 14 && datagram(p, ip) < shortPacket {
		if r.WireLen < shortFrame {
			k |= kindShort
		} else {
			k |= kindPadded
		}
	}
	if r.Meta == nil && r.Link == trace.LinkEthernet {
		return k
	}
	switch direction(r) {
	case trace.Outbound:
		k |= kindOutgoing
	case trace.Inbound:
		k |= kindIncoming
	}
	return k
}

// settle counts for the hosts what both ends of a conversation sent.
func (t *Tracker) settle(e *entry, f *flow) {
	if t.light {
		return
	}
	t.settleEnd(e, f, 0)
	t.settleEnd(e, f, 1)
}

// settleEnd counts what one end sent, by order of the endpoints in the key.
func (t *Tracker) settleEnd(e *entry, f *flow, end int) {
	w := &f.weighed[end]
	if w.n == 0 {
		return
	}
	from, to := t.between(e, end == 1)
	n, k := int64(w.n), w.kind
	w.n = 0
	from.Sent.weigh(n, k, int(w.maxFrame))
	to.Received.weigh(n, k, int(w.maxFrame))
	ttl := uint8(k)
	from.TTLs[ttl] = true
	if ttl == 64 || ttl == 128 || ttl == 255 {
		from.InitialTTL += n
	}
	from.IPChecksumZero += n * k.has(kindNoIPSum)
	l := &from.Place
	l.Short += n * k.has(kindShort)
	l.Padded += n * k.has(kindPadded)
	l.Outgoing += n * k.has(kindOutgoing)
	l.Incoming += n * k.has(kindIncoming)
}

func (q *Quality) weigh(n int64, k kind, maxFrame int) {
	q.Checksums[uint8(k>>kindChecksum)] += n
	q.Packets += n
	q.MaxFrame = max(q.MaxFrame, maxFrame)
}

// settleAll counts for the hosts what all conversations sent that may go on.
func (t *Tracker) settleAll() {
	for _, b := range t.pairs.blocks {
		for i := range b {
			if f := b[i].flow; f != nil {
				t.settle(&b[i], f)
			}
		}
	}
}
