// Package seed is the block cipher SEED (RFC 4269), which suites of TLS have (RFC 4162) and the standard library has not.
//
// It reads what was recorded and guards no secret of this machine: its time depends on the key.
package seed

import (
	"crypto/cipher"
	"encoding/binary"
	"math/bits"
	"strconv"
	"sync"

	"github.com/wiretale/wiretale/internal/blockcipher"
)

// BlockSize and KeySize are in bytes.
const (
	BlockSize = 16
	KeySize   = 16
)

// KeySizeError is the length of a key that is not 16 bytes.
type KeySizeError int

func (k KeySizeError) Error() string { return "seed: invalid key size " + strconv.Itoa(int(k)) }

const rounds = 16

type block [rounds][2]uint32

// New returns the cipher with a key of 16 bytes (RFC 4269, 2.3).
func New(key []byte) (cipher.Block, error) {
	tables()
	if len(key) != KeySize {
		return nil, KeySizeError(len(key))
	}
	ab, cd := binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	b := new(block)
	const golden = 0x9e3779b9
	for i := range b {
		kc := bits.RotateLeft32(golden, i)
		b[i] = [2]uint32{g(uint32(ab>>32) + uint32(cd>>32) - kc), g(uint32(ab) - uint32(cd) + kc)}
		if i&1 == 0 {
			ab = bits.RotateLeft64(ab, -8)
		} else {
			cd = bits.RotateLeft64(cd, 8)
		}
	}
	return b, nil
}

func (*block) BlockSize() int { return BlockSize }

func (b *block) Encrypt(dst, src []byte) { b.crypt(dst, src, 0, 1) }
func (b *block) Decrypt(dst, src []byte) { b.crypt(dst, src, rounds-1, -1) }

func (b *block) crypt(dst, src []byte, i, step int) {
	l0, l1 := binary.BigEndian.Uint32(src), binary.BigEndian.Uint32(src[4:])
	r0, r1 := binary.BigEndian.Uint32(src[8:]), binary.BigEndian.Uint32(src[12:])
	for range rounds {
		f0, f1 := f(r0, r1, &b[i])
		l0, l1, r0, r1 = r0, r1, l0^f0, l1^f1
		i += step
	}
	binary.BigEndian.PutUint32(dst, r0)
	binary.BigEndian.PutUint32(dst[4:], r1)
	binary.BigEndian.PutUint32(dst[8:], l0)
	binary.BigEndian.PutUint32(dst[12:], l1)
}

// f is the function F of a round (RFC 4269, 2.1).
func f(c, d uint32, key *[2]uint32) (uint32, uint32) {
	c ^= key[0]
	d = g(d ^ key[1] ^ c)
	c = g(c + d)
	d = g(c + d)
	return c + d, d
}

// g is the function G: two substitutions, and the bits of four bytes mixed by masks (RFC 4269, 2.2).
func g(x uint32) uint32 {
	return uint32(s1[byte(x)])*0x01010101&0x3fcff3fc ^ uint32(s2[byte(x>>8)])*0x01010101&0xfc3fcff3 ^
		uint32(s1[byte(x>>16)])*0x01010101&0xf3fc3fcf ^ uint32(s2[byte(x>>24)])*0x01010101&0xcff3fc3f
}

// s1 and s2 are the substitutions: the inverse in the field of 256 elements, bits mixed, and a constant added.
var s1, s2 [256]byte

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
		v := blockcipher.Inverse(byte(i), 0x63) // x^8+x^6+x^5+x+1
		s1[i] = mix(v, &[8]byte{0x2c, 0xe0, 0x43, 0x94, 0xd6, 0xde, 0xc0, 0x5b}) ^ 0xa9
		s2[i] = mix(v, &[8]byte{0xd0, 0x21, 0x68, 0xdd, 0x25, 0xd5, 0x1a, 0x35}) ^ 0x38
	}
})
