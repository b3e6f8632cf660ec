package smb2

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/pion/dtls/v3/pkg/crypto/ccm"
)

// A cipherSuite is how one cipher of encryption is used ([MS-SMB2] 3.1.4.3).
type cipherSuite struct {
	key   int // bytes
	nonce int // bytes that are used of the 16 of a transform header
	make  func(b cipher.Block, nonce int) (cipher.AEAD, error)
}

// tagLen is the length of the tag, which is the signature of the transform header.
const tagLen = 16

var ciphers = map[uint16]cipherSuite{
	AES128CCM: {16, 11, newCCM}, AES128GCM: {16, 12, newGCM}, AES256CCM: {32, 11, newCCM}, AES256GCM: {32, 12, newGCM},
}

// withKeyOf are the ciphers for keys of a length, the usual ones first.
func withKeyOf(length int) []uint16 {
	switch length {
	case 16:
		return []uint16{AES128GCM, AES128CCM}
	case 32:
		return []uint16{AES256GCM, AES256CCM}
	}
	return nil
}

func newCCM(b cipher.Block, nonce int) (cipher.AEAD, error) { return ccm.NewCCM(b, tagLen, nonce) }
func newGCM(b cipher.Block, _ int) (cipher.AEAD, error)     { return cipher.NewGCM(b) }

// newAEAD is a cipher with a key; nil when the key is not one for it.
func newAEAD(id uint16, key []byte) cipher.AEAD {
	suite, ok := ciphers[id]
	if !ok || len(key) != suite.key {
		return nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	aead, err := suite.make(block, suite.nonce)
	if err != nil {
		return nil
	}
	return aead
}
