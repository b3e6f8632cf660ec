// Package field holds the one declaration that each field of a protocol layer
// or event has: name, type, meaning, byte range, getter.
//
// The details tree, -T fields, JSON, the display filter, completion and the
// documentation all come from these tables. Nothing here runs for a packet
// that nobody asked to see: the fast path decodes into structs.
package field

import (
	"encoding/binary"
	"math/bits"
)

// Type says how a value is stored in a [Value], compared and printed.
type Type uint8

const (
	None     Type = iota // a label without a value
	Uint                 // Value.U
	Int                  // Value.U as int64
	Bool                 // Value.U is 0 or 1
	Bytes                // Value.B
	String               // Value.S
	IPv4                 // Value.B, 4 bytes
	IPv6                 // Value.B, 16 bytes
	Ether                // Value.B, 6 bytes
	GUID                 // Value.B, 16 bytes in wire order
	Time                 // Value.U as int64: nanoseconds since 1970-01-01 UTC
	Duration             // Value.U as int64: nanoseconds
	SockAddr             // Value.B is a Windows SOCKADDR; empty is legal
	SID                  // Value.B is a Windows security identifier
	Float                // Value.U holds math.Float64bits
	Pointer              // Value.U; printed in hex with the width of the event
)

// A Value is one occurrence of a field. B aliases the packet or event; copy what must live longer.
type Value struct {
	Type Type
	U    uint64
	B    []byte
	S    string
}

// Span is a byte range, relative to the start of the layer, or of the payload for events.
type Span struct{ Off, Len int }

// Base says how a number is printed by default.
type Base uint8

const (
	Dec Base = iota
	Hex
	Oct
	Colon // of bytes: a colon between two, as addresses have it
)

// Names gives values their names: flags, types, status codes. The names are Wireshark's where it has them.
type Names map[uint64]string

// A Field is the declaration of one field of a layer.
//
// A field of a fixed place has Off and Len (bytes, network byte order unless
// Little) and maybe a Mask; any other field has Find, which yields each
// occurrence. Both may look beyond the layer's header: the slice they get runs
// from the first byte of the layer to the end of what was captured of it.
type Field struct {
	Name   string // Wireshark's name where it has one: "ip.ttl"
	Title  string // the label of the details tree: "Time to Live"
	Type   Type
	Base   Base
	Off    int
	Len    int    // bytes of one occurrence; 0 with Find
	Also   []int  // offsets of further occurrences of a field of a fixed place: the destination after the source
	Width  int    // bytes of the number as it is printed in hex, where that is not Len: for Find, and for bits of a longer number
	Mask   uint64 // bits of the number, shifted down to bit 0; 0 takes all
	Little bool
	Names  Names
	Find   func(layer []byte, yield func(Span, Value) bool)
	// Noted is Find for a value that needs what the connection says of the layer.
	Noted func(layer []byte, note *Note, yield func(Span, Value) bool)
	// Told is Find for values that texts of the connection about the layer say. They lie nowhere in its bytes.
	Told func(layer []byte, note *Note, texts []string, yield func(Value) bool)
	// Mixed is Find for values of which texts of the connection, which may be none, say some, and the bytes the others. It goes before Find.
	Mixed func(layer []byte, note *Note, texts []string, yield func(Span, Value) bool)
	// Bits marks a field with Find that is part of a number which another field shows whole.
	Bits bool
	// Hidden marks a field that repeats others for filters: the details tree leaves it out.
	Hidden bool
	// Derived marks a value that is not on the wire and says in a few words where it comes from.
	Derived string
}

// A Table is all fields of one protocol, in the order of the details tree.
type Table struct {
	Proto  string // Wireshark's short name: "ip"
	Title  string // "Internet Protocol Version 4"
	Fields []Field
}

// Size is the length in bytes of the number that is printed in hex.
func (f *Field) Size() int {
	if f.Width != 0 {
		return f.Width
	}
	return f.Len
}

// A Note is what is known of an application layer from the packets before:
// numbers whose meaning is that of the layer's protocol. Zero is nothing known.
type Note [4]uint64

// All yields every occurrence of the field in the layer. Nothing is yielded
// when the captured bytes end before the field.
func (f *Field) All(layer []byte, yield func(Span, Value) bool) {
	if f.Find != nil {
		f.Find(layer, yield)
		return
	}
	if f.Noted != nil {
		f.Noted(layer, &Note{}, yield)
		return
	}
	if f.Off+f.Len > len(layer) || f.Len == 0 {
		return
	}
	if !yield(Span{f.Off, f.Len}, Read(layer[f.Off:f.Off+f.Len], f.Type, f.Mask, f.Little)) {
		return
	}
	for _, off := range f.Also {
		if off+f.Len > len(layer) || !yield(Span{off, f.Len}, Read(layer[off:off+f.Len], f.Type, f.Mask, f.Little)) {
			return
		}
	}
}

// First is the first occurrence of the field in the layer.
func (f *Field) First(layer []byte) (Value, Span, bool) {
	var v Value
	var s Span
	ok := false
	f.All(layer, func(sp Span, val Value) bool { v, s, ok = val, sp, true; return false })
	return v, s, ok
}

// Read is the value that the bytes b are. The bits of mask are taken from a number and shifted down to bit 0; 0 takes all.
func Read(b []byte, t Type, mask uint64, little bool) Value {
	switch t {
	case Uint, Int, Bool, Pointer:
		u := Number(b, little)
		if mask != 0 {
			u = u & mask >> bits.TrailingZeros64(mask)
		}
		switch {
		case t == Bool && u != 0:
			u = 1
		case t == Int && mask == 0:
			u = signed(u, len(b))
		}
		return Value{Type: t, U: u}
	case String:
		return Value{Type: String, S: string(b)}
	}
	return Value{Type: t, B: b}
}

// signed extends the sign of a number of n bytes.
func signed(u uint64, n int) uint64 {
	if n <= 0 || n >= 8 {
		return u
	}
	shift := 64 - 8*n
	return uint64(int64(u<<shift) >> shift)
}

// Number reads an unsigned integer of 1 to 8 bytes.
func Number(b []byte, little bool) uint64 {
	switch {
	case len(b) == 1:
		return uint64(b[0])
	case len(b) == 2 && little:
		return uint64(binary.LittleEndian.Uint16(b))
	case len(b) == 2:
		return uint64(binary.BigEndian.Uint16(b))
	case len(b) == 4 && little:
		return uint64(binary.LittleEndian.Uint32(b))
	case len(b) == 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	var u uint64
	for i := range b {
		if little {
			u |= uint64(b[i]) << (8 * i)
		} else {
			u = u<<8 | uint64(b[i])
		}
	}
	return u
}

// Of declares a field whose value comes from an analysis instead of bytes:
// the relative sequence number, the conversation number, the owning process.
type Of[T any] struct {
	Name  string
	Title string
	Type  Type
	Base  Base
	Width int   // bytes of the number as it is printed in hex
	Names Names // of values, for filters
	Get   func(*T) (Value, bool)
}

// U is an unsigned value.
func U(u uint64) Value { return Value{Type: Uint, U: u} }

// S is a string value.
func S(s string) Value { return Value{Type: String, S: s} }
