package secrets_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/secrets"
)

// TestCutKeys cuts keys everywhere: what is left gives an error that has nothing of the key, and no key that is not the whole one.
func TestCutKeys(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p1 := x509.MarshalPKCS1PrivateKey(k)
	p8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p8})
	lines := strings.Split(string(text), "\n")
	for _, b := range [][]byte{p1, p8, text} {
		for n := range len(b) {
			s := new(secrets.Store)
			err := s.Read(bytes.NewReader(b[:n]), "k")
			switch {
			case err == nil && found(s) != string(k.N.Bytes()):
				t.Fatalf("%d of %d bytes: no error and no key", n, len(b))
			case err == nil:
				continue
			case len(err.Error()) > 300 || strings.Contains(err.Error(), lines[1][:20]) || bytes.Contains([]byte(err.Error()), b[max(0, n-8):n]) && n > 8:
				t.Fatalf("%d of %d bytes: %q", n, len(b), err)
			}
		}
	}
}
