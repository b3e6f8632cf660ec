// Package chachapoly opens what ChaCha20-Poly1305 (RFC 8439) sealed. Where the processor has the instructions of AVX-512 it works on sixteen blocks of
// ChaCha20 and eight of Poly1305 beside one another; elsewhere, and for what is short, it is golang.org/x/crypto/chacha20poly1305.
//
// It reads what was recorded and guards no secret of this machine.
package chachapoly

import (
	"crypto/cipher"

	"golang.org/x/crypto/chacha20poly1305"
)

// New is the cipher with a key of 32 bytes.
func New(key []byte) (cipher.AEAD, error) {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	return native(a, key), nil
}
