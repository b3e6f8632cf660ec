package certificate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
)

// grammarFields are the fields of one certificate that is all of a layer.
var grammarFields = Grammar.Fields(func(b []byte, yield func(off, n int) bool) { yield(0, len(b)) })

func valuesOf(der []byte, see func(f *field.Field, s field.Span, v field.Value)) {
	for i := range grammarFields {
		grammarFields[i].All(der, func(s field.Span, v field.Value) bool {
			see(&grammarFields[i], s, v)
			return true
		})
	}
}

// TestGrammar reads what the standard library wrote.
func TestGrammar(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der := make509(t, &x509.Certificate{
		SerialNumber: big.NewInt(0x80), Subject: pkix.Name{Country: []string{"NO"}, Organization: []string{"Smiðs"}, CommonName: "www.example.com"},
		DNSNames: []string{"a.example", "b.example"}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageDecipherOnly, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		CRLDistributionPoints: []string{"http://crl.example"}, OCSPServer: []string{"http://ocsp.example"}, BasicConstraintsValid: true, IsCA: true, MaxPathLen: 3,
	}, &key.PublicKey, key)
	got := map[string]string{}
	valuesOf(der, func(f *field.Field, s field.Span, v field.Value) {
		text := v.String()
		if got[f.Name] != "" {
			text = got[f.Name] + "|" + text
		}
		got[f.Name] = text
	})
	for name, want := range map[string]string{
		"x509af.version": "2", "x509af.serialNumber": "0080", "x509af.algorithm.id": "1.2.840.113549.1.1.11|1.2.840.113549.1.1.1|1.2.840.113549.1.1.11",
		"x509af.issuer": "0", "x509if.rdnSequence": "3", "x509af.rdnSequence": "3", "x509sat.CountryName": "NO|NO", "x509sat.uTF8String": "Smiðs|Smiðs", "x509sat.printableString": "www.example.com|www.example.com",
		"x509af.utcTime": "2020-02-03 04:05:06 (UTC)", "x509af.generalizedTime": "2051-02-03T04:05:06Z", "x509af.notBefore": "0", "x509af.notAfter": "1",
		"pkcs1.publicExponent": "65537", "x509ce.dNSName": "a.example|b.example", "x509ce.KeyUsage": "8080", "x509ce.KeyUsage.decipherOnly": "1", "x509ce.KeyUsage.cRLSign": "0",
		"x509ce.KeyPurposeId": "1.3.6.1.5.5.7.3.1", "x509ce.uniformResourceIdentifier": "http://ocsp.example|http://crl.example", "x509ce.cA": "1", "x509ce.pathLenConstraint": "3",
		"ber.bitstring.padding": "7|0",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if modulus := got["pkcs1.modulus"]; modulus != "00"+key.N.Text(16) {
		t.Errorf("modulus %s", modulus)
	}
	for n := range der { // a part says nothing else, and lies inside
		valuesOf(der[:n], func(f *field.Field, s field.Span, v field.Value) {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > n {
				t.Fatalf("%s at %+v of %d bytes", f.Name, s, n)
			}
			if f.Type == field.String && !slices.Contains(strings.Split(got[f.Name], "|"), v.String()) {
				t.Fatalf("%s of the first %d bytes is %q, and %q of all", f.Name, n, v.String(), got[f.Name])
			}
		})
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte("\x30\x82\x01\x00\x30\x82\x00\xf0\xa0\x03\x02\x01\x02\x02\x01\x01\x30\x05\x06\x03\x2a\x03\x04\x30\x0a\x31\x08\x30\x06\x06\x03\x55\x04\x03\x0c\x01\x78"))
	f.Fuzz(func(t *testing.T, der []byte) {
		valuesOf(der, func(f *field.Field, s field.Span, v field.Value) {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(der) {
				t.Fatalf("%s at %+v of %d bytes", f.Name, s, len(der))
			}
			if len(v.S) > 4*len(der)+64 || len(v.B) > len(der) {
				t.Fatalf("%s is longer than the certificate", f.Name)
			}
		})
	})
}
