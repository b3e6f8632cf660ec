package session

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Fields are the fields of a record that neither its bytes nor its
// conversation tell: relative times, the interface, the owner, and what an event's header says.
func Fields() []field.Of[Row] { return rowFields[:] }

// InOrder reports whether the value of a field is known only of rows that come
// in the order of the input: it counts from other records or objects, or is
// what the source has said so far.
func InOrder(name string) bool {
	switch name {
	case "tcp.stream", "udp.stream", "conv.id",
		"frame.time_relative", "frame.time_delta", "frame.time_delta_displayed",
		"frame.section_number", "frame.interface_id", "frame.interface_name", "frame.interface_description":
		return true
	}
	return false
}

var rowFields = [...]field.Of[Row]{
	{Name: "frame.time_relative", Title: "Time since reference or first frame", Type: field.Duration, Get: since(func(r *Row) int64 { return r.First })},
	{Name: "frame.time_delta", Title: "Time delta from previous captured frame", Type: field.Duration, Get: since(func(r *Row) int64 { return r.Previous })},
	{Name: "frame.time_delta_displayed", Title: "Time delta from previous displayed frame", Type: field.Duration, Get: since(func(r *Row) int64 { return r.Displayed })},
	{Name: "frame.section_number", Title: "Section number", Type: field.Uint, Get: func(r *Row) (field.Value, bool) {
		in := interfaceOf(r)
		if in == nil {
			return field.Value{}, false
		}
		return field.U(uint64(in.Section) + 1), true
	}},
	{Name: "frame.interface_id", Title: "Interface id", Type: field.Uint, Get: func(r *Row) (field.Value, bool) {
		in := interfaceOf(r)
		if in == nil {
			return field.Value{}, false
		}
		return field.U(uint64(in.ID)), true
	}},
	{Name: "frame.interface_name", Title: "Interface name", Type: field.String, Get: interfaceText(func(i *trace.Interface) string { return i.Name })},
	{Name: "frame.interface_description", Title: "Interface description", Type: field.String, Get: interfaceText(func(i *trace.Interface) string { return i.Description })},
	{Name: "frame.process.name", Title: "Owning process", Type: field.String, Get: processName},
	{Name: "frame.process.pid", Title: "Owning process id", Type: field.Uint, Get: processID},
	{Name: "process.name", Title: "Owning process", Type: field.String, Get: processName},
	{Name: "process.pid", Title: "Owning process id", Type: field.Uint, Get: processID},
	{Name: "process.path", Title: "Image of the owning process", Type: field.String, Get: ofProcess(func(p *Process) string { return p.Path })},
	{Name: "process.command_line", Title: "Command line of the owning process", Type: field.String, Get: ofProcess(func(p *Process) string { return p.CommandLine })},
	{Name: "process.user", Title: "User of the owning process", Type: field.String, Get: ofProcess(func(p *Process) string { return p.User })},
	{Name: "conv.id", Title: "Conversation", Type: field.Uint, Get: func(r *Row) (field.Value, bool) {
		if r.Object.Conv == nil {
			return field.Value{}, false
		}
		return field.U(uint64(r.Object.Conv.ID)), true
	}},
	{Name: "event.provider", Title: "Provider, short name", Type: field.String, Get: providerName},
	{Name: "event.id", Title: "Event id", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.ID) })},
	{Name: "event.version", Title: "Event version", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.Version) })},
	{Name: "event.opcode", Title: "Event opcode", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.Opcode) })},
	{Name: "event.level", Title: "Event level", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.Level) })},
	{Name: "event.task", Title: "Event task", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.Task) })},
	{Name: "event.keyword", Title: "Event keyword", Type: field.Uint, Base: field.Hex, Get: header(func(h *trace.EventHeader) uint64 { return h.Keyword })},
	{Name: "event.cpu", Title: "Processor that logged the event", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.CPU) })},
	{Name: "event.tid", Title: "Thread that the event's header names", Type: field.Uint, Get: func(r *Row) (field.Value, bool) {
		if h := r.Record.Event; h == nil || !h.HasThread {
			return field.Value{}, false
		}
		return field.U(uint64(r.Record.Event.TID)), true
	}},
	{Name: "event.name", Title: "Event name", Type: field.String, Get: func(r *Row) (field.Value, bool) {
		if r.Event == nil || r.Event.Def == nil {
			return field.Value{}, false
		}
		return field.S(r.Event.Def.Name), true
	}},
	{Name: "etw.provider", Title: "Provider, short name", Type: field.String, Get: providerName},
	{Name: "etw.provider.name", Title: "Provider, full name", Type: field.String, Get: func(r *Row) (field.Value, bool) {
		if r.Event == nil || r.Event.Provider == nil {
			return field.Value{}, false
		}
		return field.S(r.Event.Provider.Name), true
	}},
	{Name: "etw.provider.guid", Title: "Provider, GUID", Type: field.GUID, Get: func(r *Row) (field.Value, bool) {
		if r.Record.Event == nil {
			return field.Value{}, false
		}
		return field.Value{Type: field.GUID, B: r.Record.Event.Provider[:]}, true
	}},
	{Name: "etw.id", Title: "Event id", Type: field.Uint, Get: header(func(h *trace.EventHeader) uint64 { return uint64(h.ID) })},
}

// header is a number of the event's header.
func header(get func(*trace.EventHeader) uint64) func(*Row) (field.Value, bool) {
	return func(r *Row) (field.Value, bool) {
		if r.Record.Event == nil {
			return field.Value{}, false
		}
		return field.U(get(r.Record.Event)), true
	}
}

func processName(r *Row) (field.Value, bool) {
	if r.Object.Process == nil {
		return field.Value{}, false
	}
	return field.S(r.Object.Process.Name), r.Object.Process.Name != ""
}

// ofProcess is what is known of the owning process.
func ofProcess(get func(*Process) string) func(*Row) (field.Value, bool) {
	return func(r *Row) (field.Value, bool) {
		if r.Object.Process == nil || get(r.Object.Process) == "" {
			return field.Value{}, false
		}
		return field.S(get(r.Object.Process)), true
	}
}

func processID(r *Row) (field.Value, bool) {
	if r.Object.Process == nil {
		return field.Value{}, false
	}
	return field.U(uint64(r.Object.Process.PID)), true
}

// providerName is the provider's short name, else its name, kernel group or GUID.
func providerName(r *Row) (field.Value, bool) {
	h := r.Record.Event
	if h == nil {
		return field.Value{}, false
	}
	if r.Event != nil && r.Event.Provider != nil {
		if r.Event.Provider.Short != "" {
			return field.S(r.Event.Provider.Short), true
		}
		return field.S(r.Event.Provider.Name), true
	}
	switch h.Header {
	case trace.HeaderSystem, trace.HeaderCompact, trace.HeaderPerfInfo:
		return field.S(provider.GroupName(h.Group)), true
	}
	return field.S(h.Provider.String()), true
}

// since is the time from another record to this one; 0 for the first.
func since(from func(*Row) int64) func(*Row) (field.Value, bool) {
	return func(r *Row) (field.Value, bool) {
		t := r.Record.Time
		if t == trace.NoTime {
			return field.Value{}, false
		}
		start := from(r)
		if start == trace.NoTime {
			start = t
		}
		return field.Value{Type: field.Duration, U: uint64(t - start)}, true
	}
}

// interfaceOf is the interface of a record, nil where the source has no interfaces of its own: such a file has one link type and no names.
func interfaceOf(r *Row) *trace.Interface {
	i := r.Record.Interface
	if r.Info == nil || r.Record.Kind != trace.Packet || i < 0 || i >= len(r.Info.Interfaces) || !r.Info.NamesInterfaces {
		return nil
	}
	return &r.Info.Interfaces[i]
}

func interfaceText(get func(*trace.Interface) string) func(*Row) (field.Value, bool) {
	return func(r *Row) (field.Value, bool) {
		in := interfaceOf(r)
		if in == nil || get(in) == "" {
			return field.Value{}, false
		}
		return field.S(get(in)), true
	}
}
