package secrets

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto/tls"
)

// useless are what a file holds that opens nothing, and why.
type useless []string

func (u *useless) add(text string) {
	if len(*u) < 4 {
		*u = append(*u, text)
	}
}

// maxBlocks bounds the blocks of a file of PEM.
const maxBlocks = 4096

// pem takes the blocks of a file, whatever stands between them: certificates beside a key, and the attributes that tools write before it.
func (s *Store) pem(b []byte, name string) error {
	rest := b
	for range maxBlocks {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if err := s.block(block, name); err != nil {
			line := 1 + bytes.Count(b[:len(b)-len(rest)], []byte("\n")) - bytes.Count(pem.EncodeToMemory(block), []byte("\n"))
			return &Error{name, max(1, line), err.Error()}
		}
	}
	return nil
}

// block takes a block of PEM.
func (s *Store) block(block *pem.Block, name string) error {
	der := block.Bytes
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		s.useless.add("a certificate: the private key of the server is needed")
		return nil
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "PUBLIC KEY", "RSA PUBLIC KEY":
		s.useless.add("a public key: the private key of the server is needed")
		return nil
	case "EC PRIVATE KEY", "EC PARAMETERS":
		s.useless.add(noEC)
		return nil
	case "PKCS12":
		return s.container(der, name)
	case "ENCRYPTED PRIVATE KEY":
		return s.sealed(der, name)
	case "RSA PRIVATE KEY", "PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return s.unlock(name, func(password string) error {
				//lint:ignore SA1019 the form that OpenSSL wrote for twenty years; what is weak about it does not matter to whoever has the password
				der, err := x509.DecryptPEMBlock(block, []byte(password))
				if err != nil {
					return err
				}
				return s.plain(der, name)
			})
		}
		return s.plain(der, name)
	}
	s.useless.add("a block of PEM that is no private key")
	return nil
}

const (
	noEC  = "a key for elliptic curves: sessions of a server that has one are decrypted with a key log only"
	noKey = "neither a private key in PKCS#1, PKCS#8 or PKCS#12, nor a certificate"
)

// isDER reports whether a file begins with a sequence of ASN.1 that begins with a sequence or a number, as private keys and containers do.
func isDER(b []byte) bool {
	if len(b) < 8 || b[0] != 0x30 {
		return false
	}
	if b[1] < 0x80 { // no text: the length fits, and so does that of what lies in it
		return len(b) == 2+int(b[1]) && b[3] < ' ' && (b[2] == 0x30 || b[2] == 0x02)
	}
	n := int(b[1] & 0x7f)
	return n <= 4 && (b[2+n] == 0x30 || b[2+n] == 0x02)
}

// der takes a file of DER.
func (s *Store) der(b []byte, name string) error {
	err := s.value(b, name)
	if err != nil {
		return &Error{name, -1, err.Error()}
	}
	return nil
}

// value takes a private key in the open or encrypted, or a container of keys.
func (s *Store) value(b []byte, name string) error {
	switch {
	case s.plain(b, name) == nil:
		return nil
	case isEncrypted(b):
		return s.sealed(b, name)
	case isPFX(b):
		return s.container(b, name)
	}
	if _, err := x509.ParseCertificate(b); err == nil {
		s.useless.add("a certificate: the private key of the server is needed")
		return nil
	}
	return errors.New(noKey)
}

// plain takes a private key that is not encrypted (RFC 8017, A.1.2; RFC 5958).
func (s *Store) plain(der []byte, name string) error {
	if k, err := tlsrecord.ParsePKCS1(der); err == nil {
		s.private(k, der, name)
		return nil
	}
	var info struct {
		Version   int
		Algorithm struct {
			OID    asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Key   []byte
		Rest  asn1.RawValue `asn1:"optional"`
		Rest1 asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &info); err == nil && len(info.Algorithm.OID) > 0 {
		if k, err := tlsrecord.ParsePKCS1(info.Key); err == nil {
			s.private(k, info.Key, name)
			return nil
		}
		s.useless.add(noEC)
		return nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil && k != nil {
		s.useless.add(noEC)
		return nil
	}
	return errors.New(noKey)
}

// private adds a private key under its modulus.
func (s *Store) private(k *tlsrecord.PrivateKey, der []byte, name string) {
	modulus := k.N.Bytes()
	print := sha256.Sum256(modulus)
	s.add(tls.SecretPrivateKey, modulus, der, place{text: fmt.Sprintf("private key %s (RSA of %d bits, modulus SHA-256 %x)", filepath.Base(name), k.N.BitLen(), print[:8])})
}

// parsed takes a key that a library has read.
func (s *Store) parsed(key any, name string) error {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return s.plain(x509.MarshalPKCS1PrivateKey(k), name)
	case *ecdsa.PrivateKey, *ecdh.PrivateKey, ed25519.PrivateKey:
		s.useless.add(noEC)
		return nil
	}
	return errors.New(noKey)
}

// container takes a file of PKCS#12 (RFC 7292).
func (s *Store) container(b []byte, name string) error {
	if why := costly(b); why != "" {
		return errors.New(why)
	}
	return s.unlock(name, func(password string) error {
		key, _, _, err := pkcs12.DecodeChain(b, password)
		if err != nil {
			return err
		}
		return s.parsed(key, name)
	})
}

// maxAsked is how often a password is asked for.
const maxAsked = 3

// unlock tries passwords on something encrypted: the empty one, those that were given, those that are asked for.
func (s *Store) unlock(name string, try func(password string) error) error {
	given := append([]string{""}, s.Passwords...)
	var last error
	for _, p := range given {
		if last = try(p); last == nil {
			return nil
		}
	}
	for i := 0; s.Ask != nil && i < maxAsked; i++ {
		p, ok := s.Ask(name, i > 0)
		if !ok {
			break
		}
		if last = try(p); last == nil {
			return nil
		}
	}
	switch why := last.Error(); {
	case strings.Contains(why, "not implemented"), strings.Contains(why, "unknown"), strings.Contains(why, "unsupported"):
		return fmt.Errorf("cannot be opened: %s", why) // nothing of the password is in it
	}
	if len(s.Passwords) == 0 && s.Ask == nil {
		return errors.New("it is encrypted: a password is needed")
	}
	return errors.New("it is encrypted, and no password that was given opens it")
}
