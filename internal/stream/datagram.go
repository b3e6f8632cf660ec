package stream

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// datagram takes in what a datagram says: as one of a protocol that needs those before it, or as a question or an answer.
func (a *Applications) datagram(p *packet.Packet, s *flow.Sighting) {
	i := p.TransportLayer() + 1
	if i < 1 || i >= p.N || p.Layers[i].Quoted || a.associated(p, s, i) {
		return
	}
	a.asked = a.asked[:0]
	a.number, a.time = p.Record.Pos.Number, p.Record.Time
	a.exchange(p, s.Conv.ID, direction0(p, s.Conv.Ends[0]), &p.Layers[i], p.Bytes(i), p.PayloadLen)
	p.Asked = a.asked
}

// direction0 is 0 for what the first endpoint of a conversation sends, else 1.
func direction0(p *packet.Packet, first netip.AddrPort) int {
	if netip.AddrPortFrom(p.Src, p.SrcPort) == first {
		return 0
	}
	return 1
}

// exchange takes in the question or the answer in b, the datagram of a layer with so many bytes on the wire.
func (a *Applications) exchange(p *packet.Packet, conv, dir int, l *packet.Layer, b []byte, length int) {
	d := all.Datagram(l.Proto)
	if d == nil {
		return
	}
	m := request.Message{Conv: conv, Dir: dir, Protocol: l.Proto, First: a.mark(), Last: a.mark(), Length: int64(length)}
	var turn proto.Turn
	if !d.Turn(b, &turn) {
		return
	}
	if r := a.pairs.Turn(&m, &turn); !a.choice.bare {
		a.answers(r, &turn, l)
	}
}

// associated takes in a datagram of a conversation that is followed, or that begins to be, and reports whether it is one.
func (a *Applications) associated(p *packet.Packet, s *flow.Sighting, i int) bool {
	l := &p.Layers[i]
	stream := all.Association(l.Proto)
	ruled := stream != nil
	if !ruled && (l.Proto != proto.Data || len(p.Payload) == 0) {
		return false
	}
	if ruled { // the layers that it has take the place of data
		l.Proto = proto.Data
	} else if !all.MayAssociate(p.Payload[0]) {
		return false
	}
	t := a.find(s.Conv.ID)
	if t == nil {
		if !ruled {
			stream = all.Associated(p.Payload, len(p.Payload) < p.PayloadLen)
		}
		if stream == nil || !a.choice.takes(stream, a.secrets) {
			return false
		}
		t = &talk{id: s.Conv.ID, first: s.Conv.Ends[0], stream: stream, session: begin(stream, a.secrets)}
	} else if t.stream == nil || !t.stream.Datagrams {
		return false
	}
	dir := direction0(p, t.first)
	a.piece = proto.Piece{Dir: dir, Data: p.Payload, Len: p.PayloadLen}
	if t.session.Extent(&a.piece) == proto.NotThis {
		return false
	}
	if a.last != t {
		a.keep(t)
	}
	a.begin(p)
	d := &t.dir[dir]
	c := chunk{span: span{d.once.next, d.once.next + int64(p.PayloadLen)}, data: p.Payload, began: a.mark()}
	d.once.next = c.to
	a.emit(t, dir, &c, p.PayloadLen, c.from, true)
	a.place(p)
	return true
}

// datagramIn takes in a datagram that another one carries. Its protocol is that of the port, as without what carries it.
func (a *Applications) datagramIn(t *talk, dir, first int, carried *proto.Carried) {
	unit := first + carried.In
	if carried.In == 0 || carried.Len == 0 || unit > maxUnits {
		return
	}
	b := a.units[unit-1].Bytes[carried.Off:][:carried.Len]
	low, high := min(a.packet.SrcPort, a.packet.DstPort), max(a.packet.SrcPort, a.packet.DstPort)
	id := packet.Application(inside(low), inside(high), b)
	if id == proto.None {
		id = proto.Data
	}
	l := packet.Layer{Proto: id}
	if shown := a.inOpened(unit, &proto.UnitLayer{ID: id, In: carried.In, Off: carried.Off, Len: carried.Len}); shown {
		a.exchange(a.packet, t.id, dir, &a.layers[len(a.layers)-1], b, carried.Len)
	} else {
		a.exchange(a.packet, t.id, dir, &l, b, carried.Len)
	}
}

// inside is the port that a protocol has without what encrypts it.
func inside(port uint16) uint16 {
	if without := insides[port]; without != 0 {
		return without
	}
	return port
}
