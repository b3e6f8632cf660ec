// Package camellia is the block cipher Camellia (RFC 3713), which old sessions of TLS use and the standard library has not.
//
// It reads what was recorded and guards no secret of this machine: its time depends on the key.
package camellia

import (
	"crypto/cipher"
	"encoding/binary"
	"math/bits"
	"strconv"
)

// BlockSize is the size of a block in bytes.
const BlockSize = 16

// KeySizeError is the length of a key that is not 16, 24 or 32 bytes.
type KeySizeError int

func (k KeySizeError) Error() string {
	return "camellia: invalid key size " + strconv.Itoa(int(k))
}

// A schedule is the subkeys in the order in which one direction takes them (RFC 3713, 2.3.1).
type schedule struct {
	rounds []uint64 // 18 or 24
	layers []uint64 // of FL and its inverse, between each six rounds
	white  [4]uint64
}

type block struct{ enc, dec schedule }

// New returns the cipher with a key of 16, 24 or 32 bytes.
func New(key []byte) (cipher.Block, error) {
	var kl, kr pair
	switch len(key) {
	case 16:
	case 24:
		kr.hi = binary.BigEndian.Uint64(key[16:])
		kr.lo = ^kr.hi
	case 32:
		kr = pair{binary.BigEndian.Uint64(key[16:]), binary.BigEndian.Uint64(key[24:])}
	default:
		return nil, KeySizeError(len(key))
	}
	kl = pair{binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])}
	enc := expand(kl, kr, len(key) == 16)
	return &block{enc, enc.reversed()}, nil
}

// A pair is 128 bits.
type pair struct{ hi, lo uint64 }

func (p pair) left(n int) pair {
	if n >= 64 {
		p, n = pair{p.lo, p.hi}, n-64
	}
	return pair{p.hi<<n | p.lo>>(64-n), p.lo<<n | p.hi>>(64-n)}
}

func (p pair) xor(q pair) pair { return pair{p.hi ^ q.hi, p.lo ^ q.lo} }

// sigma are the constants of the key schedule.
var sigma = [6]uint64{0xa09e667f3bcc908b, 0xb67ae8584caa73b2, 0xc6ef372fe94f82be, 0x54ff53a5f1d36f1c, 0x10e527fade682d1d, 0xb05688c2b3e6c1fd}

// expand makes the subkeys (RFC 3713, 2.2).
func expand(kl, kr pair, short bool) (s schedule) {
	two := func(p pair, i int) pair {
		p.lo ^= f(p.hi, sigma[i])
		p.hi ^= f(p.lo, sigma[i+1])
		return p
	}
	ka := two(two(kl.xor(kr), 0).xor(kl), 2)
	kb := two(ka.xor(kr), 4)
	rounds := func(p pair, n int) { p = p.left(n); s.rounds = append(s.rounds, p.hi, p.lo) }
	layer := func(p pair, n int) { p = p.left(n); s.layers = append(s.layers, p.hi, p.lo) }
	if short {
		rounds(ka, 0)
		rounds(kl, 15)
		rounds(ka, 15)
		layer(ka, 30)
		rounds(kl, 45)
		s.rounds = append(s.rounds, ka.left(45).hi, kl.left(60).lo)
		rounds(ka, 60)
		layer(kl, 77)
		rounds(kl, 94)
		rounds(ka, 94)
		rounds(kl, 111)
		last := ka.left(111)
		s.white = [4]uint64{kl.hi, kl.lo, last.hi, last.lo}
		return s
	}
	rounds(kb, 0)
	rounds(kr, 15)
	rounds(ka, 15)
	layer(kr, 30)
	rounds(kb, 30)
	rounds(kl, 45)
	rounds(ka, 45)
	layer(kl, 60)
	rounds(kr, 60)
	rounds(kb, 60)
	rounds(kl, 77)
	layer(ka, 77)
	rounds(kr, 94)
	rounds(ka, 94)
	rounds(kl, 111)
	last := kb.left(111)
	s.white = [4]uint64{kl.hi, kl.lo, last.hi, last.lo}
	return s
}

// reversed are the subkeys to decrypt with.
func (s *schedule) reversed() (r schedule) {
	for i := range s.rounds {
		r.rounds = append(r.rounds, s.rounds[len(s.rounds)-1-i])
	}
	for i := range s.layers {
		r.layers = append(r.layers, s.layers[len(s.layers)-1-i])
	}
	r.white = [4]uint64{s.white[2], s.white[3], s.white[0], s.white[1]}
	return r
}

func (*block) BlockSize() int { return BlockSize }

func (b *block) Encrypt(dst, src []byte) { b.enc.crypt(dst, src) }
func (b *block) Decrypt(dst, src []byte) { b.dec.crypt(dst, src) }

func (s *schedule) crypt(dst, src []byte) {
	d1, d2 := binary.BigEndian.Uint64(src)^s.white[0], binary.BigEndian.Uint64(src[8:])^s.white[1]
	layer := 0
	for i := 0; i < len(s.rounds); i += 2 {
		if i > 0 && i%6 == 0 {
			d1, d2 = fl(d1, s.layers[layer]), inverse(d2, s.layers[layer+1])
			layer += 2
		}
		d2 ^= f(d1, s.rounds[i])
		d1 ^= f(d2, s.rounds[i+1])
	}
	binary.BigEndian.PutUint64(dst, d2^s.white[2])
	binary.BigEndian.PutUint64(dst[8:], d1^s.white[3])
}

// f is the function F: the substitutions and P, which adds each byte to those of the result that its mask has (RFC 3713, 2.4.1).
func f(in, key uint64) uint64 {
	x := in ^ key
	return uint64(s1[byte(x>>56)])*0x0101010001000001 ^
		uint64(s2[byte(x>>48)])*0x0001010101010000 ^
		uint64(s3[byte(x>>40)])*0x0100010100010100 ^
		uint64(s4[byte(x>>32)])*0x0101000100000101 ^
		uint64(s2[byte(x>>24)])*0x0001010100010101 ^
		uint64(s3[byte(x>>16)])*0x0100010101000101 ^
		uint64(s4[byte(x>>8)])*0x0101000101010001 ^
		uint64(s1[byte(x)])*0x0101010001010100
}

// fl and inverse are FL and its inverse (RFC 3713, 2.4.2 and 2.4.3).
func fl(x, key uint64) uint64 {
	x1, x2 := uint32(x>>32), uint32(x)
	x2 ^= bits.RotateLeft32(x1&uint32(key>>32), 1)
	x1 ^= x2 | uint32(key)
	return uint64(x1)<<32 | uint64(x2)
}

func inverse(y, key uint64) uint64 {
	y1, y2 := uint32(y>>32), uint32(y)
	y1 ^= y2 | uint32(key)
	y2 ^= bits.RotateLeft32(y1&uint32(key>>32), 1)
	return uint64(y1)<<32 | uint64(y2)
}

// s2, s3 and s4 follow from the first substitution.
var s2, s3, s4 [256]byte

func init() {
	for i, v := range s1 {
		s2[i], s3[i] = bits.RotateLeft8(v, 1), bits.RotateLeft8(v, 7)
		s4[i] = s1[bits.RotateLeft8(byte(i), 1)]
	}
}

// s1 is the substitution SBOX1.
var s1 = [256]byte{
	112, 130, 44, 236, 179, 39, 192, 229, 228, 133, 87, 53, 234, 12, 174, 65,
	35, 239, 107, 147, 69, 25, 165, 33, 237, 14, 79, 78, 29, 101, 146, 189,
	134, 184, 175, 143, 124, 235, 31, 206, 62, 48, 220, 95, 94, 197, 11, 26,
	166, 225, 57, 202, 213, 71, 93, 61, 217, 1, 90, 214, 81, 86, 108, 77,
	139, 13, 154, 102, 251, 204, 176, 45, 116, 18, 43, 32, 240, 177, 132, 153,
	223, 76, 203, 194, 52, 126, 118, 5, 109, 183, 169, 49, 209, 23, 4, 215,
	20, 88, 58, 97, 222, 27, 17, 28, 50, 15, 156, 22, 83, 24, 242, 34,
	254, 68, 207, 178, 195, 181, 122, 145, 36, 8, 232, 168, 96, 252, 105, 80,
	170, 208, 160, 125, 161, 137, 98, 151, 84, 91, 30, 149, 224, 255, 100, 210,
	16, 196, 0, 72, 163, 247, 117, 219, 138, 3, 230, 218, 9, 63, 221, 148,
	135, 92, 131, 2, 205, 74, 144, 51, 115, 103, 246, 243, 157, 127, 191, 226,
	82, 155, 216, 38, 200, 55, 198, 59, 129, 150, 111, 75, 19, 190, 99, 46,
	233, 121, 167, 140, 159, 110, 188, 142, 41, 245, 249, 182, 47, 253, 180, 89,
	120, 152, 6, 106, 231, 70, 113, 186, 212, 37, 171, 66, 136, 162, 141, 250,
	114, 7, 185, 85, 248, 238, 172, 10, 54, 73, 42, 104, 60, 56, 241, 164,
	64, 40, 211, 123, 187, 201, 67, 193, 21, 227, 173, 244, 119, 199, 128, 158,
}
