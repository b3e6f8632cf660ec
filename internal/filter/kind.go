package filter

import "github.com/wiretale/wiretale/field"

// A kind is what a filter may do with a value, and how two values compare.
type kind uint8

const (
	label    kind = iota // without a value: it is there or not
	unsigned             // Value.U
	signed               // Value.U as int64
	boolean              // Value.U
	float                // Value.U holds math.Float64bits
	octets               // Value.B
	str                  // Value.S
	ipv4                 // Value.B, 4 bytes
	ipv6                 // Value.B, 16 bytes
	ether                // Value.B, 6 bytes
	guid                 // Value.B, 16 bytes
	moment               // Value.U as int64: nanoseconds since 1970
	duration             // Value.U as int64: nanoseconds
	protocol             // Value.B: the bytes that it spans
	dynamic              // a field of an event: its type differs from event to event
)

var kindNames = [...]string{
	label: "label", unsigned: "unsigned integer", signed: "signed integer", boolean: "boolean", float: "floating point", octets: "byte sequence",
	str: "character string", ipv4: "IPv4 address", ipv6: "IPv6 address", ether: "Ethernet address", guid: "GUID", moment: "date and time",
	duration: "time offset", protocol: "protocol", dynamic: "event field",
}

func (k kind) String() string { return kindNames[k] }

var kinds = map[field.Type]kind{
	field.None: label, field.Uint: unsigned, field.Int: signed, field.Bool: boolean, field.Bytes: octets, field.String: str, field.IPv4: ipv4,
	field.IPv6: ipv6, field.Ether: ether, field.GUID: guid, field.Time: moment, field.Duration: duration, field.SockAddr: octets, field.SID: octets,
	field.Float: float, field.Pointer: unsigned,
}

// integer kinds compare and compute with each other.
func (k kind) integer() bool { return k == unsigned || k == signed || k == boolean }

// sequence kinds are bytes that may be compared with each other and cut into slices.
func (k kind) sequence() bool { return k == octets || k == ether || k == guid }

// sliceable kinds have bytes.
func (k kind) sliceable() bool {
	return k.sequence() || k == str || k == ipv4 || k == ipv6 || k == protocol || k == dynamic
}

// searchable kinds may stand left of contains and matches.
func (k kind) searchable() bool { return k.sequence() || k == str || k == protocol || k == dynamic }

// compatible reports whether values of the kinds compare with each other.
func compatible(a, b kind) bool {
	switch {
	case a == label || b == label:
		return false
	case a == dynamic || b == dynamic:
		return true
	}
	return a == b || a.integer() && b.integer() || a.sequence() && b.sequence()
}

// keyed kinds have an order that is the order of a number: the key.
func (k kind) keyed() bool {
	switch k {
	case unsigned, signed, boolean, ipv4, ether, moment, duration:
		return true
	}
	return false
}

const signBit = 1 << 63

// key maps a value of a keyed kind to a number with the same order.
func key(k kind, v *field.Value) uint64 {
	switch k {
	case signed, moment, duration:
		return v.U ^ signBit
	case ipv4:
		return field.Number(v.B, false)
	case ether:
		return field.Number(v.B, false)
	case boolean:
		return min(v.U, 1)
	}
	return v.U
}
