// Package idea is the block cipher IDEA (Lai, On the Design and Security of Block Ciphers, 1992), which one suite of TLS has (RFC 5469) and the standard library has not.
//
// It reads what was recorded and guards no secret of this machine: its time depends on the key.
package idea

import (
	"crypto/cipher"
	"encoding/binary"
	"strconv"
)

// BlockSize and KeySize are in bytes.
const (
	BlockSize = 8
	KeySize   = 16
)

// KeySizeError is the length of a key that is not 16 bytes.
type KeySizeError int

func (k KeySizeError) Error() string { return "idea: invalid key size " + strconv.Itoa(int(k)) }

const (
	rounds = 8
	keys   = 6*rounds + 4
)

type block struct{ enc, dec [keys]uint16 }

// New returns the cipher with a key of 16 bytes.
func New(key []byte) (cipher.Block, error) {
	if len(key) != KeySize {
		return nil, KeySizeError(len(key))
	}
	b := new(block)
	hi, lo := binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	for i := range b.enc { // eight keys are the words of the key, which is turned by 25 bits for the next eight
		if i > 0 && i%8 == 0 {
			hi, lo = hi<<25|lo>>39, lo<<25|hi>>39
		}
		word := hi
		if i%8 >= 4 {
			word = lo
		}
		b.enc[i] = uint16(word >> (48 - 16*(i%4)))
	}
	for r := range rounds + 1 {
		from, to := b.enc[6*(rounds-r):], b.dec[6*r:]
		second, third := 2, 1 // the middle words are swapped but at both ends
		if r == 0 || r == rounds {
			second, third = 1, 2
		}
		to[0], to[1], to[2], to[3] = inverse(from[0]), -from[second], -from[third], inverse(from[3])
		if r < rounds {
			before := b.enc[6*(rounds-r-1):]
			to[4], to[5] = before[4], before[5]
		}
	}
	return b, nil
}

func (*block) BlockSize() int { return BlockSize }

func (b *block) Encrypt(dst, src []byte) { crypt(&b.enc, dst, src) }
func (b *block) Decrypt(dst, src []byte) { crypt(&b.dec, dst, src) }

func crypt(k *[keys]uint16, dst, src []byte) {
	x1, x2 := binary.BigEndian.Uint16(src), binary.BigEndian.Uint16(src[2:])
	x3, x4 := binary.BigEndian.Uint16(src[4:]), binary.BigEndian.Uint16(src[6:])
	i := 0
	for ; i < 6*rounds; i += 6 {
		x1, x2, x3, x4 = multiply(x1, k[i]), x2+k[i+1], x3+k[i+2], multiply(x4, k[i+3])
		t := multiply(x1^x3, k[i+4])
		u := multiply(t+(x2^x4), k[i+5])
		t += u
		x1, x2, x3, x4 = x1^u, x3^u, x2^t, x4^t
	}
	binary.BigEndian.PutUint16(dst, multiply(x1, k[i]))
	binary.BigEndian.PutUint16(dst[2:], x3+k[i+1])
	binary.BigEndian.PutUint16(dst[4:], x2+k[i+2])
	binary.BigEndian.PutUint16(dst[6:], multiply(x4, k[i+3]))
}

// multiply is the product modulo 65,537, where 0 stands for 65,536.
func multiply(a, b uint16) uint16 {
	switch {
	case a == 0:
		return 1 - b
	case b == 0:
		return 1 - a
	}
	p := uint32(a) * uint32(b)
	hi, lo := uint16(p>>16), uint16(p)
	if lo < hi {
		return lo - hi + 1
	}
	return lo - hi
}

// inverse is the power of 65,535 modulo 65,537, which is 1/x.
func inverse(x uint16) uint16 {
	r := uint16(1)
	for range 65535 {
		r = multiply(r, x)
	}
	return r
}
