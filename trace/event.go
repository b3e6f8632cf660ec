package trace

import (
	"encoding/binary"
	"fmt"
)

// GUID is a Windows GUID in its wire layout: Data1 to Data3 little-endian, Data4 as bytes.
type GUID [16]byte

// String is the registry form with braces and upper-case digits: {2F07E2EE-15DB-40F1-90EF-9D7BA282188A}.
func (g GUID) String() string {
	return fmt.Sprintf("{%08X-%04X-%04X-%04X-%012X}",
		binary.LittleEndian.Uint32(g[0:]), binary.LittleEndian.Uint16(g[4:]), binary.LittleEndian.Uint16(g[6:]),
		g[8:10], g[10:16])
}

// MustGUID parses the form that String prints, braces optional. It panics on
// anything else and is for constants only; use ParseGUID for input.
func MustGUID(s string) GUID {
	g, err := ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

// ParseGUID parses the form that String prints, braces optional, any case.
func ParseGUID(s string) (GUID, error) {
	var g GUID
	t := s
	if len(t) == 38 && t[0] == '{' && t[37] == '}' {
		t = t[1:37]
	}
	var d1 uint32
	var d2, d3, d4 uint16
	var d5 uint64
	if len(t) != 36 {
		return g, fmt.Errorf("%q is not a GUID", s)
	}
	if n, err := fmt.Sscanf(t, "%08x-%04x-%04x-%04x-%012x", &d1, &d2, &d3, &d4, &d5); err != nil || n != 5 {
		return g, fmt.Errorf("%q is not a GUID", s)
	}
	binary.LittleEndian.PutUint32(g[0:], d1)
	binary.LittleEndian.PutUint16(g[4:], d2)
	binary.LittleEndian.PutUint16(g[6:], d3)
	binary.BigEndian.PutUint16(g[8:], d4)
	g[10], g[11] = byte(d5>>40), byte(d5>>32)
	binary.BigEndian.PutUint32(g[12:], uint32(d5))
	return g, nil
}

// HeaderType is the kind of record header that an event had on disk (byte 2 of the first word).
type HeaderType uint8

const (
	HeaderSystem   HeaderType = iota + 1 // SYSTEM_TRACE_HEADER, kernel
	HeaderCompact                        // the same without CPU times
	HeaderPerfInfo                       // PERFINFO_TRACE_HEADER: no process, no thread
	HeaderFull                           // EVENT_TRACE_HEADER: classic (MOF) provider
	HeaderInstance                       // EVENT_INSTANCE_HEADER
	HeaderEvent                          // EVENT_HEADER: manifest, TraceLogging, EventSource
	HeaderMessage                        // MESSAGE_TRACE_HEADER: WPP
	HeaderProcmon                        // Process Monitor: its 52 bytes, or a row of an export
	HeaderJournal                        // an entry of a systemd journal that wiretale record wrote
)

// EventHeader is the header of an event: of ETW, or of Process Monitor.
type EventHeader struct {
	Header   HeaderType
	Provider GUID // of HeaderEvent, HeaderFull, HeaderInstance, HeaderProcmon; the message GUID of HeaderMessage
	// ID is the event id of HeaderEvent, the message number of HeaderMessage, the operation of HeaderProcmon, else 0.
	ID      uint16
	Version uint8 // also the MOF version of kernel and classic events
	Channel uint8
	Level   uint8
	// Opcode is the opcode of HeaderEvent and the event type of kernel and classic events.
	Opcode  uint8
	Task    uint16 // of HeaderProcmon the event class
	Keyword uint64
	// Group is the kernel event group; valid iff Header is System, Compact or PerfInfo.
	Group uint8
	// PID and TID are those of whatever was running when the event was
	// logged: valid iff HasThread, and never the owner of a connection. Of HeaderProcmon they are who did it.
	PID, TID  uint32
	HasThread bool
	// ProcessKey is the Key of the process in Info.Processes; 0 but in a log of Process Monitor.
	ProcessKey uint64
	CPU        uint16
	// PointerSize is 4 or 8. It belongs to the event, not to the file: a
	// 32-bit process on 64-bit Windows logs 4.
	PointerSize uint8
	Flags       uint16 // EVENT_HEADER flags, or the flags of a MESSAGE header
	Activity    GUID   // zero when absent
	Related     GUID   // extended item RELATED_ACTIVITYID; zero when absent
	// Schema is the extended item EVENT_SCHEMA_TL: TraceLogging's own description of the event. Aliases the record.
	// Of a row that Process Monitor exported it is what says which column is which: the first row of a CSV file, the element of an XML file.
	Schema []byte
	// Names are what tables of the file call numbers of the payload. Of a network event of Process Monitor, whose
	// payload has addresses and ports: local host, local port, remote host, remote port, each "" when it has no name.
	Names []string
	// Traits is the extended item PROV_TRAITS: u16 size, the provider's name, traits. Aliases the record.
	Traits []byte
	// Extended holds all extended items as they stand, 8-byte aligned. Aliases the record.
	Extended []byte
	RawTime  int64 // the time stamp as written, in ticks of the session's clock
	Sequence uint32
	// Total is the size of the whole record in bytes, header included.
	Total int
}

// Kernel reports whether the record has a kernel group and type in place of a provider.
func (h *EventHeader) Kernel() bool {
	return h.Header == HeaderSystem || h.Header == HeaderCompact || h.Header == HeaderPerfInfo
}
