// Package provider turns the payload of an event into named fields, driven by
// tables: built in, one package a provider below this one, or found in the
// trace itself. A table in the file wins over the built-in one for layout;
// the wording of the built-in one wins.
package provider

import (
	"net/netip"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

//go:generate go run ../tools/etwtables -etw ../../shared/etw -out .

// A Provider is one event provider with its events and value maps. Values are
// shared and must not be changed.
type Provider struct {
	GUID trace.GUID
	Name string // "Microsoft-Windows-TCPIP"
	// Short is the name for narrow columns and filters: "TCPIP".
	Short string
	// Module is Network Monitor's name of the parser, the protocol column of --columns netmon: "TCPIP_MicrosoftWindowsTCPIP".
	Module string
	// Load returns the provider's tables, parsed on first use. It may be called
	// from several goroutines, and is nil for a provider that only a trace describes.
	Load func() *Table
	// Classic is true for a class of classic (MOF) events: its tables are by event type,
	// and its records are those that have its GUID in a classic header or belong to its kernel groups.
	Classic bool
	// Groups are the kernel event groups (EVENT_TRACE_GROUP_*) whose records are events of the class.
	Groups []uint8
	// Types are single types of other groups that are: group<<8 | type.
	Types []uint16
	// Lay, when it is set, lays out the records of the provider in place of its tables: the values of an event say which
	// fields it has. It calls Put for each field and then Compose; without Compose the layout is unknown.
	Lay func(e *Event, rec *trace.Record)
	// Text, when it is set, is the wording of the events that Lay composed, in place of their messages.
	Text func(dst []byte, e *Event) []byte
}

// A Table is the events and maps of one provider.
type Table struct {
	Events map[Key][]*Definition   // variants of one id and version, oldest build first
	Maps   map[string][]MapVariant // in order of builds, without gaps
	// Agreed has, for the maps with several variants, what they do not contradict each other in: for a build that is not known.
	Agreed map[string]MapVariant
	// Wording holds messages written by hand, by event id: %{Field} stands for
	// a field, and the first message whose fields the layout has is taken, so
	// that one wording serves all versions and the layouts found in a trace.
	Wording map[uint16][]string
}

// Key finds the definitions of an event. Level, opcode and keyword may differ for one key.
type Key struct {
	ID      uint16 // the type of a classic event
	Version uint8
}

// A Definition is the layout and wording of one event.
type Definition struct {
	Key
	Name     string // the manifest's task or symbol: "TcpTcbStateChange"
	Message  string // wording with %1 to %n for the fields, 1-based, length fields counted; "" when there is none
	Fields   []Field
	From, To int // first and last Windows build of this layout; 0 = open
	// redundant[i] is true when field i only says how long another field is.
	redundant []bool
	// plan has what decoding wants to know of each field.
	plan []step
}

// A Field is one field of an event payload. Fields are packed in this order.
type Field struct {
	Name string
	In   InType
	Out  OutType
	Map  string // name of the value map, "" without
	// LengthOf is the index of the field that holds this one's length in bytes
	// (or characters, for strings), -1 without. In a member of a structure it
	// is an index into Members.
	LengthOf int
	// CountOf is the index of the field that holds the number of elements, -1 without.
	CountOf int
	Length  int // fixed length, 0 without
	Count   int // fixed number of elements, 0 or 1 for one; ToEnd
	// Counted is true when the payload has the number of elements (u16) before them, as TraceLogging does.
	Counted bool
	Members []Field // of a structure in an array; other structures are laid out as fields called "Struct.Member"
}

// ToEnd is the Count of a list that ends with the payload: as many elements as there is room for.
const ToEnd = -1

// array reports whether the field is a list of elements.
func (f *Field) array() bool { return f.CountOf >= 0 || f.Count > 1 || f.Count == ToEnd || f.Counted }

// InType is how a field lies in the payload: the TDH_INTYPE values.
type InType uint8

const (
	InNull InType = iota
	InUnicodeString
	InAnsiString
	InInt8
	InUInt8
	InInt16
	InUInt16
	InInt32
	InUInt32
	InInt64
	InUInt64
	InFloat
	InDouble
	InBoolean // 4 bytes
	InBinary
	InGUID
	InPointer
	InFileTime
	InSystemTime
	InSID
	InHexInt32
	InHexInt64
	InCountedString     InType = 22 // u16 length in bytes first, no NUL
	InCountedAnsiString InType = 23
	InStruct            InType = 24
	InCountedBinary     InType = 25
	InWBEMSID           InType = 200 // ours for TDH_INTYPE_WBEMSID (310): TOKEN_USER with the SID behind it, or four zero bytes
)

// OutType is how a field is meant to be shown: the TDH_OUTTYPE values that matter.
type OutType uint8

const (
	OutNull          OutType = 0
	OutString        OutType = 1
	OutBoolean       OutType = 13
	OutHexBinary     OutType = 15
	OutHexInt8       OutType = 16
	OutHexInt16      OutType = 17
	OutHexInt32      OutType = 18
	OutHexInt64      OutType = 19
	OutPID           OutType = 20
	OutTID           OutType = 21
	OutPort          OutType = 22 // big-endian on the wire
	OutIPv4          OutType = 23
	OutIPv6          OutType = 24
	OutSocketAddress OutType = 25
	OutNTStatus      OutType = 31
	OutWin32Error    OutType = 30
	OutHResult       OutType = 32
	OutJSON          OutType = 34
	OutUTF8          OutType = 35
	OutMAC           OutType = 200 // ours: six bytes shown as a MAC address
)

// A MapVariant is a value map as a range of Windows builds has it: the numbers of some maps changed meaning.
type MapVariant struct {
	From, To int // builds, 0 = open
	// Unsure is true for builds of which the map is not known, between two of which it is: Values has what
	// both have, or one alone. A number that is not in it is shown as it stands.
	Unsure bool
	Bits   bool
	Values field.Names
}

// An Event is a decoded event. Decode reuses it; values alias the record.
type Event struct {
	Header   *trace.EventHeader
	Provider *Provider   // nil when unknown
	Def      *Definition // nil when unknown: Payload is all there is
	// Values has one entry a field of Def.Fields, in order; it is shorter when the payload ended early (Short).
	// The entry of a list has no type: Arrays has its elements.
	Values []field.Value
	Spans  []field.Span // byte range of each value in Payload
	// Arrays holds the elements of fields with a count, by field index; empty for most events.
	// The elements of a list of structures are the bytes of each (type None); Def.Fields[i].Members says what is in them.
	Arrays  map[int][]field.Value
	Payload []byte
	Extra   []byte // bytes after the last known field
	Short   bool   // the payload ended inside a known field
	// Embedded is true when the layout came from the trace.
	Embedded bool

	pointer  int       // size of a pointer in this payload
	registry *Registry // that decoded it: maps of the trace, build
	words    *words
	elements []field.Value // where the elements of Arrays are
	composer composer
}

// Value is the value of the named field.
func (e *Event) Value(name string) (field.Value, bool) {
	if e.Def == nil {
		return field.Value{}, false
	}
	for i := range e.Values {
		if e.Def.Fields[i].Name == name {
			return e.Values[i], true
		}
	}
	return field.Value{}, false
}

// Uint is the named field as a number, 0 when absent.
func (e *Event) Uint(name string) uint64 {
	v, _ := e.Value(name)
	return v.U
}

// Addr is the named SOCKADDR field, the zero AddrPort when it is absent, empty or of another family.
func (e *Event) Addr(name string) netip.AddrPort {
	v, ok := e.Value(name)
	if !ok {
		return netip.AddrPort{}
	}
	return SockAddr(v.B)
}

// AddrPort is an address and a port that are fields of their own, the zero AddrPort when either is absent.
func (e *Event) AddrPort(addr, port string) netip.AddrPort {
	a, ok := e.Value(addr)
	p, known := e.Value(port)
	if !ok || !known {
		return netip.AddrPort{}
	}
	return JoinAddr(a, uint16(p.U))
}

// JoinAddr is the address in a value and a port; the zero AddrPort when the value is no address.
// An IPv4 address may be a number in network order.
func JoinAddr(addr field.Value, port uint16) netip.AddrPort {
	switch len(addr.B) {
	case 16:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(addr.B)), port)
	case 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(addr.B)), port)
	case 0:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(addr.U), byte(addr.U >> 8), byte(addr.U >> 16), byte(addr.U >> 24)}), port)
	}
	return netip.AddrPort{}
}

// SockAddr reads a Windows SOCKADDR_IN (16 bytes) or SOCKADDR_IN6 (28 bytes):
// family u16 little-endian, port u16 big-endian. An IPv6 scope id becomes the zone.
func SockAddr(b []byte) netip.AddrPort {
	if len(b) < 8 {
		return netip.AddrPort{}
	}
	port := uint16(b[2])<<8 | uint16(b[3])
	switch family := uint16(b[0]) | uint16(b[1])<<8; {
	case family == 2:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case family == 23 && len(b) >= 24:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port)
	}
	return netip.AddrPort{}
}
