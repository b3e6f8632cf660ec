package secrets

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"unicode/utf16"

	"github.com/youmark/pkcs8"

	"github.com/wiretale/wiretale/internal/blockcipher/rc2"
)

// An encrypted private key (RFC 5958, 3).
type encryptedKey struct {
	Algorithm struct {
		OID    asn1.ObjectIdentifier
		Params asn1.RawValue `asn1:"optional"`
	}
	Data []byte
}

func isEncrypted(b []byte) bool {
	var e encryptedKey
	rest, err := asn1.Unmarshal(b, &e)
	return err == nil && len(rest) == 0
}

// sealed takes an encrypted private key: PBES2 by the library, and the older schemes here.
func (s *Store) sealed(b []byte, name string) error {
	if why := costly(b); why != "" {
		return errors.New(why)
	}
	var e encryptedKey
	if _, err := asn1.Unmarshal(b, &e); err != nil {
		return errors.New("the encrypted private key is damaged")
	}
	scheme, old := schemes[e.Algorithm.OID.String()]
	return s.unlock(name, func(password string) error {
		if !old {
			key, _, err := pkcs8.ParsePrivateKey(b, []byte(password))
			if err != nil {
				return err
			}
			return s.parsed(key, name)
		}
		der, err := scheme.open(e.Algorithm.Params.FullBytes, e.Data, password)
		if err != nil {
			return err
		}
		return s.plain(der, name)
	})
}

// A scheme is an encryption of PBES1 or of PKCS#12 (RFC 8018, 6.1; RFC 7292, appendix C).
type scheme struct {
	pkcs12 bool
	key    int
	hash   func() hash.Hash
	block  func(key []byte) (cipher.Block, error) // nil for RC4
}

var schemes = map[string]scheme{
	"1.2.840.113549.1.5.3":    {hash: md5.New, key: 8, block: des.NewCipher},
	"1.2.840.113549.1.5.6":    {hash: md5.New, key: 8, block: rc2.New},
	"1.2.840.113549.1.5.10":   {hash: sha1.New, key: 8, block: des.NewCipher},
	"1.2.840.113549.1.5.11":   {hash: sha1.New, key: 8, block: rc2.New},
	"1.2.840.113549.1.12.1.1": {pkcs12: true, hash: sha1.New, key: 16},
	"1.2.840.113549.1.12.1.2": {pkcs12: true, hash: sha1.New, key: 5},
	"1.2.840.113549.1.12.1.3": {pkcs12: true, hash: sha1.New, key: 24, block: des.NewTripleDESCipher},
	"1.2.840.113549.1.12.1.4": {pkcs12: true, hash: sha1.New, key: 16, block: twoKeys},
	"1.2.840.113549.1.12.1.5": {pkcs12: true, hash: sha1.New, key: 16, block: rc2.New},
	"1.2.840.113549.1.12.1.6": {pkcs12: true, hash: sha1.New, key: 5, block: rc2.New},
}

// twoKeys is triple DES with two keys.
func twoKeys(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(key[:16:16], key[:8]...))
}

var errSealed = errors.New("the password is wrong, or the key is damaged")

func (c scheme) open(params, data []byte, password string) ([]byte, error) {
	var p struct {
		Salt       []byte
		Iterations int
	}
	if _, err := asn1.Unmarshal(params, &p); err != nil || p.Iterations < 1 {
		return nil, errSealed
	}
	var key, iv []byte
	if c.pkcs12 {
		text := bmp(password)
		key, iv = c.derive(text, p.Salt, p.Iterations, 1, c.key), c.derive(text, p.Salt, p.Iterations, 2, 8)
	} else { // PBKDF1
		sum := c.sum([]byte(password), p.Salt)
		for range p.Iterations - 1 {
			sum = c.sum(sum)
		}
		key, iv = sum[:8], sum[8:16]
	}
	text := make([]byte, len(data))
	if c.block == nil {
		stream, err := rc4.NewCipher(key)
		if err != nil {
			return nil, err
		}
		stream.XORKeyStream(text, data)
		return text, nil
	}
	block, err := c.block(key)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, errSealed
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, data)
	pad := int(text[len(text)-1])
	if pad < 1 || pad > block.BlockSize() {
		return nil, errSealed
	}
	return text[:len(text)-pad], nil
}

func (c scheme) sum(parts ...[]byte) []byte {
	h := c.hash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// bmp is a password as PKCS#12 has it: UTF-16, big-endian, with a zero behind it.
func bmp(password string) (b []byte) {
	for _, u := range append(utf16.Encode([]rune(password)), 0) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

// derive makes n bytes for a purpose (RFC 7292, B.2).
func (c scheme) derive(password, salt []byte, iterations int, purpose byte, n int) (out []byte) {
	const v = 64 // block of the hash
	fill := func(b []byte) (f []byte) {
		for len(b) > 0 && len(f) < (len(b)+v-1)/v*v {
			f = append(f, b[len(f)%len(b)])
		}
		return f
	}
	d := make([]byte, v)
	for i := range d {
		d[i] = purpose
	}
	in := append(fill(salt), fill(password)...)
	for {
		a := c.sum(d, in)
		for range iterations - 1 {
			a = c.sum(a)
		}
		if out = append(out, a...); len(out) >= n {
			return out[:n]
		}
		b := new(big.Int).SetBytes(fill(a))
		b.Add(b, big.NewInt(1))
		for at := 0; at < len(in); at += v {
			sum := new(big.Int).SetBytes(in[at : at+v])
			sum.Add(sum, b)
			last := sum.Bytes()
			last = last[max(0, len(last)-v):]
			clear(in[at : at+v])
			copy(in[at+v-len(last):at+v], last)
		}
	}
}

// isPFX reports whether b is a file of PKCS#12: a version, and what tells that its contents follow (RFC 7292, 4).
func isPFX(b []byte) bool {
	return len(b) > 32 && b[0] == 0x30 && bytes.Contains(b[:32], []byte{0x02, 0x01, 0x03, 0x30})
}

const (
	// maxIterations bounds how often a password is hashed: tools write 1 to some 600,000.
	maxIterations = 10_000_000
	// maxScrypt bounds what scrypt takes, in bytes: 128 times its two parameters.
	maxScrypt = 256 << 20
	// maxNested bounds how deep values lie inside one another.
	maxNested = 16
)

// costly says why a file is not opened that would take for ever: a number in it asks for more work than any tool writes.
func costly(b []byte) string {
	worst, memory := 0, 0
	numbers(b, 0, func(list []int) {
		for _, n := range list {
			worst = max(worst, n)
		}
		if len(list) >= 3 {
			memory = max(memory, min(list[0], 1<<32)*128*min(list[1], 1<<20))
		}
	})
	switch {
	case worst > maxIterations:
		return fmt.Sprintf("it wants %d rounds of hashing, more than the %d that are made", worst, maxIterations)
	case memory > maxScrypt:
		return fmt.Sprintf("it wants %d MiB for its password, more than the %d that are given", memory>>20, maxScrypt>>20)
	}
	return ""
}

// numbers yields the small numbers of each sequence in DER. What is not DER is passed over: whoever reads it will say so.
func numbers(b []byte, depth int, yield func(list []int)) {
	var list []int
	for len(b) > 0 && depth < maxNested {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil {
			break
		}
		b = rest
		switch {
		case v.IsCompound, v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString && len(v.Bytes) > 2 && v.Bytes[0] == 0x30:
			numbers(v.Bytes, depth+1, yield)
		case v.Tag == asn1.TagInteger && v.Class == asn1.ClassUniversal && len(v.Bytes) > 0 && len(v.Bytes) <= 7:
			n := 0
			for _, x := range v.Bytes {
				n = n<<8 | int(x)
			}
			list = append(list, n)
		}
	}
	if len(list) > 0 {
		yield(list)
	}
}
