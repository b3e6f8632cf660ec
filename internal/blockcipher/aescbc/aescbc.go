// Package aescbc decrypts AES in cipher block chaining, which most of what TLS before 1.3 protected is in.
//
// The blocks of a message can be decrypted beside one another (NIST SP 800-38A, 6.2), and the standard library takes one after the other, which leaves
// the processor waiting for each round. Here eight are on their way at a time where the processor has instructions for AES; elsewhere it is the standard library.
package aescbc

import (
	"crypto/aes"
	"crypto/cipher"
)

// A Decrypter is a [cipher.BlockMode] that decrypts, whose IV can be set. It is not safe for concurrent use.
type Decrypter interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

// NewDecrypter decrypts with a key of 16, 24 or 32 bytes, and an IV of 16. It works in place too: dst and src may be the same bytes.
func NewDecrypter(key, iv []byte) (Decrypter, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if d := native(key, iv); d != nil {
		return d, nil
	}
	return cipher.NewCBCDecrypter(block, iv).(Decrypter), nil
}
