package tlsrecord

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rc4"

	pion "github.com/pion/dtls/v3/pkg/crypto/ccm"

	"github.com/wiretale/wiretale/internal/blockcipher/aescbc"
	"github.com/wiretale/wiretale/internal/blockcipher/aria"
	"github.com/wiretale/wiretale/internal/blockcipher/camellia"
	"github.com/wiretale/wiretale/internal/blockcipher/chachapoly"
	"github.com/wiretale/wiretale/internal/blockcipher/idea"
	"github.com/wiretale/wiretale/internal/blockcipher/rc2"
	"github.com/wiretale/wiretale/internal/blockcipher/seed"
)

// A bulk is a cipher with its mode. Lengths are in bytes.
type bulk struct {
	mode  mode
	key   int // that the cipher takes
	part  int // of the key block, for a key that is weakened for export; 0 is all of it
	iv    int // that the key block has: in CBC before TLS 1.1 and in all suites with a tag
	block func(key []byte) (cipher.Block, error)
	chain func(key, iv []byte) (aescbc.Decrypter, error) // in CBC, where that is faster than block by block; else nil
}

// ciphers are those that can be opened, by their names in suites.
var ciphers = map[string]*bulk{
	"NULL":    {mode: stream},
	"RC4_128": {mode: stream, key: 16}, "RC4_40": {mode: stream, key: 16, part: 5}, "RC4_56": {mode: stream, key: 16, part: 7},
	"DES_CBC": {mode: cbc, key: 8, iv: 8, block: des.NewCipher}, "DES40_CBC": {mode: cbc, key: 8, part: 5, iv: 8, block: des.NewCipher},
	"3DES_EDE_CBC": {mode: cbc, key: 24, iv: 8, block: des.NewTripleDESCipher},
	"RC2_CBC_40":   {mode: cbc, key: 16, part: 5, iv: 8, block: rc2.New}, "RC2_CBC_56": {mode: cbc, key: 16, part: 7, iv: 8, block: rc2.New},
	"IDEA_CBC": {mode: cbc, key: 16, iv: 8, block: idea.New},
	"SEED_CBC": {mode: cbc, key: 16, iv: 16, block: seed.New},

	"AES_128_CBC": {mode: cbc, key: 16, iv: 16, block: aes.NewCipher, chain: aescbc.NewDecrypter}, "AES_256_CBC": {mode: cbc, key: 32, iv: 16, block: aes.NewCipher, chain: aescbc.NewDecrypter},
	"CAMELLIA_128_CBC": {mode: cbc, key: 16, iv: 16, block: camellia.New}, "CAMELLIA_256_CBC": {mode: cbc, key: 32, iv: 16, block: camellia.New},
	"ARIA_128_CBC": {mode: cbc, key: 16, iv: 16, block: aria.New}, "ARIA_256_CBC": {mode: cbc, key: 32, iv: 16, block: aria.New},

	"AES_128_GCM": {mode: gcm, key: 16, iv: 4, block: aes.NewCipher}, "AES_256_GCM": {mode: gcm, key: 32, iv: 4, block: aes.NewCipher},
	"CAMELLIA_128_GCM": {mode: gcm, key: 16, iv: 4, block: camellia.New}, "CAMELLIA_256_GCM": {mode: gcm, key: 32, iv: 4, block: camellia.New},
	"ARIA_128_GCM": {mode: gcm, key: 16, iv: 4, block: aria.New}, "ARIA_256_GCM": {mode: gcm, key: 32, iv: 4, block: aria.New},

	"AES_128_CCM": {mode: ccm, key: 16, iv: 4, block: aes.NewCipher}, "AES_256_CCM": {mode: ccm, key: 32, iv: 4, block: aes.NewCipher},
	"CHACHA20_POLY1305": {mode: chacha, key: 32, iv: nonceLen},
}

// nonceLen is the length of the nonce of all suites with a tag, in bytes.
const nonceLen = 12

// material is how much of the key block one key takes.
func (b *bulk) material() int {
	if b.part > 0 {
		return b.part
	}
	return b.key
}

// aead is the cipher of a suite with a tag.
func (s *Suite) aead(key []byte) (cipher.AEAD, error) {
	if s.cipher.mode == chacha {
		return chachapoly.New(key)
	}
	block, err := s.cipher.block(key)
	if err != nil {
		return nil, err
	}
	if s.cipher.mode == ccm {
		return pion.NewCCM(block, s.tag, nonceLen)
	}
	return cipher.NewGCM(block)
}

// chained decrypts blocks that were chained, from zeros on until an IV is set.
func (s *Suite) chained(key []byte) (aescbc.Decrypter, error) {
	if s.cipher.chain != nil {
		return s.cipher.chain(key, make([]byte, aes.BlockSize))
	}
	block, err := s.cipher.block(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewCBCDecrypter(block, make([]byte, block.BlockSize())).(aescbc.Decrypter), nil
}

// rc4Of is the stream of a key, nil for no encryption.
func (s *Suite) rc4Of(key []byte) (*rc4.Cipher, error) {
	if s.cipher.key == 0 {
		return nil, nil
	}
	return rc4.NewCipher(key)
}
