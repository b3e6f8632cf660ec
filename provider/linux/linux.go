// Package linux knows the events of a recording made on Linux by wiretale
// record: socket calls, what the TCP/IP stack says of connections and packets,
// processes. They are entries of a systemd journal in a pcapng file, text whose
// fields say themselves which they are: docs/formats/record.md.
package linux

import (
	"net/netip"
	"strconv"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Providers are the socket calls of processes, the TCP/IP stack, and what is about the host itself.
var Providers = []*provider.Provider{
	{GUID: journal.SocketGUID, Name: "Linux socket calls", Short: "Socket", Module: "Socket_Linux", Load: load, Lay: lay, Text: appendText},
	{GUID: journal.StackGUID, Name: "Linux TCP/IP stack", Short: "LinuxTCP", Module: "TCPIP_Linux", Load: load, Lay: lay, Text: appendText},
	{GUID: journal.HostGUID, Name: "Linux host", Short: "Host", Module: "Host_Linux", Load: load, Lay: lay, Text: appendText},
}

// load is the tables of the providers: their events say themselves which fields they have.
func load() *provider.Table { return none }

var none = &provider.Table{}

// lay lays out an entry: each field that is known, in the order of the entry.
func lay(e *provider.Event, rec *trace.Record) {
	name := ""
	for key, v := range journal.Fields(rec.Data) {
		if key == journal.EventKey {
			name = e.UTF8(v.Bytes)
			continue
		}
		if key == messageKey {
			e.Put(fMessage, field.S(e.UTF8(v.Bytes)), field.Span{Off: v.Off, Len: len(v.Bytes)})
			continue
		}
		id, known := byKey[key]
		if !known {
			continue
		}
		value, ok := words[id].read(e, v.Bytes)
		if !ok {
			e.Short = true
			continue
		}
		e.Put(id, value, field.Span{Off: v.Off, Len: len(v.Bytes)})
	}
	if name != "" {
		e.Compose(provider.Key{ID: rec.Event.ID}, name, vocabulary)
	}
}

// appendText is the message of the entry.
func appendText(dst []byte, e *provider.Event) []byte {
	if v, ok := e.Value("Message"); ok {
		return provider.AppendSafe(dst, v.S)
	}
	return provider.AppendName(dst, e)
}

// A kind is how a value is written.
type kind uint8

const (
	text     kind = iota
	number        // decimal, of 64 bits
	signed        // the same, with a sign
	hex           // 0x…, an address in the kernel
	endpoint      // 10.0.0.1:80, [::1]:80
	duration      // nanoseconds
)

// read turns the text of a value into a value.
func (w *word) read(e *provider.Event, b []byte) (field.Value, bool) {
	s := e.UTF8(b)
	switch w.kind {
	case number:
		n, err := strconv.ParseUint(s, 10, 64)
		return field.U(n), err == nil
	case signed:
		n, err := strconv.ParseInt(s, 10, 64)
		return field.Value{Type: field.Int, U: uint64(n)}, err == nil
	case duration:
		n, err := strconv.ParseInt(s, 10, 64)
		return field.Value{Type: field.Duration, U: uint64(n)}, err == nil
	case hex:
		n, err := strconv.ParseUint(s, 0, 64)
		return field.U(n), err == nil
	case endpoint:
		a, err := netip.ParseAddrPort(s)
		return field.Value{Type: field.SockAddr, B: sockAddr(a)}, err == nil
	}
	return field.S(s), true
}

// sockAddr is an endpoint as events of Windows have it: family u16 little-endian, port u16 big-endian, address.
func sockAddr(a netip.AddrPort) []byte {
	const inet, inet6 = 2, 23
	if ip := a.Addr().Unmap(); ip.Is4() {
		v := ip.As4()
		return append([]byte{inet, 0, byte(a.Port() >> 8), byte(a.Port())}, append(v[:], make([]byte, 8)...)...)
	}
	v := a.Addr().As16()
	b := append([]byte{inet6, 0, byte(a.Port() >> 8), byte(a.Port()), 0, 0, 0, 0}, v[:]...)
	return append(b, 0, 0, 0, 0)
}
