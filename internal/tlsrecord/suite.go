// Package tlsrecord derives the keys of SSL 3.0 and TLS 1.0 to 1.3 and opens their records.
//
// Suites are told apart by their names, as IANA has them: the name says how keys are exchanged, which cipher and which
// hash. Nothing here guards a secret of this machine: what is opened was recorded, and no care is taken of timing.
//
// Sources: RFC 6101 (SSL 3.0), RFC 2246, 4346, 5246 and 8446 (TLS 1.0 to 1.3), 5288 and 6655 (GCM, CCM), 7366 (encrypt-then-MAC),
// 7627 (extended master secret), 7905 (ChaCha20-Poly1305), 6066 (truncated HMAC).
package tlsrecord

import (
	"crypto"
	_ "crypto/md5" // the hashes of suites
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"strings"
)

// Versions as they are on the wire.
const (
	SSL30 = 0x0300
	TLS10 = 0x0301
	TLS11 = 0x0302
	TLS12 = 0x0303
	TLS13 = 0x0304
)

// A mode is how a cipher protects a record.
type mode uint8

const (
	stream mode = iota // or none at all
	cbc
	gcm
	ccm
	chacha
)

// A Suite is a cipher suite taken apart.
type Suite struct {
	Name     string
	Exchange string // "RSA", "ECDHE_RSA"; "" in the suites of TLS 1.3
	Export   bool   // keys were weakened for export

	cipher *bulk
	tag    int         // bytes at the end of a record, of the modes that have a tag
	mac    crypto.Hash // of stream ciphers and CBC; 0 of the others
	prf    crypto.Hash // of TLS 1.2 and 1.3
}

// SuiteOf takes the name of a suite apart; not ok for one that this package cannot open.
func SuiteOf(name string) (s Suite, ok bool) {
	s = Suite{Name: name, tag: 16, prf: crypto.SHA256}
	rest, found := strings.CutPrefix(name, "TLS_")
	if exchange, cipher, with := strings.Cut(rest, "_WITH_"); with {
		s.Exchange, rest = exchange, cipher
		for _, mark := range []string{"_EXPORT1024", "_EXPORT"} {
			if exchange, s.Export = strings.CutSuffix(s.Exchange, mark); s.Export {
				s.Exchange = exchange
				break
			}
		}
	} else if !found {
		return s, false
	}
	for _, h := range []struct {
		suffix string
		hash   crypto.Hash
	}{{"_SHA384", crypto.SHA384}, {"_SHA256", crypto.SHA256}, {"_SHA", crypto.SHA1}, {"_MD5", crypto.MD5}} {
		if cut, has := strings.CutSuffix(rest, h.suffix); has {
			rest, s.mac = cut, h.hash
			break
		}
	}
	if s.mac == crypto.SHA384 {
		s.prf = crypto.SHA384
	}
	if cut, short := strings.CutSuffix(rest, "_CCM_8"); short {
		rest, s.tag = cut+"_CCM", 8
	}
	s.cipher = ciphers[rest]
	if s.cipher == nil {
		return s, false
	}
	if s.cipher.mode >= gcm {
		s.mac = 0
	} else if s.mac == 0 {
		return s, false
	}
	return s, true
}

// PrivateKey reports whether the private key of the server's certificate opens sessions of the suite: RSA encrypts the premaster secret for it.
func (s *Suite) PrivateKey() bool { return s.Exchange == "RSA" || s.Exchange == "RSA_FIPS" }

// PreShared reports whether a key that both sides had before has a part in the exchange.
func (s *Suite) PreShared() bool { return strings.HasSuffix(s.Exchange, "PSK") }

// Stream reports whether one stream of keys runs over all records: a byte that is missing ends it.
func (s *Suite) Stream() bool { return s.cipher.mode == stream && s.cipher.key > 0 }

// HashLen is the length of the secrets of TLS 1.3 in bytes.
func (s *Suite) HashLen() int { return s.prf.Size() }

// macLen is the length of the key of the MAC.
func (s *Suite) macLen() int {
	if s.mac == 0 {
		return 0
	}
	return s.mac.Size()
}
