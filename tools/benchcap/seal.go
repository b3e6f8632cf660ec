package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// A sealer writes the records of one side, with AES in GCM or CBC, or with ChaCha20-Poly1305.
type sealer struct {
	version uint16
	aead    cipher.AEAD
	iv      []byte
	block   cipher.Block
	mac     hash.Hash
	seq     uint64
}

func newSealer(version uint16, a *agreement, k tlsrecord.Keys) *sealer {
	s := &sealer{version: version, iv: k.IV}
	var err error
	switch name := a.suite.Name; {
	case strings.Contains(name, "CHACHA20"):
		s.aead, err = chacha20poly1305.New(k.Key)
	case strings.Contains(name, "AES") && strings.Contains(name, "GCM"):
		if s.block, err = aes.NewCipher(k.Key); err == nil {
			s.aead, err = cipher.NewGCM(s.block)
		}
	case strings.Contains(name, "AES") && strings.Contains(name, "CBC"):
		h := sha1.New
		if strings.HasSuffix(name, "SHA256") {
			h = sha256.New
		}
		s.mac = hmac.New(h, k.MAC)
		s.block, err = aes.NewCipher(k.Key)
	default:
		panic("benchcap: no record of " + name + " is written here")
	}
	if err != nil {
		panic(err)
	}
	return s
}

// records seals content in records of 16 KiB.
func (s *sealer) records(t *traffic, kind byte, content []byte) (out []byte) {
	for len(content) > 0 {
		n := min(recordLen, len(content))
		out = s.record(out, t, kind, content[:n])
		content = content[n:]
		s.seq++
	}
	return out
}

// record appends one record (RFC 5246, 6.2.3; RFC 8446, 5.2; RFC 7905, 2).
func (s *sealer) record(out []byte, t *traffic, kind byte, text []byte) []byte {
	head := binary.BigEndian.AppendUint64(nil, s.seq)
	head = append(head, kind, 3, 3)
	head = binary.BigEndian.AppendUint16(head, uint16(len(text)))
	if s.mac != nil {
		s.mac.Reset()
		s.mac.Write(head)
		s.mac.Write(text)
		b := s.mac.Sum(append(t.bits(aes.BlockSize), text...))
		pad := aes.BlockSize - len(b)%aes.BlockSize
		for range pad {
			b = append(b, byte(pad-1))
		}
		cipher.NewCBCEncrypter(s.block, b[:aes.BlockSize]).CryptBlocks(b[aes.BlockSize:], b[aes.BlockSize:])
		return append(append(out, kind, 3, 3), vector(2, b)...)
	}
	nonce := make([]byte, s.aead.NonceSize())
	copy(nonce, s.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^s.seq)
	var explicit []byte
	switch {
	case s.version == tlsrecord.TLS13:
		text, kind = append(append([]byte(nil), text...), kind), applicationData
		head = binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(len(text)+s.aead.Overhead()))
	case len(s.iv) < len(nonce):
		explicit = nonce[len(s.iv):]
	}
	b := s.aead.Seal(append([]byte(nil), explicit...), nonce, text, head)
	return append(append(out, kind, 3, 3), vector(2, b)...)
}
