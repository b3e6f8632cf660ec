package provider

import (
	"slices"

	"github.com/wiretale/wiretale/trace"
)

// metadataProvider logs, when a trace is merged, what the machine's manifests
// say of the events in it: classic records, opcode 32 an event, 33 a value map.
var metadataProvider = trace.MustGUID("{BBCCF6C1-6CD1-48C4-80FF-839482E37671}")

const (
	opcodeEventInfo = 32
	opcodeMapInfo   = 33
	manifestEvent   = 0xFFFE // EventSource: a piece of the provider's manifest
)

// Wants reports whether a record is one that Learn takes. Readers use it to
// find these records before the events that need them.
func (r *Registry) Wants(h *trace.EventHeader) bool {
	switch h.Header {
	case trace.HeaderFull:
		return h.Provider == metadataProvider && (h.Opcode == opcodeEventInfo || h.Opcode == opcodeMapInfo)
	case trace.HeaderEvent:
		return h.ID == manifestEvent && len(h.Schema) == 0
	}
	return false
}

// Learn takes in what a record says of the layout of other events and reports
// whether it was such a record. A description that is damaged is passed over.
func (r *Registry) Learn(rec *trace.Record) bool {
	if rec.Event == nil || !r.Wants(rec.Event) {
		return false
	}
	h := rec.Event
	switch {
	case h.Header == trace.HeaderEvent:
		if !isChunk(h, rec.Data) {
			return false // some other event of that number
		}
		r.learnManifest(h.Provider, rec.Data)
	case h.Opcode == opcodeEventInfo:
		r.learnEvent(rec.Data)
	default:
		r.learnMap(rec.Data)
	}
	return true
}

// learnEvent adds one layout. The wording is ours where we have one, then the
// trace's own, which is in the language of the machine.
func (r *Registry) learnEvent(b []byte) {
	info, ok := parseEventInfo(b)
	if !ok {
		return
	}
	s := r.source(info.provider, info.providerName)
	r.add(s, info.def)
}

// add files a layout of the trace under its event, after giving it what the built-in tables know better.
func (r *Registry) add(s *source, d *Definition) {
	if s.provider.Load != nil && !s.provider.Classic {
		r.enrich(s.provider.Load(), d)
	}
	if s.learned == nil {
		s.learned = map[Key]*Definition{}
	}
	s.learned[d.Key] = d
}

// enrich adds our wording, name and the meaning of fields to a layout of the
// trace: manifests leave many status codes and addresses plain numbers.
func (r *Registry) enrich(t *Table, d *Definition) {
	if m := t.wording(d); m != "" {
		d.Message = m
	}
	variants := t.Events[d.Key]
	if len(variants) == 0 {
		return
	}
	ours := variants[len(variants)-1]
	for _, v := range variants {
		if r.holds(v.From, v.To) {
			ours = v
		}
	}
	if ours.Name != "" {
		d.Name = ours.Name
	}
	d.Fields = slices.Clone(d.Fields) // other events may share them
	for i := range d.Fields {
		f := &d.Fields[i]
		j := ours.index(f.Name)
		if j < 0 || ours.Fields[j].In != f.In {
			continue
		}
		o := &ours.Fields[j]
		if f.Map == "" && (plain(f.Out) || hexadecimal(f.Out)) {
			f.Out = o.Out
			if f.Out == OutNull {
				f.Map = o.Map
			}
		}
	}
	d.complete()
}

// plain reports whether an out type says no more than the in type does.
func plain(o OutType) bool { return o == OutNull || o == OutHexBinary }

// hexadecimal reports whether an out type only chooses the base: that is a matter of wording, and ours.
func hexadecimal(o OutType) bool { return o >= OutHexInt8 && o <= OutHexInt64 }

// learnMap adds one value map.
func (r *Registry) learnMap(b []byte) {
	guid, name, m, ok := parseMapInfo(b)
	if !ok {
		return
	}
	s := r.source(guid, "")
	if s.maps == nil {
		s.maps = map[string]MapVariant{}
	}
	s.maps[name] = m
}
