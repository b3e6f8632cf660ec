package dcerpc

import (
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Each row: UUID, major version, name, and the name in the Protocol column. The names are Wireshark's.
//
//go:embed interfaces.tsv
var interfacesTSV string

// Each row: name of the interface, number and name of an operation. The names are Wireshark's.
//
//go:embed operations.tsv
var operationsTSV string

// An Interface is one that has names.
type Interface struct {
	Name       string
	Column     string         // in the Protocol column
	Operations map[int]string // by their numbers
}

var interfaces = sync.OnceValue(func() map[Syntax]*Interface {
	byName, all := map[string]*Interface{}, map[Syntax]*Interface{}
	for line := range strings.Lines(interfacesTSV) {
		c := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(c) != 4 {
			panic("dcerpc: interfaces.tsv: " + line)
		}
		u, err := hex.DecodeString(strings.ReplaceAll(c[0], "-", ""))
		major, wrong := strconv.ParseUint(c[1], 10, 16)
		if err != nil || wrong != nil || len(u) != len(UUID{}) {
			panic("dcerpc: interfaces.tsv: " + line)
		}
		one := &Interface{Name: c[2], Column: c[3], Operations: map[int]string{}}
		byName[one.Name], all[Syntax{uuid(u, binary.BigEndian), uint32(major)}] = one, one
	}
	for line := range strings.Lines(operationsTSV) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		number, operation, ok := strings.Cut(rest, "\t")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || byName[name] == nil {
			panic("dcerpc: operations.tsv: " + line)
		}
		byName[name].Operations[n] = operation
	}
	return all
})

// Interface is what is known of a syntax, nil when nothing is. Minor versions do not differ in what they call things.
func (s *Syntax) Interface() *Interface {
	return interfaces()[Syntax{s.UUID, uint32(s.Major())}]
}

// Name is the name of the interface, its UUID when it has none.
func (s *Syntax) Name() string {
	if known := s.Interface(); known != nil {
		return known.Name
	}
	return s.UUID.String()
}

// String is a UUID as text.
func (u UUID) String() string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", binary.LittleEndian.Uint32(u[:]), binary.LittleEndian.Uint16(u[4:]), binary.LittleEndian.Uint16(u[6:]), u[8:10], u[10:])
}

// Transfer syntaxes (C706, 14; [MS-RPCE] 2.2.5 and 3.3.1.5.3).
var (
	ndr32 = UUID{0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}
	ndr64 = UUID{0x33, 0x05, 0x71, 0x71, 0xba, 0xbe, 0x37, 0x49, 0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}
	// features is what the UUID of a negotiation of features begins with; the features are in the rest.
	features = UUID{0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45}
)

// negotiates reports whether a transfer syntax is a negotiation of features.
func (u *UUID) negotiates() bool { return [8]byte(u[:8]) == [8]byte(features[:8]) }

// Transfer is the name of the first transfer syntax of a context in the unit b, its UUID when it has none.
func (c *Context) Transfer(b []byte) string {
	name := ""
	c.transfers(func(off int) bool {
		switch u := uuid(b[off:], order(b)); u {
		case ndr32:
			name = "32bit NDR"
		case ndr64:
			name = "64bit NDR"
		default:
			name = u.String()
		}
		return false
	})
	return name
}
