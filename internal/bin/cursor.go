// Package bin reads fixed binary layouts from a byte slice with one check at the end.
//
// A [Cursor] remembers the first read that did not fit and turns every later
// read into a zero value, so that a decoder reads like the table in the
// specification and asks for the error once. Hot, fixed headers do not use
// it: one length check and fixed offsets are several times faster.
package bin

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// A ShortError says that a layout needs more bytes than there are.
type ShortError struct {
	Offset int // where the read began, in bytes from the start of the slice
	Need   int // bytes that the read needs
	Have   int // bytes that are left
}

func (e *ShortError) Error() string {
	return fmt.Sprintf("at byte %d: need %d bytes, have %d", e.Offset, e.Need, e.Have)
}

// A Cursor walks a byte slice. The zero value reads little-endian from nothing.
type Cursor struct {
	data []byte
	off  int
	big  bool
	err  *ShortError
}

// Little returns a little-endian cursor at the start of b. It keeps b.
func Little(b []byte) Cursor { return Cursor{data: b} }

// Big returns a big-endian cursor at the start of b. It keeps b.
func Big(b []byte) Cursor { return Cursor{data: b, big: true} }

// Err is nil, or the first read that did not fit.
func (c *Cursor) Err() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// Offset is the number of bytes consumed.
func (c *Cursor) Offset() int { return c.off }

// Len is the number of bytes left.
func (c *Cursor) Len() int { return len(c.data) - c.off }

// Rest returns the bytes that are left without consuming them. The slice aliases the input.
func (c *Cursor) Rest() []byte { return c.data[c.off:] }

// Bytes consumes n bytes. The slice aliases the input; nil after an error.
func (c *Cursor) Bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > len(c.data)-c.off {
		c.err = &ShortError{Offset: c.off, Need: n, Have: len(c.data) - c.off}
		return nil
	}
	b := c.data[c.off : c.off+n : c.off+n]
	c.off += n
	return b
}

// Skip consumes n bytes.
func (c *Cursor) Skip(n int) { c.Bytes(n) }

// U8 consumes one byte.
func (c *Cursor) U8() uint8 {
	b := c.Bytes(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// U16 consumes two bytes in the cursor's byte order.
func (c *Cursor) U16() uint16 {
	b := c.Bytes(2)
	if b == nil {
		return 0
	}
	if c.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

// U32 consumes four bytes in the cursor's byte order.
func (c *Cursor) U32() uint32 {
	b := c.Bytes(4)
	if b == nil {
		return 0
	}
	if c.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// U64 consumes eight bytes in the cursor's byte order.
func (c *Cursor) U64() uint64 {
	b := c.Bytes(8)
	if b == nil {
		return 0
	}
	if c.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// Pointer consumes size bytes, 4 or 8, as an address.
func (c *Cursor) Pointer(size int) uint64 {
	if size == 4 {
		return uint64(c.U32())
	}
	return c.U64()
}

// UTF16 consumes a NUL-terminated UTF-16LE string. A string that ends with
// the slice instead of a NUL is taken as it is: event payloads do that.
func (c *Cursor) UTF16() string {
	if c.err != nil {
		return ""
	}
	rest := c.data[c.off:]
	for i := 0; i+1 < len(rest); i += 2 {
		if rest[i] == 0 && rest[i+1] == 0 {
			c.off += i + 2
			return DecodeUTF16(rest[:i])
		}
	}
	c.off = len(c.data)
	return DecodeUTF16(rest)
}

// ASCII consumes a NUL-terminated byte string, or all that is left.
func (c *Cursor) ASCII() string {
	if c.err != nil {
		return ""
	}
	rest := c.data[c.off:]
	for i, b := range rest {
		if b == 0 {
			c.off += i + 1
			return string(rest[:i])
		}
	}
	c.off = len(c.data)
	return string(rest)
}

// DecodeUTF16 turns UTF-16LE bytes into a string. An odd last byte is dropped,
// a lone surrogate becomes U+FFFD.
func DecodeUTF16(b []byte) string {
	ascii := true
	for i := 0; i+1 < len(b); i += 2 {
		if b[i+1] != 0 || b[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii {
		s := make([]byte, len(b)/2)
		for i := range s {
			s[i] = b[2*i]
		}
		return string(s)
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}
