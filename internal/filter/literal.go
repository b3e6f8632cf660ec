package filter

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// A constant is a value that the filter gives. What a word means depends on
// what it is compared with: 10 is a number, a byte, or text.
type constant struct {
	kind kind
	v    field.Value
	// lo and hi are the keys of a keyed kind; they differ for a network.
	lo, hi uint64
	// below marks a number that is less than all that an unsigned field can hold.
	below bool
	// last is the highest address of an IPv6 network.
	last []byte
	// event is how the constant compares with fields of events; set for dynamic.
	event *eventConstant
}

// literal reports whether the node is a constant by its form. A word may be a field as well: the caller looks that up first.
func literal(n *node) bool {
	switch n.kind {
	case wordNode, stringNode, charNode:
		return true
	case minusNode:
		return literal(n.kids[0])
	}
	return false
}

// constant reads a literal as a value that compares with o.
func (c *compiler) constant(n *node, o *operand) (*constant, *Error) {
	fail := func(format string, args ...any) *Error {
		return &Error{From: n.from, To: n.to, Message: fmt.Sprintf(format, args...)}
	}
	text, negative := n, false
	for text.kind == minusNode {
		text, negative = text.kids[0], !negative
	}
	if negative && !o.kind.integer() && o.kind != duration && o.kind != dynamic && o.kind != float {
		return nil, fail("%s has no negative values", o.describe())
	}
	k := &constant{kind: o.kind}
	var message string
	switch o.kind {
	case unsigned, signed, boolean:
		message = k.number(text, negative, o)
	case ipv4, ipv6:
		message = k.address(text)
	case octets, protocol:
		message = k.bytes(text)
	case ether:
		if message = k.bytes(text); message == "" && len(k.v.B) != 6 {
			message = fmt.Sprintf("%q has %d bytes, an Ethernet address has 6", text.text, len(k.v.B))
		}
		k.v.Type = field.Ether
	case guid:
		g, err := trace.ParseGUID(text.text)
		if err != nil {
			message = err.Error()
		}
		k.v = field.Value{Type: field.GUID, B: g[:]}
	case str:
		k.v = field.S(text.text)
	case moment:
		t, ok := parseTime(text.text, c.location)
		if !ok {
			message = fmt.Sprintf("%q is not a valid absolute time; for example \"2011-07-04 12:34:56\"", text.text)
		}
		k.v = field.Value{Type: field.Time, U: uint64(t)}
	case duration:
		d, ok := parseDuration(text.text)
		switch {
		case text.kind != wordNode:
			message = "a time offset is a number of seconds, without quotes"
		case !ok:
			message = fmt.Sprintf("%q is not a valid time", text.text)
		case negative:
			d = -d
		}
		k.v = field.Value{Type: field.Duration, U: uint64(d)}
	case float, dynamic:
		k.event = newEventConstant(text, negative, c.location)
		k.v = field.S(text.text)
		if o.kind == float && !k.event.numeric {
			message = fmt.Sprintf("%q is not a valid number", text.text)
		}
		k.kind = dynamic
	default:
		message = o.describe() + " has no value that could be compared"
	}
	if message != "" {
		err := fail("%s", message)
		if text.kind == wordNode {
			err.Hint = c.meant(text.text)
		}
		return nil, err
	}
	if o.kind.keyed() && k.hi == 0 {
		k.lo = key(o.kind, &k.v)
		k.hi = k.lo
	}
	return k, nil
}

// truths are the names of the values of booleans.
var truths = map[string]uint64{"true": 1, "false": 0, "set": 1, "not set": 0, "yes": 1, "no": 0}

// number reads an integer, or the name of a value.
func (k *constant) number(n *node, negative bool, o *operand) string {
	u, ok := uint64(0), false
	switch n.kind {
	case charNode:
		u, ok = uint64(n.text[0]), true
	case wordNode:
		u, ok = parseNumber(n.text)
		if !ok && n.text[0] >= '0' && n.text[0] <= '9' && len(n.text) > 19 {
			return fmt.Sprintf("%q causes an integer overflow", n.text)
		}
	}
	if !ok {
		name := strings.ToLower(n.text)
		if o.kind == boolean {
			u, ok = truths[name]
		}
		if !ok {
			u, ok = named(o.names, name)
		}
		switch {
		case !ok && n.kind == stringNode && len(o.names) == 0 && o.kind != boolean:
			return fmt.Sprintf("%s cannot be converted from a string (%q)", o.describe(), n.text)
		case !ok && n.kind == stringNode:
			return fmt.Sprintf("%q cannot be found among the possible values for %s", n.text, o.describe())
		case !ok:
			return fmt.Sprintf("%q is not a valid number", n.text)
		}
	}
	if o.bits > 0 && o.bits < 64 && u >= 1<<o.bits && o.kind != boolean {
		return fmt.Sprintf("%q is too big for this field, maximum %d", n.text, uint64(1)<<o.bits-1)
	}
	if o.kind == boolean {
		k.v = field.Value{Type: field.Bool, U: min(u, 1)}
		return ""
	}
	if u > 1<<63-1 && (negative || o.kind == signed) {
		return fmt.Sprintf("%q causes an integer overflow", n.text)
	}
	k.v = field.U(u)
	if o.kind == signed {
		k.v.Type = field.Int
	}
	if negative && u > 0 {
		k.v = field.Value{Type: field.Int, U: uint64(-int64(u))}
		k.below = o.kind == unsigned
	}
	return ""
}

// named finds a value by its name in any case; the lowest one when several have it.
func named(names field.Names, name string) (u uint64, ok bool) {
	for v, text := range names {
		if (!ok || v < u) && strings.EqualFold(text, name) {
			u, ok = v, true
		}
	}
	return u, ok
}

// parseNumber reads decimal, 0x hexadecimal, 0 octal and 0b binary numbers.
func parseNumber(text string) (uint64, bool) {
	if strings.ContainsAny(text, "_oO") {
		return 0, false
	}
	u, err := strconv.ParseUint(text, 0, 64)
	return u, err == nil
}

// address reads an address with or without the length of a prefix.
func (k *constant) address(n *node) string {
	if n.kind != wordNode {
		return fmt.Sprintf("%s is written without quotes", k.kind)
	}
	text, prefix, network := strings.Cut(n.text, "/")
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() != (k.kind == ipv4) || a.Zone() != "" {
		return fmt.Sprintf("%q is not a valid %s; names are not looked up", n.text, k.kind)
	}
	bits := a.BitLen()
	if network {
		if bits, err = strconv.Atoi(prefix); err != nil || bits > a.BitLen() {
			return fmt.Sprintf("the prefix of an %s has %d bits at most, not %s", k.kind, a.BitLen(), prefix)
		}
	}
	low := a.As16()
	first := 128 - a.BitLen() // of the address in its 16 bytes
	high := low
	for i := first + bits; i < 128; i++ {
		low[i/8] &^= 0x80 >> (i % 8)
		high[i/8] |= 0x80 >> (i % 8)
	}
	if k.kind == ipv4 {
		k.v = field.Value{Type: field.IPv4, B: low[12:]}
		k.lo, k.hi = field.Number(low[12:], false), field.Number(high[12:], false)
		return ""
	}
	k.v, k.last = field.Value{Type: field.IPv6, B: low[:]}, high[:]
	return ""
}

// bytes reads a byte string, one byte as 0x.., or the bytes of a quoted string.
func (k *constant) bytes(n *node) string {
	k.v.Type = field.Bytes
	if n.kind != wordNode {
		k.v.B = []byte(n.text)
		if k.kind == ether && n.kind == stringNode {
			return "an Ethernet address is written without quotes"
		}
		return ""
	}
	b, ok := parseBytes(n.text)
	if !ok {
		return fmt.Sprintf("%q is not a valid byte string", n.text)
	}
	k.v.B = b
	return ""
}

// parseBytes reads hex digits, groups of them separated by colons, periods or hyphens. A single hex number may have one byte.
func parseBytes(text string) ([]byte, bool) {
	if len(text) > 2 && text[0] == '0' && text[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(text[2:], 16, 8)
		return []byte{byte(u)}, err == nil && len(text) <= 4
	}
	text = strings.TrimPrefix(text, ":")
	separator := ""
	if i := strings.IndexAny(text, ":.-"); i >= 0 {
		separator = text[i : i+1]
	}
	var out []byte
	groups := []string{text}
	if separator != "" {
		groups = strings.Split(strings.TrimSuffix(text, separator), separator)
	}
	for _, g := range groups {
		if len(g)%2 == 1 {
			g = g[:len(g)-1] + "0" + g[len(g)-1:]
		}
		b, err := hex.DecodeString(g)
		if err != nil || len(b) == 0 {
			return nil, false
		}
		out = append(out, b...)
	}
	return out, true
}

// units of durations.
var units = []struct {
	suffix string
	digits int // decimal places between the unit and nanoseconds
}{{"ms", 6}, {"us", 3}, {"ns", 0}, {"s", 9}, {"", 9}}

// parseDuration reads seconds with up to nine decimals, or a number with the unit s, ms, us or ns.
func parseDuration(text string) (int64, bool) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.suffix); ok {
			return parseDecimal(number, u.digits)
		}
	}
	return 0, false
}

// parseDecimal reads a number with decimals as a multiple of 10^-places. More decimals must be zeros.
func parseDecimal(text string, places int) (int64, bool) {
	whole, decimals, point := strings.Cut(text, ".")
	if whole == "" || point && decimals == "" {
		return 0, false
	}
	if len(decimals) > places {
		if strings.Trim(decimals[places:], "0") != "" {
			return 0, false
		}
		decimals = decimals[:places]
	}
	all := whole + decimals + strings.Repeat("0", places-len(decimals))
	u, err := strconv.ParseUint(all, 10, 63)
	return int64(u), err == nil
}

// timeLayouts are the forms of absolute times; a fraction of the second may follow each of them that has seconds.
var timeLayouts = []string{
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02 15:04Z07:00", "2006-01-02", "Jan _2, 2006 15:04:05", "Jan _2 2006 15:04:05",
}

// parseTime reads an absolute time, or seconds since 1970. Times without a zone are of the location; "UTC" may follow one.
func parseTime(text string, location *time.Location) (int64, bool) {
	if ns, ok := parseDecimal(text, 9); ok {
		return ns, true
	}
	text = strings.Join(strings.Fields(text), " ")
	if rest, ok := strings.CutSuffix(text, " UTC"); ok {
		text, location = rest, time.UTC
	}
	if len(text) > 11 && text[10] == 'T' && text[4] == '-' {
		text = text[:10] + " " + text[11:]
	}
	for _, layout := range timeLayouts {
		t, err := time.ParseInLocation(layout, text, location)
		if err == nil {
			return t.UnixNano(), t.Year() > 1677 && t.Year() < 2262 // what 64 bits of nanoseconds hold
		}
	}
	return 0, false
}
