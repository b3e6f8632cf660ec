package view

import (
	"github.com/wiretale/wiretale/field"
	"net/netip"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// ProviderName is the Protocol column of an event: the provider's short name, else its GUID or kernel group.
func ProviderName(row *engine.Row) string {
	if e := row.Event; e != nil && e.Provider != nil {
		if e.Provider.Short != "" {
			return Printable(e.Provider.Short)
		}
		return Printable(e.Provider.Name)
	}
	h := row.Record.Event
	switch {
	case h == nil:
		return "event"
	case h.Header == trace.HeaderSystem || h.Header == trace.HeaderCompact || h.Header == trace.HeaderPerfInfo:
		return engine.GroupName(h.Group)
	}
	return h.Provider.String()
}

// eventEndpoints are the addresses that an event names: local and remote, or one address alone.
func eventEndpoints(row *engine.Row) (src, dst string) {
	e := row.Event
	if e == nil || e.Def == nil {
		return "", ""
	}
	local, remote := eventAddr(e, "LocalAddress", "LocalSockAddr"), eventAddr(e, "RemoteAddress", "RemoteSockAddr")
	return local, remote
}

func eventAddr(e *provider.Event, names ...string) string {
	for _, name := range names {
		if a := e.Addr(name); a != (netip.AddrPort{}) {
			return a.String()
		}
	}
	return ""
}

// EventValue is value i of an event as text: with its name from the map, addresses and codes in their usual form.
func EventValue(row *engine.Row, i int) string {
	e := row.Event
	f := &e.Def.Fields[i]
	base := field.Dec
	switch f.Out {
	case provider.OutHexInt8, provider.OutHexInt16, provider.OutHexInt32, provider.OutHexInt64, provider.OutNTStatus, provider.OutHResult, provider.OutHexBinary:
		base = field.Hex
	}
	if f.In == provider.InHexInt32 || f.In == provider.InHexInt64 {
		base = field.Hex
	}
	width := 0
	if i < len(e.Spans) {
		width = e.Spans[i].Len
	}
	return Value(e.Values[i], base, width)
}
