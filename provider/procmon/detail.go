package procmon

import (
	"strconv"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/provider"
)

// appendText is an event in one line: operation, path, result, detail. Text of the trace is made safe for a terminal.
func appendText(dst []byte, e *provider.Event) []byte {
	dst = provider.AppendSafe(dst, e.Def.Name)
	between := " "
	for i := range e.Values {
		f := e.Def.Fields[i].Name
		if s := e.Values[i].S; (f == "Path" || f == "Result") && s != "" {
			dst = provider.AppendSafe(append(dst, between...), s)
			between = " | "
		}
	}
	start := len(dst)
	dst = append(dst, " | "...)
	at := len(dst)
	if dst = AppendDetail(dst, e, true); len(dst) == at {
		return dst[:start]
	}
	if !plain(dst[at:]) {
		dst = provider.AppendSafe(dst[:at], string(dst[at:]))
	}
	return dst
}

// plain reports whether all bytes are printable ASCII: then they need no escapes.
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// AppendDetail appends the Detail column of an event, with Process Monitor's words and American numbers and dates
// (times in UTC). short leaves out a process's environment. Text of the trace stands as it is.
func AppendDetail(dst []byte, e *provider.Event, short bool) []byte {
	if e.Def == nil {
		return dst
	}
	for i := range e.Values {
		if e.Def.Fields[i].Name == "Detail" {
			return append(dst, e.Values[i].S...)
		}
	}
	at := len(dst)
	filtered := false
	for i := range e.Values {
		w := e.Word(i)
		if w >= fieldCount || words[w].style == hidden || short && words[w].style == block {
			continue
		}
		if len(dst) > at {
			dst = append(dst, ", "...)
		}
		filtered = filtered || w == fFilter
		if label := words[w].label; label != "" {
			dst = append(append(dst, label...), ": "...)
		}
		switch s := words[w].style; s {
		case numbered, commas, block:
			dst = appendList(dst, s, e.Arrays[i], filtered)
		default:
			dst = appendStyled(dst, s, e.Values[i])
		}
	}
	return dst
}

func appendStyled(dst []byte, s style, v field.Value) []byte {
	switch s {
	case text:
		return append(dst, v.S...)
	case grouped:
		return appendGrouped(dst, v)
	case hexed:
		return strconv.AppendUint(append(dst, "0x"...), v.U, 16)
	case boolean:
		if v.U != 0 {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case seconds, inWords:
		dst = appendSeconds(dst, v.U/100)
		if s == inWords {
			dst = append(dst, " seconds"...)
		}
		return dst
	case date:
		return appendDate(dst, v)
	case spaced, joined:
		return appendHex(dst, v.B, s == spaced)
	case serial:
		n := upper(1<<32 | v.U)
		return append(append(append(dst, n[1:5]...), '-'), n[5:]...)
	}
	if v.Type == field.Int {
		return strconv.AppendInt(dst, int64(v.U), 10)
	}
	return strconv.AppendUint(dst, v.U, 10)
}

// appendGrouped appends a number with a comma between thousands.
func appendGrouped(dst []byte, v field.Value) []byte {
	u := v.U
	if v.Type == field.Int && int64(u) < 0 {
		dst, u = append(dst, '-'), -u
	}
	var b [20]byte
	digits := strconv.AppendUint(b[:0], u, 10)
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return dst
}

// appendSeconds appends units of 100 ns as seconds with seven decimals.
func appendSeconds(dst []byte, ticks uint64) []byte {
	dst = append(strconv.AppendUint(dst, ticks/1e7, 10), '.')
	at := len(dst)
	dst = strconv.AppendUint(dst, 1e7+ticks%1e7, 10)
	return append(dst[:at], dst[at+1:]...) // without the 1 that keeps the zeros
}

// appendDate appends a time; a number that is none is counted from 1601, which a time in nanoseconds cannot reach.
func appendDate(dst []byte, v field.Value) []byte {
	t := time.Unix(0, int64(v.U)).UTC()
	if v.Type != field.Time {
		t = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
		if s := v.U / 1e7; s < 1<<40 {
			t = time.Unix(t.Unix()+int64(s), 0).UTC()
		}
	}
	return t.AppendFormat(dst, "1/2/2006 3:04:05 PM")
}

func appendHex(dst, b []byte, spaced bool) []byte {
	const digits = "0123456789ABCDEF"
	for i, c := range b {
		if spaced && i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

func appendList(dst []byte, s style, list []field.Value, filtered bool) []byte {
	for i, v := range list {
		switch {
		case s == block:
			dst = append(dst, "\r;\t"...)
		case i > 0:
			dst = append(dst, ", "...)
		}
		if s == numbered {
			n := i
			if filtered {
				n++
			}
			dst = append(strconv.AppendInt(dst, int64(n), 10), ": "...)
		}
		dst = append(dst, v.S...)
	}
	return dst
}
