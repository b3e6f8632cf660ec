package provider

import "github.com/wiretale/wiretale/trace"

// Classic (MOF) events have a GUID that names a class and a type in it. The
// kernel logs the same events with a group and a type instead
// (SYSTEM_TRACE_HEADER, PERFINFO_TRACE_HEADER): one table serves both.

// A kernelGroup says which classes the records of a kernel group belong to.
type kernelGroup struct {
	all   *source           // class of the group
	types map[uint8]*source // types that are of another class
}

// NewClassic makes a built-in class of classic events whose tables are parsed
// on first use. short is the class as Windows names it: "TcpIp".
func NewClassic(guid, name, short string, groups []uint8, types []uint16, tables Embedded) *Provider {
	p := New(guid, name, short, short, tables)
	p.Classic, p.Groups, p.Types = true, groups, types
	return p
}

// ClassicOf is the class that a record with a classic or kernel header belongs to, nil when nothing is known of it.
func (r *Registry) ClassicOf(h *trace.EventHeader) *Provider {
	if s := r.classic(h); s != nil {
		return s.provider
	}
	return nil
}

func (r *Registry) classic(h *trace.EventHeader) *source {
	switch {
	case h.Kernel():
		g := &r.kernel[h.Group]
		if g.types != nil {
			if s := g.types[h.Opcode]; s != nil {
				return s
			}
		}
		return g.all
	case h.Header == trace.HeaderFull, h.Header == trace.HeaderInstance:
		if s := r.sources[h.Provider]; s != nil && s.provider.Classic {
			return s
		}
	}
	return nil
}

// decodeClassic decodes a record without an EVENT_HEADER.
//
// A class has a layout a version, and a later version need not begin like the
// one before: a version that the table does not have stays bytes. The pointer
// size of the header is that of the process that logged the record, which need
// not be that of the kernel or machine that it tells of: when one size does not
// come out even, the other one is tried.
func (r *Registry) decodeClassic(e *Event, rec *trace.Record) bool {
	h := rec.Event
	s := r.classic(h)
	if s == nil {
		if known := r.sources[h.Provider]; known != nil && h.Header != trace.HeaderMessage {
			e.Provider = known.provider
		}
		return false
	}
	e.Provider = s.provider
	variants := s.provider.Load().Events[Key{uint16(h.Opcode), h.Version}]
	pointer := pointerSize(h)
	if !r.decodeOne(e, variants, rec.Data, pointer) {
		return false
	}
	if e.exact() {
		return true
	}
	r.decodeOne(e, variants, rec.Data, 12-pointer)
	if !e.exact() {
		r.decodeOne(e, variants, rec.Data, pointer)
	}
	return true
}

// exact reports whether the layout took the payload to its last byte.
func (e *Event) exact() bool { return !e.Short && len(e.Extra) == 0 }
