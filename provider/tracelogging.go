package provider

import (
	"bytes"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// A schema is the layout that a self-describing event brings along, with the provider that logged it.
type schema struct {
	def      *Definition
	provider *Provider
}

// maxSchemas bounds the cache, in bytes of schemas (a layout takes some 50
// times as much); beyond it layouts are parsed for each event.
const maxSchemas = 1 << 20

// decodeSelfDescribing decodes a TraceLogging event (TraceLoggingProvider.h):
// its layout is in the header's extended data.
func (r *Registry) decodeSelfDescribing(e *Event, h *trace.EventHeader, payload []byte, pointer int) bool {
	s := r.schema(h)
	e.Provider = s.provider
	if s.def == nil {
		return false
	}
	e.Embedded = true
	e.decode(s.def, payload, pointer)
	return true
}

// schema parses the event's own layout, or finds it among those seen before.
func (r *Registry) schema(h *trace.EventHeader) *schema {
	var key [512]byte
	k := append(append(append(key[:0], h.Provider[:]...), byte(h.ID), byte(h.ID>>8), h.Version), h.Schema...)
	c := &r.schemas
	c.RLock()
	s := c.byBytes[string(k)]
	c.RUnlock()
	if s != nil {
		return s
	}
	s = &schema{provider: r.Provider(h.Provider)}
	if s.provider == nil {
		name := traitsName(h.Traits)
		s.provider = &Provider{GUID: h.Provider, Name: name, Short: shortName(name), Module: name}
	}
	if d, ok := parseSchema(h.Schema); ok {
		d.Key = Key{h.ID, h.Version}
		s.def = d
	}
	c.Lock()
	defer c.Unlock()
	if c.size+len(k) <= maxSchemas {
		c.byBytes[string(k)] = s
		c.size += len(k)
	}
	return s
}

// traitsName is the provider name of provider traits: u16 size, name, NUL, traits.
func traitsName(traits []byte) string {
	if len(traits) < 2 {
		return ""
	}
	name, _, _ := bytes.Cut(traits[2:], []byte{0})
	return string(name)
}

const (
	schemaInMask   = 0x1F
	schemaCount    = 0x20 // constant count u16 follows
	schemaVarCount = 0x40 // count u16 in the payload
	schemaCustom   = 0x60 // type information of u16 bytes follows
	schemaOut      = 0x80 // out type follows
	schemaTags     = 0x80 // in the out type: tag bytes follow
)

// Bounds of structures inside structures: how deep, and how long the names of
// a member's structures may be together.
const (
	maxSchemaDepth  = 8
	maxSchemaPrefix = 128
)

// parseSchema parses the extended item EVENT_SCHEMA_TL: u16 size, tag bytes
// (the high bit says that another follows), the event's name, then for each
// field its name, type and what the type says follows.
func parseSchema(b []byte) (*Definition, bool) {
	c := bin.Little(b)
	size := int(c.U16())
	if c.Err() != nil || size < 3 || size > len(b) {
		return nil, false
	}
	c = bin.Little(b[2:size])
	if !skipTags(&c) {
		return nil, false
	}
	d := &Definition{Name: c.ASCII()}
	for c.Len() > 0 {
		if !schemaField(&c, "", &d.Fields, 0) {
			return nil, false
		}
	}
	d.complete()
	return d, true
}

func skipTags(c *bin.Cursor) bool {
	for c.Len() > 0 {
		if c.U8()&0x80 == 0 {
			return true
		}
	}
	return false
}

// schemaField parses one field and appends it. The members of a structure are
// appended as fields of their own, called "Struct.Member", unless there is a list of it.
func schemaField(c *bin.Cursor, prefix string, fields *[]Field, depth int) bool {
	if depth > maxSchemaDepth || len(prefix) > maxSchemaPrefix {
		return false
	}
	f := Field{Name: prefix + c.ASCII(), LengthOf: -1, CountOf: -1}
	flags := c.U8()
	out := uint8(0)
	if flags&schemaOut != 0 {
		out = c.U8()
		if out&schemaTags != 0 && !skipTags(c) {
			return false
		}
		out &^= schemaTags
	}
	switch flags & schemaCustom {
	case schemaCustom:
		c.Skip(int(c.U16()))
	case schemaCount:
		f.Count = int(c.U16())
	case schemaVarCount:
		f.Counted = true
	}
	if c.Err() != nil {
		return false
	}
	f.In = InType(flags & schemaInMask)
	if f.In == InBinary {
		f.In = InCountedBinary
	}
	if f.In != InStruct {
		f.Out = schemaOutType(out)
		*fields = append(*fields, f)
		return true
	}
	members := int(out)
	if !f.array() {
		for range members {
			if !schemaField(c, f.Name+".", fields, depth+1) {
				return false
			}
		}
		return true
	}
	for range members {
		if !schemaField(c, "", &f.Members, depth+1) {
			return false
		}
	}
	*fields = append(*fields, f)
	return true
}

// schemaOutTypes are TraceLogging's own out types.
var schemaOutTypes = [...]OutType{
	2: OutString, 3: OutBoolean, 4: OutHexInt64, 5: OutPID, 6: OutTID, 7: OutPort, 8: OutIPv4, 9: OutIPv6,
	10: OutSocketAddress, 12: OutJSON, 13: OutWin32Error, 14: OutNTStatus, 15: OutHResult,
}

func schemaOutType(out uint8) OutType {
	switch {
	case int(out) < len(schemaOutTypes):
		return schemaOutTypes[out]
	case OutType(out) == OutUTF8:
		return OutUTF8
	}
	return OutNull
}
