package chachapoly

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/sys/cpu"
)

const (
	tagLen   = 16
	blockLen = 64
	// stride is what is decrypted at once, in bytes.
	stride = 16 * blockLen
)

var errOpen = errors.New("chachapoly: message authentication failed")

// opener opens long messages.
type opener struct {
	cipher.AEAD
	key [8]uint32
}

// native is the cipher for this processor.
func native(a cipher.AEAD, key []byte) cipher.AEAD {
	if !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512IFMA {
		return a
	}
	o := &opener{AEAD: a}
	for i := range o.key {
		o.key[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	return o
}

// Open authenticates and then decrypts (RFC 8439, 2.8). dst may begin where the sealed text does, and overlaps nothing else of it.
func (o *opener) Open(dst, nonce, sealed, additional []byte) ([]byte, error) {
	if len(sealed) < stride+tagLen || len(nonce) != chacha20poly1305.NonceSize {
		return o.AEAD.Open(dst, nonce, sealed, additional)
	}
	n := len(sealed) - tagLen
	state := [16]uint32{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}
	copy(state[4:], o.key[:])
	for i := range 3 {
		state[13+i] = binary.LittleEndian.Uint32(nonce[4*i:])
	}
	var stream [stride]byte
	xor(&stream[0], &stream[0], &state, 1)
	if tag((*[32]byte)(stream[:32]), sealed[:n], additional) != [tagLen]byte(sealed[n:]) {
		return nil, errOpen
	}
	// The first block made the key of the tag.
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	out, in := dst[at:], sealed[:n]
	first := subtle.XORBytes(out, in, stream[blockLen:])
	if whole := (n - first) / stride; whole > 0 {
		xor(&out[first], &in[first], &state, whole)
		first += whole * stride
	}
	if first < n {
		clear(stream[:])
		xor(&stream[0], &stream[0], &state, 1)
		subtle.XORBytes(out[first:], in[first:], stream[:])
	}
	return dst, nil
}

// xor encrypts or decrypts n strides from src to dst, which may be the same place, and counts them in the state.
//
//go:noescape
func xor(dst, src *byte, state *[16]uint32, n int)
