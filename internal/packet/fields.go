package packet

import (
	"sync"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// Fields are the fields of the frame that decoding tells.
var Fields = []field.Of[Packet]{
	{Name: "frame.protocols", Title: "Protocols in frame", Type: field.String, Get: func(p *Packet) (field.Value, bool) {
		return field.S(string(p.Protocols(nil))), p.N > 0
	}},
}

// A Place is a field of one protocol's table.
type Place struct {
	Proto proto.ID
	Field *field.Field
	// Derive, when it is set, takes the place of Find where a value needs more
	// than the captured bytes of the layer. Its span counts from the layer.
	Derive func(p *Packet, layer int) (field.Span, field.Value, bool)
}

// Places are where the field with this name is found: several when several
// protocols have it, none when no table has it. They are not to be changed.
func Places(name string) []Place { return index()[name] }

// index finds fields by name.
var index = sync.OnceValue(func() map[string][]Place {
	places := make(map[string][]Place)
	for id, t := range all.Tables() {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			f := &t.Fields[i]
			places[f.Name] = append(places[f.Name], Place{proto.ID(id), f, derived[f.Name]})
		}
	}
	return places
})

// derived are the fields whose value the captured bytes of a layer do not
// tell: they need the length on the wire, the pseudo header, or the place in the frame. Spans count from the layer.
var derived = map[string]func(*Packet, int) (field.Span, field.Value, bool){
	"tcp.len":                segmentLen,
	"ip.checksum.status":     ipStatus,
	"tcp.checksum.status":    transportStatus,
	"udp.checksum.status":    transportStatus,
	"icmp.checksum.status":   transportStatus,
	"icmpv6.checksum.status": transportStatus,
	"igmp.checksum.status":   transportStatus,
	"eth.padding":            padding,
	"eth.trailer":            trailer,
	"eth.fcs":                frameCheck,
	"dns.response_to":        questionNumber,
	"dns.time":               questionTime,
	"dcerpc.request_in":      questionNumber,
	"dcerpc.time":            questionTime,
	"imap.response_to":       questionNumber,
	"ldap.response_to":       questionNumber,
	"imap.time":              questionTime,
	"ldap.time":              questionTime,
	"smb2.response_to":       questionNumber,
	"smb2.time":              questionTime,
}

// questionNumber is the record with the question that a layer answers.
func questionNumber(p *Packet, i int) (field.Span, field.Value, bool) {
	n := p.Layers[i].Asked
	if n == 0 {
		return field.Span{}, field.Value{}, false
	}
	return field.Span{}, field.U(uint64(p.Asked[n-1].Number)), true
}

// questionTime is the time since then.
func questionTime(p *Packet, i int) (field.Span, field.Value, bool) {
	n := p.Layers[i].Asked
	if n == 0 {
		return field.Span{}, field.Value{}, false
	}
	return field.Span{}, field.Value{Type: field.Duration, U: uint64(p.Record.Time - p.Asked[n-1].Time)}, true
}

// Each yields every occurrence of the named field, outer layers first. Spans
// are offsets in the record's data, or in the buffer of layers that lie
// elsewhere; a field of the frame itself has an empty span. Nothing is yielded for a name that no table has.
func (p *Packet) Each(name string, yield func(field.Span, field.Value) bool) {
	if places := index()[name]; len(places) > 0 {
		p.eachPlace(places, yield)
		return
	}
	for i := range Fields {
		if Fields[i].Name == name {
			if v, ok := Fields[i].Get(p); ok {
				yield(field.Span{}, v)
			}
			return
		}
	}
	EachOfRecord(p.Record, name, func(v field.Value) bool { return yield(field.Span{}, v) })
}

func (p *Packet) eachPlace(places []Place, yield func(field.Span, field.Value) bool) {
	more := true
	for i := 0; i < p.N && more; i++ {
		for _, at := range places {
			if at.Proto != p.Layers[i].Proto || !more {
				continue
			}
			p.eachAt(i, at.Field, at.Derive, func(s field.Span, v field.Value) bool {
				more = yield(s, v)
				return more
			})
		}
	}
}

// EachIn yields every occurrence of a field of layer i, which must be of the
// field's table. Spans are as in [Packet.Each].
func (p *Packet) EachIn(i int, f *field.Field, yield func(field.Span, field.Value) bool) {
	p.eachAt(i, f, derived[f.Name], yield)
}

func (p *Packet) eachAt(i int, f *field.Field, derive func(*Packet, int) (field.Span, field.Value, bool), yield func(field.Span, field.Value) bool) {
	off := int(p.Layers[i].Off)
	moved := func(s field.Span, v field.Value) bool {
		s.Off += off
		return yield(s, v)
	}
	if derive != nil {
		if s, v, ok := derive(p, i); ok {
			moved(s, v)
		}
		return
	}
	if f.Noted != nil {
		note := p.NoteOf(i)
		f.Noted(p.Bytes(i), &note, moved)
		return
	}
	if f.Mixed != nil {
		p.Mixed(i, f, moved)
		return
	}
	if f.Told != nil {
		p.Told(i, f, func(v field.Value) bool { return moved(field.Span{}, v) })
		return
	}
	f.All(p.Bytes(i), moved)
}

// segmentLen is the payload of a TCP segment on the wire, as far as the frame goes.
func segmentLen(p *Packet, i int) (field.Span, field.Value, bool) {
	l := &p.Layers[i]
	b := p.Bytes(i)
	if l.Quoted || len(b) < 14 {
		return field.Span{}, field.Value{}, false
	}
	n := int(l.Wire-l.Off) - int(b[12]>>4)*4
	if n < 0 {
		return field.Span{}, field.Value{}, false
	}
	return field.Span{}, field.U(uint64(n)), true
}

// Values of the status fields of checksums.
const (
	statusBad        = 0
	statusGood       = 1
	statusUnverified = 2
	statusAbsent     = 3
)

func transportStatus(p *Packet, i int) (field.Span, field.Value, bool) {
	l := &p.Layers[i]
	if b := p.Bytes(i); l.Proto == proto.UDP && len(b) >= 8 && be16(b[6:]) == 0 {
		return field.Span{}, field.U(statusAbsent), true
	}
	if i != int(p.transport) { // of a tunnel, or quoted
		return field.Span{}, field.U(statusUnverified), true
	}
	switch p.Checksum() {
	case ChecksumGood:
		return field.Span{}, field.U(statusGood), true
	case ChecksumZero:
		return field.Span{}, field.U(statusAbsent), true
	case ChecksumBad:
		return field.Span{}, field.U(statusBad), true
	}
	return field.Span{}, field.U(statusUnverified), true
}

func ipStatus(p *Packet, i int) (field.Span, field.Value, bool) {
	b := p.Bytes(i)
	if len(b) < 20 || int(b[0]&15)*4 > len(b) || b[0]&15 < 5 {
		return field.Span{}, field.Value{}, false
	}
	switch {
	case be16(b[10:]) == 0:
		return field.Span{}, field.U(statusUnverified), true
	case fold(sum(0, b[:int(b[0]&15)*4])) == 0xffff:
		return field.Span{}, field.U(statusGood), true
	}
	return field.Span{}, field.U(statusBad), true
}

// minFrame is the least length of an Ethernet frame without its check sequence: shorter ones are filled up.
const minFrame = 60

// padded is how many bytes of a trailer fill the frame up, as Wireshark has
// it: those up to the least length, when all of them are zero.
func padded(p *Packet, i int) int {
	l := &p.Layers[i]
	b := p.Bytes(i)
	n := min(minFrame-int(l.Off), len(b))
	if n <= 0 || p.Record.WireLen < minFrame {
		return 0
	}
	for _, c := range b[:n] {
		if c != 0 {
			return 0
		}
	}
	return n
}

// ethernetFrame reports whether the frame has a header of Ethernet: what other links put behind a packet is no Ethernet trailer.
func ethernetFrame(p *Packet) bool {
	for i := range p.N {
		if p.Layers[i].Proto == proto.Ethernet {
			return true
		}
	}
	return false
}

func padding(p *Packet, i int) (field.Span, field.Value, bool) {
	n := padded(p, i)
	if !ethernetFrame(p) {
		n = 0
	}
	return field.Span{Len: n}, field.Value{Type: field.Bytes, B: p.Bytes(i)[:n]}, n > 0
}

func trailer(p *Packet, i int) (field.Span, field.Value, bool) {
	b := p.Bytes(i)
	from, to := padded(p, i), len(b)-checkSequence(p, i)
	return field.Span{Off: from, Len: to - from}, field.Value{Type: field.Bytes, B: b[from:to]}, to > from && ethernetFrame(p)
}

// minWithCheck is the least length of an Ethernet frame with its check sequence.
const minWithCheck = 64

// checkSequence is how many bytes of a trailer are taken for the frame's
// check sequence, as Wireshark guesses: the last four of a frame that is long enough to have one.
func checkSequence(p *Packet, i int) int {
	l := &p.Layers[i]
	if p.Record.WireLen < minWithCheck || l.End != l.Wire || len(p.Bytes(i))-padded(p, i) < 4 || p.Record.FCS > 0 && p.Record.FCS != 4 {
		return 0
	}
	return 4
}

func frameCheck(p *Packet, i int) (field.Span, field.Value, bool) {
	b := p.Bytes(i)
	n := checkSequence(p, i)
	if n == 0 || !ethernetFrame(p) {
		return field.Span{}, field.Value{}, false
	}
	return field.Span{Off: len(b) - n, Len: n}, field.U(uint64(be32(b[len(b)-n:]))), true
}
