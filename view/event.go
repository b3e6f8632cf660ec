package view

import (
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// ProviderName is the Protocol column of an event: the provider's short name, else its GUID or kernel group.
func ProviderName(row *engine.Row) string {
	if v, ok := providerField.Get(row); ok {
		return Printable(v.S)
	}
	return "event"
}

// providerField is the field event.provider.
var providerField = rowField("event.provider")

// ProviderGUID is the GUID of an event's provider, of its class for a kernel event; zero when there is none.
func ProviderGUID(row *engine.Row) trace.GUID {
	if h := row.Record.Event; h != nil && h.Provider != (trace.GUID{}) {
		return h.Provider
	}
	if e := row.Event; e != nil && e.Provider != nil {
		return e.Provider.GUID
	}
	return trace.GUID{}
}

// eventEndpoints are the addresses that an event names: local and remote, sender and receiver, or one address alone.
func eventEndpoints(row *engine.Row) (src, dst string) {
	e := row.Event
	if e == nil || e.Def == nil {
		return "", ""
	}
	local, remote := eventAddr(e, "LocalAddress", "LocalSockAddr"), eventAddr(e, "RemoteAddress", "RemoteSockAddr")
	if local == "" && remote == "" && LaneOf(row) == Stack {
		return networkEndpoints(e)
	}
	return local, remote
}

// networkEndpoints are the sender and the receiver of a network event of the
// kernel. saddr is the sender, but for what TCP receives the local end.
func networkEndpoints(e *provider.Event) (src, dst string) {
	a, b := e.AddrPort("saddr", "sport"), e.AddrPort("daddr", "dport")
	if !a.IsValid() || !b.IsValid() {
		return "", ""
	}
	number := e.Header.ID
	if e.Provider.Classic {
		number = uint16(e.Header.Opcode)
	}
	if e.Provider.Short != "UdpIp" && (number == tcpReceived || number == tcpReceived6) {
		a, b = b, a
	}
	return a.String(), b.String()
}

// Network events of the kernel about what TCP received: of Kernel-Network and types of TcpIp.
const (
	tcpReceived  = 11
	tcpReceived6 = 27
)

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
	if list := e.Arrays[i]; e.Values[i].Type == field.None {
		return eventList(row, i, list, base, width)
	}
	return Value(e.Values[i], base, width)
}

// eventList is a list with all of its elements; structures as the event's text has them.
func eventList(row *engine.Row, i int, list []field.Value, base field.Base, width int) string {
	if row.Event.Def.Fields[i].In == provider.InStruct {
		return Described(row, i)
	}
	var b strings.Builder
	b.WriteByte('[')
	for k, v := range list {
		if k > 0 {
			b.WriteString(", ")
		}
		b.WriteString(Value(v, base, width/len(list)))
	}
	b.WriteByte(']')
	return b.String()
}
