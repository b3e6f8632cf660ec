// Package aria is the block cipher ARIA (RFC 5794), which suites of TLS 1.2 have (RFC 6209) and the standard library has not.
//
// It reads what was recorded and guards no secret of this machine: its time depends on the key.
package aria

import (
	"crypto/cipher"
	"encoding/binary"
	"strconv"
	"sync"

	"github.com/wiretale/wiretale/internal/blockcipher"
)

// BlockSize is the size of a block in bytes.
const BlockSize = 16

// KeySizeError is the length of a key that is not 16, 24 or 32 bytes.
type KeySizeError int

func (k KeySizeError) Error() string { return "aria: invalid key size " + strconv.Itoa(int(k)) }

// A pair is 128 bits.
type pair struct{ hi, lo uint64 }

func (p pair) left(n int) pair {
	if n >= 64 {
		p, n = pair{p.lo, p.hi}, n-64
	}
	return pair{p.hi<<n | p.lo>>(64-n), p.lo<<n | p.hi>>(64-n)}
}

func (p pair) xor(q pair) pair { return pair{p.hi ^ q.hi, p.lo ^ q.lo} }

func load(b []byte) pair { return pair{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])} }

func (p pair) store(b []byte) {
	binary.BigEndian.PutUint64(b, p.hi)
	binary.BigEndian.PutUint64(b[8:], p.lo)
}

type block struct{ enc, dec []pair }

// constants of the key schedule, of which keys of 16, 24 and 32 bytes begin with the first, second and third.
var constants = [3]pair{
	{0x517cc1b727220a94, 0xfe13abe8fa9a6ee0}, {0x6db14acc9e21c820, 0xff28b1d5ef5de2b0}, {0xdb92371d2126e970, 0x0324977504e8c90e},
}

// New returns the cipher with a key of 16, 24 or 32 bytes (RFC 5794, 2.2).
func New(key []byte) (cipher.Block, error) {
	tables()
	if n := len(key); n != 16 && n != 24 && n != 32 {
		return nil, KeySizeError(n)
	}
	var long [32]byte
	copy(long[:], key)
	first, rounds := len(key)/8-2, len(key)/4+8
	var w [4]pair
	w[0] = load(long[:])
	w[1] = diffuse(substitute(w[0].xor(constants[first]), odd)).xor(load(long[16:]))
	w[2] = diffuse(substitute(w[1].xor(constants[(first+1)%3]), even)).xor(w[0])
	w[3] = diffuse(substitute(w[2].xor(constants[(first+2)%3]), odd)).xor(w[1])
	b := &block{}
	turns := [5]int{128 - 19, 128 - 31, 61, 31, 19}
	for i := range rounds + 1 {
		b.enc = append(b.enc, w[i%4].xor(w[(i+1)%4].left(turns[i/4])))
		if i%4 == 3 { // the last of four turns the first word
			b.enc[i] = w[3].xor(w[0].left(turns[i/4]))
		}
	}
	for i := range b.enc {
		k := b.enc[rounds-i]
		if i > 0 && i < rounds {
			k = diffuse(k)
		}
		b.dec = append(b.dec, k)
	}
	return b, nil
}

func (*block) BlockSize() int            { return BlockSize }
func (b *block) Encrypt(dst, src []byte) { crypt(b.enc, dst, src) }
func (b *block) Decrypt(dst, src []byte) { crypt(b.dec, dst, src) }

func crypt(keys []pair, dst, src []byte) {
	x := load(src)
	last := len(keys) - 1
	for i := range last - 1 {
		x = diffuse(substitute(x.xor(keys[i]), i&1))
	}
	substitute(x.xor(keys[last-1]), even).xor(keys[last]).store(dst)
}

// The two kinds of substitution layers: their boxes by the place of a byte (RFC 5794, 2.4.2).
const (
	odd  = 0
	even = 1
)

var layers = [2][4]*[256]byte{{&s1, &s2, &x1, &x2}, {&x1, &x2, &s1, &s2}}

func substitute(x pair, kind int) pair {
	l := &layers[kind]
	half := func(v uint64) (r uint64) {
		for i := range 8 {
			r |= uint64(l[i&3][byte(v>>(56-8*i))]) << (56 - 8*i)
		}
		return r
	}
	return pair{half(x.hi), half(x.lo)}
}

// diffuse is the function A (RFC 5794, 2.4.3): a byte is added to those of the result that its mask has. It is its own inverse.
func diffuse(x pair) (y pair) {
	for i := range 8 {
		v, w := x.hi>>(56-8*i)&0xff, x.lo>>(56-8*i)&0xff
		y.hi ^= v*masks[i].hi ^ w*masks[i+8].hi
		y.lo ^= v*masks[i].lo ^ w*masks[i+8].lo
	}
	return y
}

var masks = [16]pair{
	{0x0000000101000100, 0x0101000000010100}, {0x0000010000010001, 0x0101000001000001},
	{0x0001000001000100, 0x0000010101000001}, {0x0100000000010001, 0x0000010100010100},
	{0x0100010000010000, 0x0100000100000101}, {0x0001000101000000, 0x0001010000000101},
	{0x0100010000000001, 0x0001010001010000}, {0x0001000100000100, 0x0100000101010000},
	{0x0101000001000001, 0x0000010000010001}, {0x0101000000010100, 0x0000000101000100},
	{0x0000010100010100, 0x0100000000010001}, {0x0000010101000001, 0x0001000001000100},
	{0x0001010000000101, 0x0001000101000000}, {0x0100000100000101, 0x0100010000010000},
	{0x0100000101010000, 0x0001000100000100}, {0x0001010001010000, 0x0100010000000001},
}

// s1 and s2 are the substitutions, x1 and x2 their inverses: the inverse in the field of 256 elements, bits mixed, and a constant added.
var s1, s2, x1, x2 [256]byte

// tables fills them when the first key comes: most runs of the program have none.
var tables = sync.OnceFunc(func() {
	mix := func(v byte, columns *[8]byte) (r byte) {
		for i, c := range columns {
			if v>>i&1 != 0 {
				r ^= c
			}
		}
		return r
	}
	for i := range 256 {
		v := blockcipher.Inverse(byte(i), 0x1b) // x^8+x^4+x^3+x+1
		s1[i] = mix(v, &[8]byte{0x1f, 0x3e, 0x7c, 0xf8, 0xf1, 0xe3, 0xc7, 0x8f}) ^ 0x63
		s2[i] = mix(v, &[8]byte{0xac, 0xfd, 0xc6, 0x83, 0x26, 0xa7, 0xfb, 0x5f}) ^ 0xe2
		x1[s1[i]], x2[s2[i]] = byte(i), byte(i)
	}
})
