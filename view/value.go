package view

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/provider"
)

// Value is a value as -T fields prints it: numbers in the base of their field
// (width is its length in bytes), times as seconds since 1970, addresses in their usual form,
// control characters as escapes.
func Value(v field.Value, base field.Base, width int) string {
	return Printable(Text(v, base, width))
}

// Text is the same with control characters as they are, for formats that have escapes of their own.
func Text(v field.Value, base field.Base, width int) string {
	switch v.Type {
	case field.None:
		return "1" // it is there, as tshark has it
	case field.Uint:
		return number(v.U, base, width)
	case field.Bytes:
		if base == field.Colon && len(v.B) <= etherLen {
			return MAC(v.B)
		}
	case field.Time:
		return Seconds(int64(v.U), maxPrecision)
	case field.SockAddr:
		if a := provider.SockAddr(v.B); a != (netip.AddrPort{}) {
			return a.String()
		}
	case field.SID:
		if s := sid(v.B); s != "" {
			return s
		}
	case field.Pointer:
		return fmt.Sprintf("0x%0*X", 2*max(width, 4), v.U)
	}
	return v.String()
}

// etherLen is the length of an address that is printed with colons; longer bytes are no address.
const etherLen = 6

func number(u uint64, base field.Base, width int) string {
	switch base {
	case field.Hex:
		return fmt.Sprintf("0x%0*x", 2*max(width, 1), u)
	case field.Oct:
		return fmt.Sprintf("0%o", u)
	}
	return strconv.FormatUint(u, 10)
}

// sid is the text form of a Windows security identifier, [MS-DTYP] 2.4.2.1.
func sid(b []byte) string {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return ""
	}
	var s strings.Builder
	fmt.Fprintf(&s, "S-%d-%d", b[0], field.Number(b[2:8], false))
	for i := range int(b[1]) {
		fmt.Fprintf(&s, "-%d", field.Number(b[8+4*i:12+4*i], true))
	}
	return s.String()
}

// Labelled is a value for people: its name first where it has one, times as dates.
func Labelled(v field.Value, base field.Base, width int, names field.Names) string {
	text := Value(v, base, width)
	switch v.Type {
	case field.None:
		return ""
	case field.Uint, field.Int:
		if name := names[v.U]; name != "" {
			return name + " (" + text + ")"
		}
	case field.Bool:
		return map[bool]string{true: "Set", false: "Not set"}[v.U != 0]
	case field.Time:
		return time.Unix(0, int64(v.U)).UTC().Format("2006-01-02 15:04:05.000000000 UTC")
	case field.Duration:
		return Duration(int64(v.U))
	}
	return text
}
