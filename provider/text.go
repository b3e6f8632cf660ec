package provider

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// maxHex bounds the bytes of a payload or value that a line of text shows.
const maxHex = 64

// AppendName appends the name of the event: "TcpTcbStateChange", for an event
// without a name its number: "Event1316", "Message10" for WPP, "Group3Type1"
// for a kernel event.
func AppendName(dst []byte, e *Event) []byte {
	if e.Def != nil && e.Def.Name != "" {
		return appendSafe(dst, e.Def.Name)
	}
	h := e.Header
	if h == nil {
		return append(dst, "Event"...)
	}
	switch h.Header {
	case trace.HeaderEvent:
		return strconv.AppendUint(append(dst, "Event"...), uint64(h.ID), 10)
	case trace.HeaderMessage:
		return strconv.AppendUint(append(dst, "Message"...), uint64(h.ID), 10)
	case trace.HeaderSystem, trace.HeaderCompact, trace.HeaderPerfInfo:
		dst = strconv.AppendUint(append(dst, "Group"...), uint64(h.Group), 10)
	}
	return strconv.AppendUint(append(dst, "Type"...), uint64(h.Opcode), 10)
}

// AppendText appends the description of the event as Network Monitor words
// it: the message with its values, or "Name field=value ..." for an event
// without one. An event whose layout is unknown is told by provider, number,
// size and the first bytes of its payload.
//
// Numbers are shown as "13 (0xD)", pointers as 0x8921DD28 or with 16 digits,
// mapped values by their text ("Unknown value: 0" when the map has none),
// statuses as "Success" or "0xC0000241 - STATUS_CONNECTION_ABORTED". Control
// characters of the trace are escaped.
func AppendText(dst []byte, e *Event) []byte {
	switch {
	case e.Def == nil:
		return appendUnknown(dst, e)
	case e.Provider != nil && e.Provider.Text != nil:
		return e.Provider.Text(dst, e)
	case e.Def.Message != "":
		return appendMessage(dst, e)
	}
	return appendFields(AppendName(dst, e), e)
}

// AppendText is the function AppendText.
func (r *Registry) AppendText(dst []byte, e *Event) []byte { return AppendText(dst, e) }

// appendMessage fills in a message: %1 to %n are fields, %n a line break,
// %% a percent sign; a format after a field (!S!) is passed over.
func appendMessage(dst []byte, e *Event) []byte {
	m := e.Def.Message
	start := 0
	for i := 0; i < len(m); i++ {
		if m[i] != '%' || i+1 == len(m) {
			continue
		}
		dst = appendSafe(dst, m[start:i])
		i++
		switch c := m[i]; {
		case c >= '1' && c <= '9':
			var n int
			n, i = messageNumber(m, i)
			for strings.HasPrefix(m[i:], alternative+"%") {
				next, end := messageNumber(m, i+len(alternative)+1)
				if isEmpty(e, n-1) {
					n = next
				}
				i = end
			}
			i = skipFormat(m, i) - 1
			dst = appendNumbered(dst, e, n-1)
		case c == 'n' || c == 'r' || c == 't' || c == 'b':
			dst = append(dst, ' ')
		case c == '0':
		default:
			dst = appendSafe(dst, m[i:i+1])
		}
		start = i + 1
	}
	return appendSafe(dst, m[min(start, len(m)):])
}

// messageNumber reads the number of a field.
func messageNumber(m string, i int) (n, end int) {
	for ; i < len(m) && m[i] >= '0' && m[i] <= '9' && n < 1000; i++ {
		n = 10*n + int(m[i]-'0')
	}
	return n, i
}

// isEmpty reports whether a field has nothing to show: no bytes, or the number 0.
func isEmpty(e *Event, i int) bool {
	if i < 0 || i >= len(e.Values) {
		return true
	}
	v := &e.Values[i]
	switch v.Type {
	case field.Uint, field.Int, field.Bool, field.Pointer, field.IPv4, field.Time:
		return v.U == 0
	case field.String:
		return v.S == ""
	}
	return len(v.B) == 0
}

// skipFormat passes over a printf format between exclamation marks.
func skipFormat(m string, i int) int {
	if i >= len(m) || m[i] != '!' {
		return i
	}
	for j := i + 1; j < len(m) && j < i+8; j++ {
		if m[j] == '!' {
			return j + 1
		}
	}
	return i
}

func appendNumbered(dst []byte, e *Event, i int) []byte {
	if i < 0 || i >= len(e.Values) {
		return append(dst, '?') // the payload ended before it
	}
	return AppendValue(dst, e, i)
}

// appendFields appends " name=value" for every field that is not just the length of another.
func appendFields(dst []byte, e *Event) []byte {
	for i := range e.Values {
		if i < len(e.Def.redundant) && e.Def.redundant[i] {
			continue
		}
		dst = append(dst, ' ')
		dst = appendSafe(dst, e.Def.Fields[i].Name)
		dst = append(dst, '=')
		dst = appendQuoted(dst, e, i)
	}
	if e.Short {
		dst = append(dst, " [payload ends early]"...)
	}
	return dst
}

// appendQuoted quotes a value that would not read as one word.
func appendQuoted(dst []byte, e *Event, i int) []byte {
	if e.Values[i].Type != field.String {
		return AppendValue(dst, e, i)
	}
	at := len(dst)
	dst = append(dst, '"')
	dst = AppendValue(dst, e, i)
	plain := len(dst) > at+1
	for _, c := range dst[at+1:] {
		plain = plain && c != ' ' && c != '=' && c != '"'
	}
	if plain {
		return append(dst[:at], dst[at+1:]...)
	}
	return append(dst, '"')
}

func appendUnknown(dst []byte, e *Event) []byte {
	h := e.Header
	if h == nil {
		return appendHexBytes(dst, e.Payload)
	}
	switch {
	case e.Provider != nil && e.Provider.Name != "":
		dst = append(appendSafe(dst, e.Provider.Name), ' ')
	case h.Provider != trace.GUID{}:
		dst = append(append(dst, h.Provider.String()...), ' ')
	}
	number := func(what string, n int) {
		dst = append(append(dst, what...), ' ')
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	switch h.Header {
	case trace.HeaderEvent:
		number("event", int(h.ID))
		number(" version", int(h.Version))
	case trace.HeaderMessage:
		number("WPP message", int(h.ID))
	case trace.HeaderFull, trace.HeaderInstance:
		number("type", int(h.Opcode))
		number(" version", int(h.Version))
	default:
		number("kernel group", int(h.Group))
		number(" type", int(h.Opcode))
		number(" version", int(h.Version))
	}
	number(",", len(e.Payload))
	dst = append(dst, " bytes"...)
	if len(e.Payload) == 0 {
		return dst
	}
	return appendHexBytes(append(dst, ": "...), e.Payload)
}

// appendHexBytes appends bytes as hex without separators, cut after maxHex.
func appendHexBytes(dst, b []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range b[:min(len(b), maxHex)] {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	if len(b) > maxHex {
		dst = append(dst, "..."...)
	}
	return dst
}

// appendSafe appends text of the trace; control characters and bytes that are not UTF-8 become escapes such as \x1b.
func appendSafe(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		control := r < 0x20 || r >= 0x7F && r < 0xA0
		if !control && (r != utf8.RuneError || n > 1) && !direction(r) {
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		if n == 1 {
			dst = append(dst, '\\', 'x', digits[s[i]>>4], digits[s[i]&15])
		} else {
			dst = append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		}
		i += n
		start = i
	}
	return append(dst, s[start:]...)
}

// direction reports whether a character turns the direction of the text around it.
func direction(r rune) bool {
	return r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// appendAddr appends a SOCKADDR as address:port; nothing for one that is empty, hex for one of another family.
func appendAddr(dst, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	if a := SockAddr(b); a != (netip.AddrPort{}) {
		return a.AppendTo(dst)
	}
	if a, ok := netip.AddrFromSlice(b); ok { // a bare address where a SOCKADDR is announced
		return a.AppendTo(dst)
	}
	return appendHexBytes(dst, b)
}
