package chachapoly

import (
	"encoding/binary"
	"math/bits"
)

// A number modulo 2^130 - 5 has limbs of 44, 44 and 42 bits, the lowest first.
type number [3]uint64

const (
	mask44 = 1<<44 - 1
	mask42 = 1<<42 - 1
	// polyLen is the length of a block.
	polyLen = 16
	// group is how much eight blocks beside one another are.
	group = 8 * polyLen
)

// A wide is a sum of products.
type wide struct{ hi, lo uint64 }

// sum3 is a sum of three products.
func sum3(a0, b0, a1, b1, a2, b2 uint64) wide {
	h0, l0 := bits.Mul64(a0, b0)
	h1, l1 := bits.Mul64(a1, b1)
	h2, l2 := bits.Mul64(a2, b2)
	lo, c := bits.Add64(l0, l1, 0)
	hi, _ := bits.Add64(h0, h1, c)
	lo, c = bits.Add64(lo, l2, 0)
	return wide{hi + h2 + c, lo}
}

// carry adds what is above the 44 bits of the limb before.
func (w wide) carry(before wide) wide {
	lo, c := bits.Add64(w.lo, before.hi<<20|before.lo>>44, 0)
	return wide{w.hi + c, lo}
}

// times is the product; its limbs may be a few bits longer than they should.
func (a number) times(b number) number {
	s1, s2 := 20*b[1], 20*b[2] // 2^132 is 20
	d0 := sum3(a[0], b[0], a[1], s2, a[2], s1)
	d1 := sum3(a[0], b[1], a[1], b[0], a[2], s2).carry(d0)
	d2 := sum3(a[0], b[2], a[1], b[1], a[2], b[0]).carry(d1)
	h0 := d0.lo&mask44 + 5*(d2.hi<<22|d2.lo>>42)
	return number{h0 & mask44, d1.lo&mask44 + h0>>44, d2.lo & mask42}
}

// plus adds a block, behind whose end a bit is set.
func (a number) plus(block []byte) number {
	lo, hi := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
	return number{a[0] + lo&mask44, a[1] + (lo>>44|hi<<20)&mask44, a[2] + (hi>>24 | 1<<40)}
}

// least is the same number, as small as it can be.
func (a number) least() number {
	for range 2 {
		a[1] += a[0] >> 44
		a[2] += a[1] >> 44
		a[0], a[1] = a[0]&mask44+5*(a[2]>>42), a[1]&mask44
		a[2] &= mask42
	}
	a[1] += a[0] >> 44
	a[0] &= mask44
	g := number{a[0] + 5, a[1], a[2]}
	g[1] += g[0] >> 44
	g[2] += g[1] >> 44
	if g[2]>>42 == 0 {
		return a
	}
	return number{g[0] & mask44, g[1] & mask44, g[2] & mask42}
}

// tag is Poly1305 over the additional bytes, the sealed text and their lengths (RFC 8439, 2.5 and 2.8).
func tag(key *[32]byte, sealed, additional []byte) (t [polyLen]byte) {
	lo, hi := binary.LittleEndian.Uint64(key[:])&0x0ffffffc0fffffff, binary.LittleEndian.Uint64(key[8:])&0x0ffffffc0ffffffc
	r := number{lo & mask44, (lo>>44 | hi<<20) & mask44, hi >> 24}
	length := len(sealed)
	h := number{}.padded(r, additional)
	if n := len(sealed) / group; n > 0 {
		h = h.groups(r, sealed[:n*group])
		sealed = sealed[n*group:]
	}
	h = h.padded(r, sealed)
	var lengths [polyLen]byte
	binary.LittleEndian.PutUint64(lengths[:], uint64(len(additional)))
	binary.LittleEndian.PutUint64(lengths[8:], uint64(length))
	h = h.plus(lengths[:]).times(r).least()

	lo, carry := bits.Add64(h[0]|h[1]<<44, binary.LittleEndian.Uint64(key[16:]), 0)
	hi, _ = bits.Add64(h[1]>>20|h[2]<<24, binary.LittleEndian.Uint64(key[24:]), carry)
	binary.LittleEndian.PutUint64(t[:], lo)
	binary.LittleEndian.PutUint64(t[8:], hi)
	return t
}

// padded takes in bytes, with zeros up to the end of a block.
func (a number) padded(r number, b []byte) number {
	for ; len(b) >= polyLen; b = b[polyLen:] {
		a = a.plus(b).times(r)
	}
	if len(b) > 0 {
		var last [polyLen]byte
		copy(last[:], b)
		a = a.plus(last[:]).times(r)
	}
	return a
}

// factors are eight numbers beside one another: their limbs, then those limbs that count again beyond 2^130, times 20.
type factors [5][8]uint64

func (f *factors) set(lane int, n number) {
	f[0][lane], f[1][lane], f[2][lane], f[3][lane], f[4][lane] = n[0], n[1], n[2], 20*n[1], 20*n[2]
}

// powers are those that the blocks of the last group are multiplied by, in the order in which they lie beside one another: 0, 4, 1, 5, ...
var powers = [8]int{8, 4, 7, 3, 6, 2, 5, 1}

// groups takes in whole groups. Each lane multiplies by r^8 and adds every eighth block.
func (a number) groups(r number, b []byte) number {
	power := [9]number{1: r}
	for i := 2; i < len(power); i++ {
		power[i] = power[i-1].times(r)
	}
	var step, last factors
	for lane, n := range powers {
		step.set(lane, power[8])
		last.set(lane, power[n])
	}
	var lanes [3][8]uint64
	for i := range lanes {
		lanes[i][0] = a[i]
	}
	sum(&lanes, &step, &last, &b[0], len(b)/group)
	for i := range a {
		a[i] = 0
		for _, v := range lanes[i] {
			a[i] += v
		}
	}
	return a.least()
}

// sum takes n groups into eight lanes, n at least 1.
//
//go:noescape
func sum(lanes *[3][8]uint64, step, last *factors, b *byte, n int)
