package provider

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/trace"
)

// AppendValue appends value i of the event as text, as AppendText shows it; lists in brackets.
func AppendValue(dst []byte, e *Event, i int) []byte {
	if e.Def == nil || i < 0 || i >= len(e.Values) {
		return dst
	}
	f := &e.Def.Fields[i]
	if !f.array() {
		return e.appendValue(dst, f, e.Values[i])
	}
	return e.appendList(dst, f, e.Arrays[i])
}

// maxList bounds the elements of a list that a line of text shows.
const maxList = 64

func (e *Event) appendList(dst []byte, f *Field, list []field.Value) []byte {
	dst = append(dst, '[')
	for k, v := range list {
		if k > 0 {
			dst = append(dst, ", "...)
		}
		if k == maxList {
			dst = append(dst, "..."...)
			break
		}
		if f.In == InStruct {
			dst = e.appendStruct(dst, f, v.B)
			continue
		}
		dst = e.appendValue(dst, f, v)
	}
	return append(dst, ']')
}

// AppendValue is the function AppendValue.
func (r *Registry) AppendValue(dst []byte, e *Event, i int) []byte { return AppendValue(dst, e, i) }

// MapText is the text that the value map of field i gives to the value; ""
// when the field has no map or the map no text for it.
func MapText(e *Event, i int) string {
	if e.Def == nil || i < 0 || i >= len(e.Values) || e.Def.Fields[i].Map == "" || e.Provider == nil {
		return ""
	}
	m, ok := e.registry.lookup(e.Provider, e.Def.Fields[i].Map)
	if !ok {
		return ""
	}
	if m.Bits {
		return string(appendBits(nil, m.Values, e.Values[i].U))
	}
	return m.Values[e.Values[i].U]
}

func (e *Event) appendStruct(dst []byte, f *Field, b []byte) []byte {
	var inner Event
	inner.structure(f.Members, stepsOf(f.Members), b, e.pointer)
	dst = append(dst, '{')
	for i, v := range inner.Values {
		m := &f.Members[i]
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(appendSafe(dst, m.Name), '=')
		if m.array() {
			dst = e.appendList(dst, m, inner.Arrays[i])
			continue
		}
		dst = e.appendValue(dst, m, v)
	}
	return append(dst, '}')
}

func (e *Event) appendValue(dst []byte, f *Field, v field.Value) []byte {
	switch v.Type {
	case field.Uint, field.Int:
		if f.Map != "" && e.Provider != nil {
			if m, ok := e.registry.lookup(e.Provider, f.Map); ok {
				if _, known := m.Values[v.U]; known || m.Bits || f.Out == OutNull && !m.Unsure {
					return appendMapped(dst, m, v)
				}
			}
		}
		return e.appendNumber(dst, f, v)
	case field.Bool:
		return strconv.AppendBool(dst, v.U != 0)
	case field.Pointer:
		return appendPadded(dst, v.U, 2*e.pointer)
	case field.String:
		return appendSafe(dst, v.S)
	case field.SockAddr:
		return appendAddr(dst, v.B)
	case field.IPv4, field.IPv6:
		a, _ := netip.AddrFromSlice(v.B)
		return a.AppendTo(dst)
	case field.Ether:
		return appendMAC(dst, v.B)
	case field.GUID:
		return append(dst, trace.GUID(v.B).String()...)
	case field.SID:
		return appendSID(dst, v.B)
	case field.Time:
		return time.Unix(0, int64(v.U)).UTC().AppendFormat(dst, "2006-01-02 15:04:05.0000000")
	case field.Duration:
		return append(append(dst, v.String()...), " s"...)
	case field.Float:
		return strconv.AppendFloat(dst, math.Float64frombits(v.U), 'g', -1, 64)
	}
	return appendHexBytes(dst, v.B)
}

func (e *Event) appendNumber(dst []byte, f *Field, v field.Value) []byte {
	switch f.Out {
	case OutNTStatus:
		return ntstatus.Status(v.U).Append(dst)
	case OutWin32Error:
		return ntstatus.Win32(v.U).Append(dst)
	case OutHResult:
		return ntstatus.HResult(v.U).Append(dst)
	case OutPort:
		return strconv.AppendUint(dst, v.U, 10)
	case OutHexInt8, OutHexInt16, OutHexInt32, OutHexInt64:
		return appendPadded(dst, v.U&mask(f.In), 2*max(fixedSize(f.In, 8), 1))
	}
	switch {
	case f.In == InHexInt32 || f.In == InHexInt64:
		return appendPadded(dst, v.U, 2*fixedSize(f.In, 8))
	case v.Type == field.Int && int64(v.U) < 0:
		dst = strconv.AppendInt(dst, int64(v.U), 10)
	default:
		dst = strconv.AppendUint(dst, v.U, 10)
	}
	dst = append(dst, " (0x"...)
	dst = appendHex(dst, v.U&mask(f.In), 1)
	return append(dst, ')')
}

// mask is the bits of a type: the sign of a small number reaches beyond them.
func mask(t InType) uint64 {
	n := fixedSize(t, 8)
	if n == 0 || n >= 8 {
		return math.MaxUint64
	}
	return 1<<(8*n) - 1
}

// appendPadded appends 0x and at least width digits.
func appendPadded(dst []byte, u uint64, width int) []byte {
	return appendHex(append(dst, "0x"...), u, width)
}

func appendHex(dst []byte, u uint64, width int) []byte {
	const digits = "0123456789ABCDEF"
	n := max((bits.Len64(u)+3)/4, width)
	for i := n - 1; i >= 0; i-- {
		d := byte('0')
		if i < 16 {
			d = digits[u>>(4*i)&15]
		}
		dst = append(dst, d)
	}
	return dst
}

func appendMapped(dst []byte, m MapVariant, v field.Value) []byte {
	if m.Bits {
		return appendBits(dst, m.Values, v.U)
	}
	if text, ok := m.Values[v.U]; ok {
		return appendSafe(dst, text)
	}
	dst = append(dst, "Unknown value: "...)
	if v.Type == field.Int {
		return strconv.AppendInt(dst, int64(v.U), 10)
	}
	return strconv.AppendUint(dst, v.U, 10)
}

// appendBits appends the names of the bits that are set, and the rest as a number.
func appendBits(dst []byte, names field.Names, u uint64) []byte {
	if text, ok := names[u]; ok {
		return appendSafe(dst, text)
	}
	values := make([]uint64, 0, len(names))
	for v := range names {
		if v != 0 && u&v == v {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	first := true
	for _, v := range values {
		if !first {
			dst = append(dst, '|')
		}
		first = false
		dst = appendSafe(dst, names[v])
		u &^= v
	}
	if u != 0 || first {
		if !first {
			dst = append(dst, '|')
		}
		dst = appendPadded(dst, u, 1)
	}
	return dst
}

func appendMAC(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for i, c := range b {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// appendSID appends a security identifier in the form S-1-5-18, [MS-DTYP] 2.4.2.1.
func appendSID(dst, b []byte) []byte {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return appendHexBytes(dst, b)
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	dst = strconv.AppendUint(append(dst, '-'), uint64(binary.BigEndian.Uint16(b[2:]))<<32|uint64(binary.BigEndian.Uint32(b[4:])), 10)
	for i := range int(b[1]) {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return dst
}
