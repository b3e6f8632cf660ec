// Package stream puts the bytes of TCP connections in order and finds the
// messages of application protocols in them.
//
// [Applications] adds the layers of applications to segments as they come. A
// message is shown with the segment that completes it; a segment that only
// carries a part of one says so. Bytes that come late fill their place; bytes
// that come again are left out; after bytes that are missing a message is looked for at the
// start of a segment. That is what Wireshark does.
package stream

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// Applications follows the connections of one tracker, in the order of its
// packets. Connections have state from the first bytes on that a protocol takes for its own. It is not safe for concurrent use.
type Applications struct {
	choice       *Choice
	source       int
	young, aged  map[int]*talk // by Conversation.ID; the young were touched since the others became aged
	last         *talk
	free         *talk // one that nobody has, for the next connection
	memory       memory
	locks        map[proto.Lock]*Locked
	spent        [][]byte // memory of the units of the last segment
	notes        []field.Note
	texts        [][]string // beside each of the notes
	units        []packet.Unit
	layers       []packet.Layer // of the segment
	placed       int            // of them that the packet has
	unit         proto.Unit
	piece        proto.Piece
	parts        []span
	packet       *packet.Packet
	data         packet.Layer // the layer of the segment's payload
	time, number int64
	pairs        *request.Pairs
	asked        []packet.Asked
	strangers    strangers
	resets       resets
	handed       int // requests
	secrets      proto.Secrets
	accounts     accounts
	hearings     hearings
	handshakes   handshake.List
	carried      [maxDepth + 1][]proto.Carried // of the units that are being taken in, by the depth of their connection
}

// maxTalks bounds the connections that are remembered: twice as many, of which those go first that had no segment for longest.
const maxTalks = 4096

// New follows the connections of a source with a choice of protocols. done gets
// the requests that are finished, or given up; it may be nil, and must not keep them.
func New(c *Choice, source int, done func(*request.Request)) *Applications {
	if done == nil {
		done = func(*request.Request) {}
	}
	a := &Applications{choice: c, source: source, young: map[int]*talk{}, aged: map[int]*talk{}, locks: map[proto.Lock]*Locked{}, secrets: c.Secrets}
	a.pairs = request.NewPairs(source, func(r *request.Request) {
		if a.handed++; !c.bare || a.handed <= maxBare {
			done(r)
		}
	})
	return a
}

// maxBare bounds the requests of one Applications, with a choice [ForRequests]: 5 MB of them. Its connections are left alone from then on.
const maxBare = 1 << 14

// A talk is a connection whose protocol is known.
type talk struct {
	id      int // of its conversation
	first   netip.AddrPort
	stream  *proto.Stream // nil after Over, until the other protocol is known
	session proto.Session
	over    *proto.UnitLayer
	port    uint16 // that the other protocol goes by
	dir     [2]direction
	again   *proto.Stream // what gave the connection over, and goes on inside of what follows: SMTP in TLS behind STARTTLS; nil for what does not
	inner   *talk         // that the session carries, nil before its first byte
	depth   int           // how many carry it
	carrier proto.ID
	hearing *hearing            // who listens to it, nil for nobody
	opening *handshake.Follower // nil when nobody wants to know how it is opened
}

// A direction is what one side sends.
type direction struct {
	once   once
	open   []open
	parsed int64 // offset up to which units are told apart
	next   int64 // offset up to which all was fed, or given up
	early  []early
	acked  int64 // offset up to which the other side has acknowledged
	// waiting is how many bytes are early.
	waiting int
	taken   int64 // offset of the end of the last unit that was handed to the protocol
	missed  int64 // of the offsets those that stand for bytes that are missing, of what is carried
	rest    rest
	closed  bool
	letter  []byte       // the first byte of what is carried, when it came alone and no protocol took it
	wrote   request.Mark // of its segment
}

// Add finds the applications in a packet that the tracker has just seen. What
// it adds to the packet is valid until the next call.
func (a *Applications) Add(p *packet.Packet, s *flow.Sighting) {
	if s.Conv == nil || s.Duplicate || p.Has(packet.Fragment) {
		return
	}
	if a.choice.Hear == nil {
		if !a.choice.bare || a.handed < maxBare {
			a.take(p, s, nil)
		}
		return
	}
	h := a.hear(p, s)
	if a.take(p, s, h); h != nil {
		a.heardAll(h)
	}
}

// take finds the applications in a packet; h is who listens to its connection.
func (a *Applications) take(p *packet.Packet, s *flow.Sighting, h *hearing) {
	if p.Transport == proto.UDP {
		a.datagram(p, s)
	}
	if p.Transport != proto.TCP {
		return
	}
	ends := p.TCP.Flags&(tcp.FIN|tcp.RST) != 0
	if p.PayloadLen == 0 && !ends || s.Analysis&flow.KeepAlive != 0 { // the byte of a probe is none of the stream (RFC 9293, 3.8.4)
		return
	}
	if a.choice.bare && a.strangers.has(s.Conv.ID) {
		return
	}
	t := a.find(s.Conv.ID)
	if p.PayloadLen > 0 {
		a.begin(p)
		if t == nil {
			if t = a.meet(p, s); t == nil && a.choice.bare {
				a.strangers.missed(s.Conv.ID, p.Payload, (netip.AddrPortFrom(p.Src, p.SrcPort)) == s.Conv.Ends[0])
			}
		}
		if t != nil {
			t.hearing = h
			a.segment(t, p, s)
			if a.settled(t) {
				return
			}
		}
	}
	if t != nil && ends {
		a.close(t, p)
	}
	if p.TCP.Flags&tcp.RST != 0 {
		a.pairs.End(s.Conv.ID)
	}
}

// Waiting hands out the questions that nobody has answered yet. They must not be kept.
func (a *Applications) Waiting(visit func(*request.Request)) { a.pairs.Waiting(visit) }

// End is for the end of the packets: questions without an answer are given up.
func (a *Applications) End() {
	for _, generation := range [2]map[int]*talk{a.young, a.aged} {
		for _, id := range slices.Sorted(maps.Keys(generation)) {
			a.endEarly(generation[id])
			a.tellAll(generation[id])
			a.endOpening(generation[id])
		}
	}
	a.endHearings(a.hearings.aged)
	a.endHearings(a.hearings.young)
	a.pairs.Close()
}

// find is the talk of a conversation, nil when none is known.
func (a *Applications) find(id int) *talk {
	if a.last != nil && a.last.id == id {
		return a.last
	}
	t := a.young[id]
	if t == nil {
		if t = a.aged[id]; t != nil {
			delete(a.aged, id)
			a.keep(t)
		}
	}
	if t != nil {
		a.last = t
	}
	return t
}

// keep remembers a talk. When there are too many, those that had no segment for longest are forgotten.
func (a *Applications) keep(t *talk) {
	if len(a.young) >= maxTalks {
		for _, old := range a.aged {
			a.endEarly(old)
			a.release(old)
		}
		clear(a.aged)
		a.young, a.aged = a.aged, a.young
	}
	a.young[t.id] = t
	a.last = t
}

func (a *Applications) release(t *talk) {
	for d := range t.dir {
		a.endRest(t, d)
		for i := range t.dir[d].open {
			a.lose(t, d, &t.dir[d].open[i])
			a.memory.give(t.dir[d].open[i].head)
		}
		t.dir[d].open = nil
	}
	a.tell(t)
	t.opening.End()
	t.opening = nil
	if t.inner != nil {
		a.release(t.inner)
		t.inner = nil
	}
}

func (a *Applications) forget(t *talk) {
	a.endEarly(t)
	a.release(t)
	delete(a.young, t.id)
	delete(a.aged, t.id)
	a.last = nil
}

// begin prepares for the layers of another segment.
func (a *Applications) begin(p *packet.Packet) {
	for i, b := range a.spent {
		a.memory.give(b)
		a.spent[i] = nil
	}
	a.spent, a.notes, a.texts, a.units, a.layers, a.placed = a.spent[:0], a.notes[:0], a.texts[:0], a.units[:0], a.layers[:0], 0
	a.asked = a.asked[:0]
	a.packet, a.time, a.number = p, p.Record.Time, p.Record.Pos.Number
	if a.data = (packet.Layer{}); a.choice.bare {
		return
	}
	for i := p.N - 1; i >= 0; i-- {
		if l := &p.Layers[i]; l.Proto == proto.Data && !l.Quoted {
			a.data = *l
			break
		}
	}
}

// resent are the verdicts on segments whose bytes went before. They count where the connection is not followed yet.
const resent = flow.Retransmission | flow.FastRetransmission | flow.SpuriousRetransmission

// meet looks for the protocol of a connection in the payload of a segment.
func (a *Applications) meet(p *packet.Packet, s *flow.Sighting) *talk {
	if s.Analysis&resent != 0 || len(p.Payload) == 0 {
		return nil
	}
	a.piece = proto.Piece{Data: p.Payload, Len: p.PayloadLen}
	of, session := a.choice.find(p.SrcPort, p.DstPort, &a.piece, a.secrets)
	if of == nil || of.ID == proto.TLS && !a.worth(p.Payload) {
		return nil
	}
	t := a.free
	if a.free = nil; t == nil {
		t = new(talk)
	}
	t.id, t.first, t.stream, t.session = s.Conv.ID, s.Conv.Ends[0], of, session
	a.keep(t)
	return t
}

// segment takes in the payload of a segment, and puts the layers that it completes into the packet.
func (a *Applications) segment(t *talk, p *packet.Packet, s *flow.Sighting) {
	dir := 0
	if (netip.AddrPortFrom(p.Src, p.SrcPort)) != t.first {
		dir = 1
	}
	a.acked(t, dir, p)
	d := &t.dir[dir]
	seq := p.TCP.Seq
	if p.TCP.Flags&tcp.SYN != 0 {
		seq++
	}
	if a.choice.opens && !d.once.begun && firstOf(s, seq) {
		a.foreign(t, dir, p)
	}
	a.drain(t, dir, d.next)
	d.once.opened(s, p.PayloadLen)
	a.parts = d.once.pass(seq, p.PayloadLen, s.Analysis&resent != 0, a.parts[:0])
	base := d.once.next + int64(int32(seq-d.once.seq)) // offset of the segment's first byte
	for _, part := range a.parts {
		at := int(part.from - base)
		c := chunk{span: part, off: at, last: p.TCP.Flags&tcp.FIN != 0 && part.to == base+int64(p.PayloadLen)}
		if at < len(p.Payload) {
			c.data = p.Payload[at:min(len(p.Payload), int(part.to-base))]
		}
		a.inOrder(t, dir, c)
	}
	a.place(p)
}

// place puts the layers that were found in the place of the payload.
func (a *Applications) place(p *packet.Packet) {
	if a.choice.bare {
		return
	}
	k := p.N - 1
	for k >= 0 && (p.Layers[k].Proto != proto.Data || p.Layers[k].Quoted) {
		k--
	}
	if k < 0 { // nothing of the payload was captured
		k = p.N
		for k > 0 && p.Layers[k-1].Proto == proto.Trailer {
			k--
		}
	} else {
		copy(p.Layers[k:], p.Layers[k+1:p.N])
		p.N--
	}
	behind := p.Layers[k:p.N]
	layers := a.layers[a.placed:]
	a.placed = len(a.layers)
	n := len(layers)
	if room := packet.MaxLayers - p.N; n > room {
		n = room
		p.Flags |= packet.TooDeep
	}
	copy(p.Layers[k+n:p.N+n], behind)
	copy(p.Layers[k:], layers[:n])
	p.N += n
	p.Units, p.Notes, p.Texts, p.Asked = a.units, a.notes, a.texts, a.asked
}

// close is for a segment that ends a direction, or resets the connection.
func (a *Applications) close(t *talk, p *packet.Packet) {
	dir := 0
	if netip.AddrPortFrom(p.Src, p.SrcPort) != t.first {
		dir = 1
	}
	a.breaks(t, dir, p)
	if p.TCP.Flags&tcp.RST != 0 {
		if id, gone := a.resets.add(t.id); gone {
			if old := a.find(id); old != nil {
				a.forget(old)
			}
		}
		return
	}
	d := &t.dir[dir]
	a.endOrder(t, dir, p)
	a.ended(t, dir, p)
	if d.closed = true; t.dir[1-dir].closed && !t.misses() {
		a.forget(t)
	}
}

// ended is for the end of a direction, and of what it carries.
func (a *Applications) ended(t *talk, dir int, p *packet.Packet) {
	for ; t != nil; t = t.inner {
		if t.untilEnd(dir) < 0 {
			continue
		}
		if p.PayloadLen == 0 {
			a.begin(p)
		}
		a.finish(t, dir)
		a.place(p)
		return
	}
}

// untilEnd is the unit of a direction that is whole when it ends, -1 without one.
func (t *talk) untilEnd(dir int) int {
	d := &t.dir[dir]
	return slices.IndexFunc(d.open, func(o open) bool { return o.until && o.have == d.once.next-o.from })
}

// finish takes in the unit that ends with its direction.
func (a *Applications) finish(t *talk, dir int) {
	i := t.untilEnd(dir)
	if i < 0 {
		return
	}
	d := &t.dir[dir]
	ended := d.open[i]
	d.open = slices.Delete(d.open, i, i+1)
	a.spend(ended.head)
	a.cut(t, dir, chunk{span: span{ended.from, ended.from + ended.have}, data: ended.head, unit: len(a.units), gap: ended.gap, last: true, began: ended.began})
}

// misses reports whether bytes of the connection may still come: those that were lost before its end are sent again behind it.
func (t *talk) misses() bool {
	return len(t.dir[0].once.holes)+len(t.dir[1].once.holes) > 0
}

// spend makes the bytes of a message a unit of the packet, and keeps them until the next segment.
func (a *Applications) spend(b []byte) {
	a.spent = append(a.spent, b)
	a.units = append(a.units, packet.Unit{Bytes: b})
}

// Held is how many bytes of messages that are not whole are kept.
func (a *Applications) Held() int { return a.memory.held }
