package stream

import (
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// maxDepth bounds the connections inside one another: TLS in TLS behind a proxy, and what it carries.
const maxDepth = 4

// insides are the ports that protocols have inside TLS, and those that they have without (IANA, Service Name and Port Number Registry).
var insides = map[uint16]uint16{443: 80, 465: 25, 563: 119, 636: 389, 853: 53, 989: 20, 990: 21, 993: 143, 995: 110, 3269: 389, 8443: 80}

// carry takes in a piece of a connection that the unit c of t carries. at is where the unit begins in its buffer, first the number of units before those that
// were opened of it, and lost how many bytes may be missing where it says that there are.
func (a *Applications) carry(t *talk, dir int, c *chunk, at, first int, lost int64, p *proto.Carried) {
	if t.depth == maxDepth {
		return
	}
	if t.inner == nil {
		t.inner = &talk{id: t.id, first: t.first, depth: t.depth + 1}
		if t.stream != nil {
			t.inner.carrier = t.stream.ID
		}
		if p.Again {
			t.inner.again = t.stream
		}
	}
	t.inner.hearing = t.hearing
	inner := chunk{unit: c.unit, off: c.off + p.Off, lead: at + c.lead + p.Off, lent: c.unit != 0, last: c.last || p.Last, began: c.began, data: c.data}
	if p.In != 0 {
		inner.unit, inner.lead, inner.lent, inner.data = first+p.In, p.Off, true, a.units[first+p.In-1].Bytes
	}
	inner.data = inner.data[min(p.Off, len(inner.data)):min(p.Off+p.Len, len(inner.data))]
	d := &t.inner.dir[dir]
	if p.Gap || c.gap && p.In == 0 {
		a.dropOpen(t.inner, dir)
		d.once.next += lost // so that it is seen that something is missing
		d.missed += lost
	}
	inner.span = span{d.once.next, d.once.next + int64(p.Len)}
	d.once.next = inner.to
	letter := false
	if t.inner.stream == nil && t.inner.over == nil {
		a.piece = proto.Piece{Dir: dir, Data: inner.data, Len: p.Len, Gap: p.Gap}
		if d.letter != nil && !p.Gap {
			a.piece.Data, a.piece.Len = slices.Concat(d.letter, inner.data), 1+p.Len
		}
		t.inner.stream, t.inner.session = a.inside(p.Protocol, t)
		letter = t.inner.stream == nil && inner.from == 0 && p.Len == 1 && len(inner.data) == 1 && !p.Last
	}
	if t.hearing != nil {
		a.carries(t, dir, &inner, lost, p)
	}
	if letter {
		d.letter, d.wrote = slices.Clone(inner.data), a.mark()
		return
	}
	if d.letter != nil {
		a.feedLetter(t.inner, dir)
	}
	if a.feed(t.inner, dir, inner); p.Last {
		a.finish(t.inner, dir)
	}
}

// feedLetter takes in the first byte of a direction, which came alone: against an attack on SSL 3.0 and TLS 1.0 (CVE-2011-3389) the first byte of a text has
// a record of its own. What protocol it begins is known with the bytes behind it.
func (a *Applications) feedLetter(t *talk, dir int) {
	d := &t.dir[dir]
	letter := d.letter
	d.letter = nil
	units, layers := len(a.units), len(a.layers)
	a.units = append(a.units, packet.Unit{Bytes: letter})
	a.feed(t, dir, chunk{span: span{0, 1}, data: letter, unit: len(a.units), lent: true, began: d.wrote})
	if len(a.units) == units+1 && len(a.layers) == layers { // nothing lies in it
		a.units = a.units[:units]
	}
}

// dropOpen gives up the units of a direction that wait for bytes.
func (a *Applications) dropOpen(t *talk, dir int) {
	d := &t.dir[dir]
	for i := range d.open {
		a.lose(t, dir, &d.open[i])
		a.memory.give(d.open[i].head)
	}
	d.open = d.open[:0]
}

// inside is the protocol of what t carries: what both sides agreed on, else what they spoke before, else that of the port, else one that the bytes show.
func (a *Applications) inside(agreed proto.ID, t *talk) (*proto.Stream, proto.Session) {
	if agreed == proto.None && t.again != nil {
		return t.again, begin(t.again, a.secrets)
	}
	if agreed == proto.Data {
		return nil, nil
	}
	if s := all.Stream(agreed); s != nil && a.choice.takes(s, a.secrets) {
		return s, begin(s, a.secrets)
	}
	low, high := min(a.packet.SrcPort, a.packet.DstPort), max(a.packet.SrcPort, a.packet.DstPort)
	if t.port != 0 { // that of the server behind a proxy
		low, high = t.port, t.port
	}
	s, session := a.choice.find(insides[low], insides[high], &a.piece, a.secrets)
	if s == nil || s.Looks == nil || s.Looks(a.piece.Data) || session.Extent(&a.piece) == proto.More {
		return s, session
	}
	return nil, nil // the port says little of what is inside: the first bytes must look like it, as far as they go
}
