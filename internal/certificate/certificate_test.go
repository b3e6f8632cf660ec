package certificate

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var from, to = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC), time.Date(2051, 2, 3, 4, 5, 6, 0, time.UTC)

func make509(t testing.TB, template *x509.Certificate, public, private any) []byte {
	t.Helper()
	template.NotBefore, template.NotAfter = from, to
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func whole(t testing.TB) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return make509(t, &x509.Certificate{
		SerialNumber: big.NewInt(0x80), Subject: pkix.Name{Country: []string{"NO"}, Organization: []string{"Smith, Sons"}, CommonName: "www.example.com"},
		DNSNames: []string{"www.example.com", "*.example.org"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1), net.ParseIP("2001:db8::1")},
		OCSPServer: []string{"http://ocsp.example.com"}, IssuingCertificateURL: []string{"http://ca.example.com/ca.crt"},
		CRLDistributionPoints: []string{"http://crl.example.com/1.crl", "http://crl.example.com/2.crl"}, BasicConstraintsValid: true, IsCA: true,
	}, &key.PublicKey, key)
}

// TestParse holds what is read to what the standard library wrote.
func TestParse(t *testing.T) {
	c, err := Parse(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ what, got, want any }{
		{"serial", c.Serial, []byte{0, 0x80}}, {"subject", c.Subject.String(), `CN=www.example.com,O=Smith\, Sons,C=NO`}, {"common name", c.Subject.Common, "www.example.com"},
		{"from", c.NotBefore, from}, {"to", c.NotAfter, to}, {"names", c.Names, []string{"www.example.com", "*.example.org"}},
		{"key", c.Key, "EC"}, {"bits", c.Bits, 384}, {"signature", c.Signature, "ecdsa-with-SHA384"}, {"CA", c.CA, true}, {"OCSP", c.OCSP, []string{"http://ocsp.example.com"}},
		{"issuers", c.Issuers, []string{"http://ca.example.com/ca.crt"}}, {"lists", c.CRLs, []string{"http://crl.example.com/1.crl", "http://crl.example.com/2.crl"}},
		{"self-issued", c.SelfIssued(), true}, {"weak", c.Weak(), ""}, {"for", c.For(), []string{"www.example.com", "*.example.org", "192.0.2.1", "2001:db8::1"}},
	} {
		if !reflect.DeepEqual(one.got, one.want) {
			t.Errorf("%s: %v, want %v", one.what, one.got, one.want)
		}
	}
}

func TestKeys(t *testing.T) {
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		public, private any
		key             string
		bits            int
	}{{&long.PublicKey, long, "RSA", 2048}, {public, private, "Ed25519", 256}} {
		c, err := Parse(make509(t, &x509.Certificate{SerialNumber: big.NewInt(1)}, one.public, one.private))
		if err != nil || c.Key != one.key || c.Bits != one.bits {
			t.Errorf("%s %d, %v; want %s %d", c.Key, c.Bits, err, one.key, one.bits)
		}
	}
}

// TestCut cuts a certificate at every byte: what was read before stays.
func TestCut(t *testing.T) {
	der := whole(t)
	subject := 0
	for n := range len(der) {
		c, err := Parse(der[:n])
		if c != nil && err == nil {
			t.Fatalf("%d of %d bytes are a whole certificate", n, len(der))
		}
		if c != nil && c.Subject.Is() {
			subject++
		} else if subject > 0 {
			t.Fatalf("%d bytes have a subject less than before", n)
		}
	}
	if subject == 0 {
		t.Error("no part has a subject")
	}
}

// TestOdd: what a verifier refuses is read all the same.
func TestOdd(t *testing.T) {
	der := whole(t)
	i := strings.Index(string(der), "\x02\x02\x00\x80")
	negative := slices.Clone(der)
	negative[i+2] = 0x80 // a serial number below zero
	if _, err := x509.ParseCertificate(negative); err == nil {
		t.Error("the standard library reads it: another oddness is wanted")
	}
	c, err := Parse(negative)
	if err != nil || c.Subject.Common != "www.example.com" || !c.NotAfter.Equal(to) || len(c.Names) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	for tag, text := range map[byte]string{utcTime: "9912312359Z", generalizedTime: "19991231235900.5Z"} {
		if got := Time(tag, []byte(text)); got.Year() != 1999 || got.Minute() != 59 {
			t.Errorf("%s is %v", text, got)
		}
	}
	if !Time(utcTime, []byte("991301000000Z")).IsZero() {
		t.Error("there is no thirteenth month")
	}
}

func TestCovers(t *testing.T) {
	c := &Certificate{Subject: Name{Common: "old.example.com"}, Names: []string{"www.example.com", "*.Example.org", "*.com"}}
	for name, want := range map[string]bool{
		"www.example.com": true, "WWW.example.com.": true, "example.com": false, "old.example.com": false, "a.example.org": true, "a.b.example.org": false, "example.org": false, "www.com": false, "192.0.2.1": false,
	} {
		if c.Covers(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if old := (&Certificate{Subject: c.Subject}); !old.Covers("old.example.com") || old.Covers("www.example.com") {
		t.Error("without alternative names the common name counts")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("0\x03\x30\x01\x02"))
	f.Add([]byte("\x30\x82\x01\x00\x30\x82\x00\xf0\xa0\x03\x02\x01\x02\x02\x01\x01\x30\x05\x06\x03\x2a\x03\x04\x30\x0a\x31\x08\x30\x06\x06\x03\x55\x04\x03\x0c\x01\x78"))
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := Parse(der)
		if c == nil && err == nil {
			t.Fatal("nothing, and no error")
		}
		if c == nil {
			return
		}
		if len(c.Names) > maxNames || len(c.OCSP) > maxURLs || len(c.CRLs) > maxURLs || len(c.Serial) > len(der) {
			t.Fatal("beyond the bounds")
		}
		c.Covers("www.example.com")
		c.Weak()
	})
}
