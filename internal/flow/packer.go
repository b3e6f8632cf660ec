package flow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// A packer writes the whole state of a TCP conversation as bytes, or reads it
// back: one declaration serves both. Numbers come in groups of eight, first
// three bytes that say how long each of them is, then those, least byte first:
// no branch depends on a number. Times and places are relative to the first or
// the last moment, sequence numbers to the side's base.
type packer struct {
	b       []byte // written so far, or left to read
	reading bool
	n       int     // numbers that the group still takes, or has left
	lengths uint32  // of the group, three bits each, the first number's highest
	at      int     // of the group's lengths, when writing
	origin  Moment  // what moments are relative to
	start   int64   // a time near the first of all
	blocks  *pool   // for lists that are read
	trails  *trails // the same, nil when no packets follow
}

const (
	groupLen  = 8 // how many numbers share their lengths
	groupHead = 3 // bytes of the lengths
)

func (c *packer) put(v uint64) {
	if c.n == 0 {
		c.open()
	}
	c.n--
	code := min((bits.Len64(v)+7)>>3, 7)
	c.lengths = c.lengths<<3 | uint32(code)
	end := len(c.b)
	binary.LittleEndian.PutUint64(c.b[end:end+8], v) // open made room
	c.b = c.b[:end+packedLen(code)]
}

// packedLen is the length in bytes that a code of three bits stands for: 0 to 6, and 8.
func packedLen(code int) int { return code + (code+1)>>3 }

// open begins a group.
func (c *packer) open() {
	c.seal()
	c.at = len(c.b)
	c.b = slices.Grow(c.b, groupHead+groupLen*8)[:c.at+groupHead]
	c.n, c.lengths = groupLen, 0
}

// seal writes the lengths of the group, full or not.
func (c *packer) seal() {
	if len(c.b) == 0 {
		return
	}
	n := c.lengths << (3 * c.n)
	c.b[c.at], c.b[c.at+1], c.b[c.at+2] = byte(n), byte(n>>8), byte(n>>16)
}

func (c *packer) get() uint64 {
	if c.n == 0 {
		c.lengths = uint32(c.b[0]) | uint32(c.b[1])<<8 | uint32(c.b[2])<<16
		c.b, c.n = c.b[groupHead:], groupLen
	}
	c.n--
	size := packedLen(int(c.lengths >> (3 * c.n) & 7))
	var v uint64
	if len(c.b) >= 8 {
		v = binary.LittleEndian.Uint64(c.b) & (1<<(8*size) - 1)
	} else { // the last numbers of all
		for i, x := range c.b[:size] {
			v |= uint64(x) << (8 * i)
		}
	}
	c.b = c.b[size:]
	return v
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// num is any number: one that can be negative has its sign in the lowest bit, so that small ones of either sign are short.
func num[T integer](c *packer, v *T) {
	unsigned := ^T(0) > 0
	switch {
	case c.reading:
		u := c.get()
		if *v = T(u); !unsigned {
			*v = T(int64(u>>1) ^ -int64(u&1))
		}
	case unsigned:
		c.put(uint64(*v))
	default:
		n := int64(*v)
		c.put(uint64(n)<<1 ^ uint64(n>>63))
	}
}

// rel is a number near another one.
func rel(c *packer, v *uint32, to uint32) {
	d := int32(*v - to)
	num(c, &d)
	*v = to + uint32(d)
}

// alike is a number that is often the same as another, unless it is that one.
func alike[T integer](c *packer, v *T, to T, first bool) {
	if first {
		to = 0
	}
	d := *v - to
	num(c, &d)
	*v = to + d
}

// time is one near that of the origin.
func (c *packer) time(v *int64) {
	d := *v - c.origin.Time
	num(c, &d)
	*v = c.origin.Time + d
}

func (c *packer) flag(list ...*bool) {
	set := uint32(0)
	for i, v := range list {
		one := uint32(0)
		if *v {
			one = 1
		}
		set |= one << i
	}
	num(c, &set)
	if c.reading {
		for i, v := range list {
			*v = set>>i&1 != 0
		}
	}
}

// moment is one of the conversation's source.
func (c *packer) moment(m *Moment) {
	number := m.Pos.Number - c.origin.Pos.Number
	switch {
	case !m.Seen():
		number = 0
	case number >= 0:
		number++
	}
	num(c, &number)
	if number == 0 {
		*m = Moment{}
		return
	}
	if number > 0 {
		number--
	}
	d := Moment{Time: m.Time - c.origin.Time}
	offset := m.Pos.Offset - c.origin.Pos.Offset
	num(c, &d.Time)
	num(c, &offset)
	m.Pos.Source = c.origin.Pos.Source
	m.Pos.Number, m.Pos.Offset, m.Time = c.origin.Pos.Number+number, c.origin.Pos.Offset+offset, c.origin.Time+d.Time
}

func (c *packer) endpoint(e *netip.AddrPort) {
	a, port := e.Addr(), e.Port()
	v4 := a.Is4()
	c.flag(&v4)
	num(c, &port)
	b := a.As16()
	lo, hi := binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:8])
	if v4 {
		n := uint32(lo)
		num(c, &n)
		if c.reading {
			var b4 [4]byte
			binary.BigEndian.PutUint32(b4[:], n)
			a = netip.AddrFrom4(b4)
		}
	} else {
		num(c, &hi)
		num(c, &lo)
		if c.reading {
			binary.BigEndian.PutUint64(b[:8], hi)
			binary.BigEndian.PutUint64(b[8:], lo)
			a = netip.AddrFrom16(b)
		}
	}
	*e = netip.AddrPortFrom(a, port)
}
