package aescbc

import (
	"crypto/aes"
	"encoding/binary"

	"golang.org/x/sys/cpu"
)

// maxRounds is that of a key of 32 bytes (FIPS 197, 5).
const maxRounds = 14

type decrypter struct {
	keys   [maxRounds + 1][aes.BlockSize]byte // of the equivalent inverse cipher, in its order (FIPS 197, 5.3.5)
	rounds int
	iv     [aes.BlockSize]byte
}

// native is the decrypter of this processor, nil when it has none.
func native(key, iv []byte) Decrypter {
	if !cpu.X86.HasAES {
		return nil
	}
	d := &decrypter{rounds: len(key)/4 + 6}
	d.expand(key)
	d.SetIV(iv)
	return d
}

// expand makes the keys of the rounds (FIPS 197, 5.2).
func (d *decrypter) expand(key []byte) {
	var w [4 * (maxRounds + 1)]uint32
	n := len(key) / 4
	for i := range n {
		w[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	constant := uint32(1)
	for i := n; i < 4*(d.rounds+1); i++ {
		t := w[i-1]
		switch {
		case i%n == 0:
			t = substitute(t>>8|t<<24) ^ constant
			if constant <<= 1; constant == 0x100 {
				constant = 0x1b
			}
		case n > 6 && i%n == 4:
			t = substitute(t)
		}
		w[i] = w[i-n] ^ t
	}
	for r := range d.rounds + 1 {
		k := &d.keys[d.rounds-r]
		for i := range 4 {
			binary.LittleEndian.PutUint32(k[4*i:], w[4*r+i])
		}
		if r > 0 && r < d.rounds {
			invert(k)
		}
	}
}

func (d *decrypter) BlockSize() int { return aes.BlockSize }

// SetIV is what the next block was chained to.
func (d *decrypter) SetIV(iv []byte) {
	if len(iv) != aes.BlockSize {
		panic("aescbc: the IV is no block")
	}
	copy(d.iv[:], iv)
}

// CryptBlocks decrypts whole blocks. The last one is what those of the next call were chained to.
func (d *decrypter) CryptBlocks(dst, src []byte) {
	if len(src)%aes.BlockSize != 0 || len(dst) < len(src) {
		panic("aescbc: no whole blocks, or no room for them")
	}
	if len(src) > 0 {
		decrypt(&d.keys[0], d.rounds, &dst[0], &src[0], len(src)/aes.BlockSize, &d.iv)
	}
}

// substitute is SubWord (FIPS 197, 5.1.1).
//
//go:noescape
func substitute(w uint32) uint32

// invert is InvMixColumns on the key of a round.
//
//go:noescape
func invert(key *[aes.BlockSize]byte)

// decrypt decrypts n blocks from src to dst, which may be the same place, and leaves the last of src in iv.
//
//go:noescape
func decrypt(keys *[aes.BlockSize]byte, rounds int, dst, src *byte, n int, iv *[aes.BlockSize]byte)
