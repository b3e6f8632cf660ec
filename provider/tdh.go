package provider

import (
	"encoding/binary"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// An eventInfo is a TRACE_EVENT_INFO block (tdh.h).
type eventInfo struct {
	provider     trace.GUID
	providerName string
	def          *Definition
}

const (
	infoHeader   = 112 // TRACE_EVENT_INFO up to its properties
	propertySize = 24  // EVENT_PROPERTY_INFO

	propertyStruct      = 1
	propertyLengthField = 2
	propertyCountField  = 4

	sourceXML = 0 // DecodingSource: from a manifest
)

// A property is an EVENT_PROPERTY_INFO.
type property struct {
	flags         uint32
	name          string
	in, out       uint16 // of a structure: index of its first member, number of members
	mapName       string
	count, length uint16 // numbers, or the index of the property that holds it
}

// parseEventInfo reads a TRACE_EVENT_INFO. Offsets in it count from its start;
// each is checked, and strings end with the block at the latest.
func parseEventInfo(b []byte) (eventInfo, bool) {
	var info eventInfo
	if len(b) < infoHeader || binary.LittleEndian.Uint32(b[48:]) != sourceXML {
		return info, false // other sources describe classic and WPP events
	}
	info.provider = trace.GUID(b[:16])
	u32 := func(off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
	t := texts(b)
	info.providerName = t.at(u32(52))
	d := &Definition{Key: Key{ID: binary.LittleEndian.Uint16(b[32:]), Version: b[34]}}
	opcode := b[37]
	d.Name = eventName(t.at(u32(92)), t.at(u32(68)), t.at(u32(72)), opcode)
	d.Message = oneLine(t.at(u32(76)))
	n, top := int(u32(100)), int(u32(104))
	if n > (len(b)-infoHeader)/propertySize || top > n {
		return info, false
	}
	props := make([]property, n)
	for i := range props {
		props[i] = t.property(infoHeader + i*propertySize)
	}
	var ok bool
	if d.Fields, ok = layout(props, top); !ok {
		return info, false
	}
	d.complete()
	info.def = d
	return info, true
}

func (t *textBlock) property(off int) property {
	c := bin.Little(t.b[off : off+propertySize])
	p := property{flags: c.U32()}
	p.name = t.at(c.U32())
	p.in, p.out = c.U16(), c.U16()
	mapName := c.U32()
	p.count, p.length = c.U16(), c.U16()
	if p.flags&propertyStruct == 0 {
		p.mapName = t.at(mapName)
	}
	return p
}

// A textBlock is a block with texts at offsets in it.
type textBlock struct {
	b      []byte
	budget int // bytes of text still to be read: offsets of a hostile block may all point to one long text
}

func texts(b []byte) textBlock { return textBlock{b: b, budget: 4*len(b) + 1024} }

// at is the UTF-16 text at an offset, trimmed; "" for offset 0, which means none.
func (t *textBlock) at(off uint32) string {
	if off == 0 || uint64(off) >= uint64(len(t.b)) || t.budget <= 0 {
		return ""
	}
	data, n, _ := untilNUL16(t.b[off:])
	t.budget -= n
	return strings.TrimSpace(bin.DecodeUTF16(data))
}

// eventName is the name of an event: its own, or task and opcode; the opcode
// is left out when it is 0 (Info), which says nothing.
func eventName(event, task, opcode string, opcodeNumber uint8) string {
	opcode = strings.TrimPrefix(opcode, "win:")
	switch {
	case task == "" && opcodeNumber == 0:
		return event
	case task == "":
		return opcode
	case opcode == "" || opcodeNumber == 0 || strings.HasSuffix(task, opcode):
		return task
	}
	return task + "/" + opcode
}

// oneLine turns the line breaks of a message into blanks.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// layout turns properties into fields: members of a structure become fields
// of their own, a list of structures keeps them as members. A reference to a
// property that does not come before, or lies inside a list, cannot be followed.
func layout(props []property, top int) ([]Field, bool) {
	steps := len(props)
	l := layouter{props: props, at: map[uint16]int{}, steps: &steps}
	for i := range top {
		if !l.add(i, "", 0) {
			return nil, false
		}
	}
	return l.fields, true
}

type layouter struct {
	props  []property
	at     map[uint16]int // index of a property's field
	fields []Field
	steps  *int // properties still to be laid out: each belongs to one place
}

func (l *layouter) add(i int, prefix string, depth int) bool {
	p := &l.props[i]
	f, ok := l.field(p)
	*l.steps--
	if !ok || depth > maxSchemaDepth || len(prefix) > maxSchemaPrefix || *l.steps < 0 {
		return false
	}
	f.Name = prefix + p.name
	if p.flags&propertyStruct == 0 {
		l.at[uint16(i)] = len(l.fields)
		l.fields = append(l.fields, f)
		return true
	}
	first, n := int(p.in), int(p.out)
	if first <= i || first+n > len(l.props) { // a structure's members come after it, so this ends
		return false
	}
	if !f.array() {
		for m := first; m < first+n; m++ {
			if !l.add(m, f.Name+".", depth+1) {
				return false
			}
		}
		return true
	}
	f.In, f.Out, f.LengthOf, f.Length = InStruct, OutNull, -1, 0
	inner := layouter{props: l.props, at: map[uint16]int{}, steps: l.steps}
	for m := first; m < first+n; m++ {
		if !inner.add(m, "", depth+1) {
			return false
		}
	}
	f.Members = inner.fields
	l.fields = append(l.fields, f)
	return true
}

// field is the field of a property, with the references to its length and count.
func (l *layouter) field(p *property) (Field, bool) {
	f := Field{In: InType(p.in), Out: outType(p.out), Map: p.mapName, LengthOf: -1, CountOf: -1}
	if p.flags&propertyStruct == 0 && p.in > uint16(InCountedBinary) {
		f.In = InBinary // WBEM types: not in manifests
	}
	if p.flags&propertyLengthField != 0 {
		if f.LengthOf = l.reference(p.length); f.LengthOf < 0 {
			return f, false
		}
	} else if f.In == InBinary || f.In == InUnicodeString || f.In == InAnsiString {
		f.Length = int(p.length)
		if f.In == InBinary && f.Length == 0 && f.Out == OutIPv6 {
			f.Length = 16
		}
	}
	if p.flags&propertyCountField != 0 {
		if f.CountOf = l.reference(p.count); f.CountOf < 0 {
			return f, false
		}
	} else if p.count > 1 {
		f.Count = int(p.count)
	}
	return f, true
}

func (l *layouter) reference(i uint16) int {
	if at, ok := l.at[i]; ok {
		return at
	}
	return -1
}

// outType keeps the out types that say more than the in type.
func outType(o uint16) OutType {
	if o > uint16(OutUTF8) {
		return OutNull
	}
	switch t := OutType(o); t {
	case OutString, OutBoolean, OutHexBinary, OutHexInt8, OutHexInt16, OutHexInt32, OutHexInt64, OutPID, OutTID, OutPort,
		OutIPv4, OutIPv6, OutSocketAddress, OutWin32Error, OutNTStatus, OutHResult, OutJSON, OutUTF8:
		return t
	}
	return OutNull
}

const (
	mapHeader = 16 // EVENT_MAP_INFO up to its entries
	mapBits   = 2 | 16 | 32
	mapText   = 4 | 64 // pattern map, map without values
)

// parseMapInfo reads a provider GUID and an EVENT_MAP_INFO: name offset, flags,
// number of entries, value type, then text offset and value of each entry.
// Offsets count from the start of the EVENT_MAP_INFO.
func parseMapInfo(b []byte) (guid trace.GUID, name string, m MapVariant, ok bool) {
	if len(b) < 16+mapHeader {
		return guid, "", m, false
	}
	guid, b = trace.GUID(b[:16]), b[16:]
	c := bin.Little(b)
	t := texts(b)
	name = t.at(c.U32())
	flags, n, valueType := c.U32(), c.U32(), c.U32()
	if name == "" || flags&mapText != 0 || valueType != 0 || uint64(n) > uint64(c.Len()/8) {
		return guid, "", m, false
	}
	m = MapVariant{Bits: flags&mapBits != 0, Values: make(field.Names, n)}
	for range n {
		text, value := c.U32(), c.U32()
		m.Values[uint64(value)] = t.at(text)
	}
	return guid, name, m, true
}
