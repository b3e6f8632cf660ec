package main

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"math/rand/v2"
	"time"
)

// An identity is a server's key with its certificate.
type identity struct {
	key  *rsa.PrivateKey
	cert []byte
}

// keyBits is the length of the modulus.
const keyBits = 2048

// newIdentity makes the same one from the same numbers: the standard library does not.
func newIdentity(random *rand.Rand) *identity {
	e := big.NewInt(65537)
	for {
		p, q := prime(random), prime(random)
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop.test"}, DNSNames: []string{"shop.test"},
			NotBefore: time.Unix(1_600_000_000, 0), NotAfter: time.Unix(2_000_000_000, 0)}
		cert, err := x509.CreateCertificate(nil, template, template, &key.PublicKey, key)
		if err != nil {
			panic(err)
		}
		return &identity{key, cert}
	}
}

// prime has half the bits of the modulus, the two highest of them set.
func prime(random *rand.Rand) *big.Int {
	b := make([]byte, keyBits/16)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	b[0] |= 0xc0
	b[len(b)-1] |= 1
	p, two := new(big.Int).SetBytes(b), big.NewInt(2)
	for !p.ProbablyPrime(20) {
		p.Add(p, two)
	}
	return p
}

// certificate is the body of a Certificate message (RFC 5246, 7.4.2).
func (i *identity) certificate() []byte { return vector(3, vector(3, i.cert)) }

// encrypt is RSAES-PKCS1-v1_5 (RFC 8017, 7.2.1).
func (i *identity) encrypt(random *rand.Rand, secret []byte) []byte {
	m := make([]byte, keyBits/8)
	m[1] = 2
	for k := 2; k < len(m)-len(secret)-1; k++ {
		m[k] = byte(1 + random.IntN(255))
	}
	copy(m[len(m)-len(secret):], secret)
	c := new(big.Int).Exp(new(big.Int).SetBytes(m), big.NewInt(int64(i.key.E)), i.key.N)
	return c.FillBytes(m)
}

// pem is the private key.
func (i *identity) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(i.key)})
}
