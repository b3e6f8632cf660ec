package certificate

import (
	"math/bits"
	"strings"

	"github.com/wiretale/wiretale/internal/ber"
)

// signatures are the algorithms that certificates are signed with, by the names of their standards (RFC 4055, 5758, 8410).
var signatures = map[string]string{
	"1.2.840.113549.1.1.2": "md2WithRSAEncryption", "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
	"1.3.14.3.2.29": "sha1WithRSASignature", "1.2.840.113549.1.1.14": "sha224WithRSAEncryption", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
	"1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption", "1.2.840.113549.1.1.10": "RSASSA-PSS",
	"1.2.840.10040.4.3": "dsa-with-sha1", "2.16.840.1.101.3.4.3.2": "dsa-with-sha256", "1.2.840.10045.4.1": "ecdsa-with-SHA1",
	"1.2.840.10045.4.3.1": "ecdsa-with-SHA224", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384", "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
	"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44", "2.16.840.1.101.3.4.3.18": "ML-DSA-65", "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

// keys are the kinds of keys.
var keys = map[string]string{
	"1.2.840.113549.1.1.1": "RSA", "1.2.840.113549.1.1.10": "RSA", "1.2.840.10040.4.1": "DSA", "1.2.840.10045.2.1": "EC", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448",
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44", "2.16.840.1.101.3.4.3.18": "ML-DSA-65", "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

// curves are the sizes in bits of those that keys name (RFC 5480, 2.1.1.1).
var curves = map[string]int{"1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.2.840.10045.3.1.7": 256, "1.3.132.0.10": 256, "1.3.132.0.34": 384, "1.3.132.0.35": 521}

// sizes are those of kinds that have one.
var sizes = map[string]int{"Ed25519": 256, "Ed448": 456}

// algorithmOf is the number of an AlgorithmIdentifier (RFC 5280, 4.1.1.2).
func algorithmOf(b []byte, e *ber.Element) string {
	id, ok := ber.Next(b, e.Body, e.End)
	if !ok || e.Tag != ber.SequenceTag {
		return ""
	}
	return oid(b[id.Body:id.End])
}

// key reads SubjectPublicKeyInfo (RFC 5280, 4.1).
func (c *Certificate) key(b []byte, e *ber.Element) {
	algorithm, ok := ber.Next(b, e.Body, e.End)
	if !ok {
		return
	}
	c.Key = nameOf(keys, algorithmOf(b, &algorithm))
	c.Bits = sizes[c.Key]
	switch c.Key {
	case "EC":
		id, _ := ber.Next(b, algorithm.Body, algorithm.End)
		if curve, ok := ber.Next(b, id.End, algorithm.End); ok {
			c.Bits = curves[oid(b[curve.Body:curve.End])]
		}
	case "RSA":
		key, ok := ber.Next(b, algorithm.End, e.End) // a bit string: the first byte counts unused bits
		if !ok {
			return
		}
		pair, ok := ber.Next(b, key.Body+1, key.End)
		if !ok {
			return
		}
		if modulus, ok := ber.Next(b, pair.Body, pair.End); ok && !modulus.Cut() {
			c.Bits = bitLen(b[modulus.Body:modulus.End])
		}
	}
}

// bitLen is the length of a number, most significant byte first.
func bitLen(b []byte) int {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	return 8*(len(b)-1) + bits.Len8(b[0])
}

// Weak says what of the certificate clients refuse by themselves, "" when nothing is: a broken hash, unless it is a root, or a short key.
func (c *Certificate) Weak() string {
	s := strings.ToLower(c.Signature)
	switch {
	case c.Key == "RSA" && c.Bits > 0 && c.Bits < 2048:
		return "an RSA key of less than 2,048 bits"
	case c.SelfIssued():
	case strings.HasPrefix(s, "md2"), strings.HasPrefix(s, "md5"):
		return "a certificate signed with MD5"
	case strings.Contains(s, "sha1"):
		return "a certificate signed with SHA-1"
	}
	return ""
}
