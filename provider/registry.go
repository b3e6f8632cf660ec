package provider

import (
	"strconv"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/trace"
)

// A Registry decodes the events of one trace with what is built in and what
// the trace says of its own events. Learn and SetBuild belong to a pass before
// the events are decoded, by one goroutine; Decode may then be called from
// several, each with its own Event. Learn between calls of Decode is fine as
// long as one goroutine makes both.
type Registry struct {
	build    int
	sources  map[trace.GUID]*source
	kernel   [256]kernelGroup
	schemas  schemaCache
	manifest map[trace.GUID]*chunks
}

// A source is one provider as this trace knows it: built in, described by the trace, or both.
type source struct {
	provider *Provider
	learned  map[Key]*Definition
	maps     map[string]MapVariant
}

// NewRegistry makes a registry of the given built-in providers.
func NewRegistry(providers ...*Provider) *Registry {
	r := &Registry{sources: make(map[trace.GUID]*source, len(providers)), manifest: map[trace.GUID]*chunks{}}
	r.schemas.byBytes = map[string]*schema{}
	for _, p := range providers {
		s := &source{provider: p}
		r.sources[p.GUID] = s
		for _, group := range p.Groups {
			r.kernel[group].all = s
		}
		for _, t := range p.Types {
			g := &r.kernel[t>>8]
			if g.types == nil {
				g.types = map[uint8]*source{}
			}
			g.types[uint8(t)] = s
		}
	}
	return r
}

// SetBuild says which Windows build logged the trace, 0 when unknown. It
// chooses between layouts and value maps that changed.
func (r *Registry) SetBuild(build int) { r.build = build }

// ParseBuild takes the build number out of a version such as "10.0.17134"; 0 when there is none.
func ParseBuild(version string) int {
	parts := strings.Split(version, ".")
	if len(parts) < 3 {
		return 0
	}
	n, err := strconv.Atoi(parts[2])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Provider is the provider of a GUID, nil when nothing is known of it.
func (r *Registry) Provider(guid trace.GUID) *Provider {
	if s := r.sources[guid]; s != nil {
		return s.provider
	}
	return nil
}

// source returns the entry of a GUID and makes it when it is missing.
func (r *Registry) source(guid trace.GUID, name string) *source {
	s := r.sources[guid]
	if s == nil {
		s = &source{provider: &Provider{GUID: guid, Name: name, Short: shortName(name), Module: name}}
		r.sources[guid] = s
	}
	return s
}

// shortName is a provider's name for narrow columns.
func shortName(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "Microsoft-Windows-"), "Microsoft.Windows.")
}

// Decode decodes the event of a record into e, which is reused: its values
// alias the record. It reports whether a layout was found; without one e has
// the payload and, when it is known, the provider. It never fails: what the
// layout leaves over is in e.Extra, and e.Short tells of a payload that ended
// early.
func (r *Registry) Decode(rec *trace.Record, e *Event) bool {
	e.reset(rec, r)
	h := rec.Event
	if h == nil {
		return false
	}
	if s := r.sources[h.Provider]; (h.Header == trace.HeaderProcmon || h.Header == trace.HeaderJournal) && s != nil && s.provider.Lay != nil {
		return e.lay(s.provider, rec)
	}
	if h.Header != trace.HeaderEvent {
		return r.decodeClassic(e, rec)
	}
	pointer := pointerSize(h)
	if len(h.Schema) > 0 {
		return r.decodeSelfDescribing(e, h, rec.Data, pointer)
	}
	s := r.sources[h.Provider]
	if s != nil {
		e.Provider = s.provider
	}
	if isChunk(h, rec.Data) {
		e.decode(chunkLayout, rec.Data, pointer)
		return true
	}
	if s == nil {
		return false
	}
	key := Key{h.ID, h.Version}
	if d := s.learned[key]; d != nil {
		e.Embedded = true
		e.decode(d, rec.Data, pointer)
		return true
	}
	if s.provider.Load == nil || s.provider.Classic {
		return false
	}
	return r.decodeOne(e, s.provider.Load().Events[key], rec.Data, pointer)
}

// decodeOne decodes with the layout that fits; false when there is none.
func (r *Registry) decodeOne(e *Event, variants []*Definition, payload []byte, pointer int) bool {
	switch len(variants) {
	case 0:
		return false
	case 1:
		e.decode(variants[0], payload, pointer)
	default:
		r.decodeBest(e, variants, payload, pointer)
	}
	return true
}

// pointerSize is 8 unless the event says 4.
func pointerSize(h *trace.EventHeader) int {
	if h.PointerSize == 4 {
		return 4
	}
	return 8
}

func (e *Event) reset(rec *trace.Record, r *Registry) {
	e.Header, e.Payload, e.registry = rec.Event, rec.Data, r
	e.Provider, e.Def, e.Extra = nil, nil, nil
	e.Values, e.Spans = e.Values[:0], e.Spans[:0]
	e.Short, e.Embedded, e.pointer = false, false, 8
	e.clearArrays()
}

// decodeBest chooses between layouts of one id and version. The build of the
// trace names one, but builds between those that the tables were made from,
// and updates of one build, have had another: a layout that takes exactly the
// payload wins, then the build's own unless the payload is too short for it.
func (r *Registry) decodeBest(e *Event, variants []*Definition, payload []byte, pointer int) {
	best, bestRank := variants[0], -1
	for _, d := range variants {
		e.decode(d, payload, pointer)
		rank := 0
		if len(e.Extra) == 0 && !e.Short {
			rank += 4
		}
		if !e.Short {
			rank += 2
		}
		if r.holds(d.From, d.To) {
			rank++
		}
		if rank >= bestRank { // of equals the newest
			best, bestRank = d, rank
		}
	}
	if e.Def != best {
		e.decode(best, payload, pointer)
	}
}

// holds reports whether a range of builds includes the build of the trace.
func (r *Registry) holds(from, to int) bool {
	return r.build != 0 && r.build >= from && (to == 0 || r.build <= to)
}

// lookup finds the value map of a field: that of the trace, else that of the
// build, else what the maps of all builds agree in.
func (r *Registry) lookup(p *Provider, name string) (MapVariant, bool) {
	if r != nil {
		if s := r.sources[p.GUID]; s != nil {
			if m, ok := s.maps[name]; ok {
				return m, true
			}
		}
	}
	if p.Load == nil {
		return MapVariant{}, false
	}
	t := p.Load()
	vs := t.Maps[name]
	for _, v := range vs {
		if r != nil && r.holds(v.From, v.To) {
			return v, true
		}
	}
	switch len(vs) {
	case 0:
		return MapVariant{}, false
	case 1:
		return vs[0], true
	}
	return t.Agreed[name], true
}

// A schemaCache keeps the layouts of self-describing events. They come with
// every event, so the cache fills while decoding and has a lock.
type schemaCache struct {
	sync.RWMutex
	byBytes map[string]*schema
	size    int // bytes of the keys
}
