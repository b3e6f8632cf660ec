package stream

import (
	"maps"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

const (
	// maxHearings bounds the connections that are heard at the same time, as maxTalks does.
	maxHearings = 2048
	// maxEarlyParts bounds the segments of one side that wait for bytes before them, beside maxEarly.
	maxEarlyParts = 2048
)

// hearings are the connections that somebody listens to.
type hearings struct {
	young, aged map[int]*hearing // by Conversation.ID, as the talks
	memory      memory           // of what waits: what is heard changes nothing of what is decoded
}

// A heardSide is what one side sent, as far as it was heard.
type heardSide struct {
	begun   bool
	closed  bool
	seq     uint32 // of the next byte
	next    int64  // offset of it: from the SYN, or from the first segment
	early   []heardPart
	waiting int // bytes of them
}

// A heardPart is the payload of a segment in its place.
type heardPart struct {
	span
	data []byte // what there is of it
	mark request.Mark
	fin  bool // the side sends no more behind it
}

// hear tells who listens to the connection of a packet what it brings, and returns the hearing; nil when nobody does.
func (a *Applications) hear(p *packet.Packet, s *flow.Sighting) *hearing {
	if p.Transport != proto.TCP && p.Transport != proto.UDP {
		return nil
	}
	h := a.hearings.find(s.Conv.ID)
	if h == nil {
		listen := a.choice.Hear(s.Conv)
		if listen == nil {
			return nil
		}
		h = &hearing{conv: s.Conv, listen: listen}
		a.keepHearing(h)
	}
	mark := request.Mark{Number: p.Record.Pos.Number, Time: p.Record.Time}
	if p.Transport == proto.UDP {
		h.hears(Heard{Kind: HeardBytes, Dir: s.Dir, Carrier: proto.UDP, First: mark, Last: mark, Data: p.Payload, Len: p.PayloadLen, Packet: p})
		return h
	}
	if s.Analysis&flow.KeepAlive == 0 {
		a.hearSegment(h, p, s.Dir, mark)
	}
	return h
}

// hearSegment takes in a segment:
//
//  1. what it acknowledges has arrived: nobody sends again what the capture lacks of it;
//  2. bytes that were heard before are left out, those behind others that are missing wait;
//  3. the others are heard, and what waited for them.
func (a *Applications) hearSegment(h *hearing, p *packet.Packet, dir int, mark request.Mark) {
	side, flags, seq := &h.sides[dir], p.TCP.Flags, p.TCP.Seq
	if other := &h.sides[1-dir]; flags&tcp.ACK != 0 && len(other.early) > 0 {
		a.heardUpTo(h, 1-dir, other.next+int64(int32(p.TCP.Ack-other.seq)))
	}
	if flags&tcp.SYN != 0 {
		seq++
		h.hears(Heard{Kind: HeardOpen, Dir: dir, Carrier: proto.TCP, First: mark, Last: mark, Packet: p})
		if side.next == 0 && len(side.early) == 0 {
			side.begun, side.seq = true, seq // of the last one, when it was tried with several
		}
	}
	if !side.begun && (flags&tcp.RST == 0 || p.PayloadLen > 0) {
		side.begun, side.seq = true, seq
	}
	if side.begun && (p.PayloadLen > 0 || flags&tcp.FIN != 0) {
		from := side.next + int64(int32(seq-side.seq))
		part := heardPart{span{from, from + int64(p.PayloadLen)}, p.Payload, mark, flags&tcp.FIN != 0}
		if from <= side.next || !a.waits(side, &part) {
			a.heardUpTo(h, dir, from)
			a.hearPart(h, dir, &part, p)
			a.heardUpTo(h, dir, side.next)
		}
	}
	if flags&tcp.RST != 0 {
		h.hears(Heard{Kind: HeardReset, Dir: dir, Carrier: proto.TCP, First: mark, Last: mark, Packet: p})
	}
}

// hearPart tells of the bytes of a part that are new.
func (a *Applications) hearPart(h *hearing, dir int, part *heardPart, p *packet.Packet) {
	side := &h.sides[dir]
	if part.to < side.next || part.to == side.next && !part.fin {
		return
	}
	if old := side.next - part.from; old > 0 {
		part.data = part.data[min(int64(len(part.data)), old):]
		part.from = side.next
	}
	e := Heard{Kind: HeardBytes, Dir: dir, Carrier: proto.TCP, First: part.mark, Last: part.mark, Data: part.data, Len: int(part.to - part.from), Lost: part.from - side.next, Packet: p}
	side.seq += uint32(part.to - side.next)
	if side.next = part.to; e.Len > 0 {
		h.hears(e)
		e.Lost = 0
	}
	if part.fin && !side.closed {
		side.closed = true
		e.Kind, e.Data, e.Len = HeardClose, nil, 0
		h.hears(e)
	}
}

// heardUpTo tells of what waits and begins before an offset, whatever is missing before it, and of what follows without a hole.
func (a *Applications) heardUpTo(h *hearing, dir int, upTo int64) {
	side := &h.sides[dir]
	for len(side.early) > 0 && (side.early[0].from < upTo || side.early[0].from <= side.next) {
		part := side.early[0]
		side.early = slices.Delete(side.early, 0, 1)
		side.waiting -= len(part.data)
		kept := part.data
		a.hearPart(h, dir, &part, nil)
		a.hearings.memory.give(kept)
	}
}

// waits keeps an early part; false when there is no room for it.
func (a *Applications) waits(side *heardSide, part *heardPart) bool {
	n := len(part.data)
	if side.waiting+n > maxEarly || len(side.early) == maxEarlyParts {
		return false
	}
	i, same := slices.BinarySearchFunc(side.early, part.from, func(e heardPart, at int64) int { return int(min(max(e.from-at, -1), 1)) })
	if same && side.early[i].to >= part.to && (!part.fin || side.early[i].fin) { // sent again
		return true
	}
	var b []byte
	if n > 0 {
		if b = a.hearings.memory.grow(nil, n, false); b == nil {
			return false
		}
		copy(b, part.data)
	}
	kept := *part
	kept.data = b
	side.waiting += n
	side.early = slices.Insert(side.early, i, kept)
	return true
}

// find is the hearing of a conversation, nil without one.
func (l *hearings) find(id int) *hearing {
	h := l.young[id]
	if h == nil {
		if h = l.aged[id]; h != nil {
			delete(l.aged, id)
			l.young[id] = h
		}
	}
	return h
}

// keepHearing remembers a hearing. When there are too many, those that had no packet for longest end.
func (a *Applications) keepHearing(h *hearing) {
	l := &a.hearings
	if len(l.young) >= maxHearings || l.young == nil {
		a.endHearings(l.aged)
		l.young, l.aged = map[int]*hearing{}, l.young
	}
	l.young[h.conv.ID] = h
}

// endHearings ends all of them, in their order.
func (a *Applications) endHearings(of map[int]*hearing) {
	for _, id := range slices.Sorted(maps.Keys(of)) {
		a.endHearing(of[id])
	}
}

// endHearing tells of what still waits, and that it was all.
func (a *Applications) endHearing(h *hearing) {
	for dir := range h.sides {
		for side := &h.sides[dir]; len(side.early) > 0; {
			a.heardUpTo(h, dir, side.early[0].from+1)
		}
	}
	carrier := h.conv.Proto
	h.hears(Heard{Kind: HeardEnd, Carrier: carrier, First: h.heard.Last, Last: h.heard.Last})
	h.ended = true
}

// heardAll ends a hearing of which both sides have said that they send no more, and which no session is kept of.
func (a *Applications) heardAll(h *hearing) {
	if h.sides[0].closed && h.sides[1].closed && !h.ended && a.find(h.conv.ID) == nil {
		a.endHearing(h)
	}
}
