package tlsrecord

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"
)

// keyAndSecret are a private key as the standard library and this package have it, a premaster secret and what it is encrypted to.
func keyAndSecret(tb testing.TB) (generated *rsa.PrivateKey, k *PrivateKey, secret, sealed []byte) {
	tb.Helper()
	generated, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	if k, err = ParsePKCS1(x509.MarshalPKCS1PrivateKey(generated)); err != nil {
		tb.Fatal(err)
	}
	secret = bytes.Repeat([]byte{3, 0}, MasterLen/2)
	return generated, k, secret, encrypt(&generated.PublicKey, secret)
}

// encrypt is RSAES-PKCS1-v1_5 (RFC 8017, 7.2.1), which the standard library has only for those who insist.
func encrypt(key *rsa.PublicKey, secret []byte) []byte {
	m := bytes.Repeat([]byte{0xa5}, key.Size())
	m[0], m[1], m[len(m)-len(secret)-1] = 0, 2, 0
	copy(m[len(m)-len(secret):], secret)
	return new(big.Int).Exp(new(big.Int).SetBytes(m), big.NewInt(int64(key.E)), key.N).FillBytes(m)
}

// TestPremaster: a premaster secret that was encrypted for the key is found, and nothing else.
func TestPremaster(t *testing.T) {
	generated, k, secret, sealed := keyAndSecret(t)
	other := encrypt(&generated.PublicKey, secret[1:])
	damaged := bytes.Clone(sealed)
	damaged[100] ^= 1
	for name, c := range map[string]struct {
		sealed []byte
		ok     bool
	}{
		"as it is":              {sealed, true},
		"behind zeros":          {append(make([]byte, 3), sealed...), true},
		"damaged":               {damaged, false},
		"a byte shorter":        {other, false},
		"cut":                   {sealed[1:], false},
		"longer than the key":   {append(sealed, 0), false},
		"nothing":               {nil, false},
		"as large as the key":   {k.N.Bytes(), false},
		"what decrypts to zero": {make([]byte, 256), false},
	} {
		got, ok := k.Premaster(c.sealed)
		if ok != c.ok || ok && !bytes.Equal(got, secret) {
			t.Errorf("%s: %x, %t", name, got, ok)
		}
	}
}

func BenchmarkPremaster(b *testing.B) {
	_, k, _, sealed := keyAndSecret(b)
	for b.Loop() {
		k.Premaster(sealed)
	}
}

func BenchmarkParsePKCS1(b *testing.B) {
	generated, _, _, _ := keyAndSecret(b)
	der := x509.MarshalPKCS1PrivateKey(generated)
	for b.Loop() {
		ParsePKCS1(der)
	}
}
