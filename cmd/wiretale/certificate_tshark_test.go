package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/proto"
)

// certificateFields are the prefixes of the fields of certificates.
var certificateFields = []string{"x509af.", "x509if.", "x509sat.", "x509ce.", "pkcs1.", "pkix1implicit.", "pkix1explicit.", "ns_cert_exts.", "ns.cert.exts.", "ber.bitstring.", "tls.handshake.certificate"}

func certificateComparison(t *testing.T) *comparison {
	return &comparison{
		filter: "tls.handshake.certificate", patterns: []string{"tls/*", "tls/openssl/*.pcapng", "lab/tls/*.pcap", "app/zeek_smtp.pcap", "tcp/suri_tcp-empty-sack.pcap", "link/zeek_pppoe-over-qinq.pcap", "tso/ndpi_line.pcap"},
		names: append([]string{"frame.number", "frame.protocols"}, fieldsOf(t, certificateFields...)...),
		take:  carries(proto.TLS), accepted: certificateAccepted, least: 15,
	}
}

// certificateAccepted is why a value may differ. The reasons are those of docs/compat-tshark.md, "Streams".
func certificateAccepted(name, got, want string, _ []string) string {
	switch {
	case name == "frame.protocols":
		return "layers of certificates"
	case name == "x509af.generalizedTime" && within(occurrences(got), occurrences(want)):
		return "beyond nanoseconds"
	case (name == "x509af.algorithm.id" || name == "ber.bitstring.padding") && strings.HasPrefix(want, got+"|"):
		return "answer of OCSP"
	}
	return ""
}

// TestCertificatesAreTsharks compares the fields of certificates in captures.
func TestCertificatesAreTsharks(t *testing.T) {
	t.Parallel()
	certificateComparison(t).run(t)
}

// TestMadeCertificatesAreTsharks compares certificates with all that the standard library writes.
func TestMadeCertificatesAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	place, _ := url.Parse("http://uri.example/")
	template := x509.Certificate{
		SerialNumber: big.NewInt(0x8001), NotBefore: time.Date(1999, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2081, 1, 2, 3, 4, 5, 0, time.UTC),
		Subject: pkix.Name{
			Country: []string{"NO"}, Organization: []string{"One", "Two"}, OrganizationalUnit: []string{"Unit"}, Locality: []string{"Town"}, Province: []string{"County"},
			StreetAddress: []string{"Main Street 1"}, PostalCode: []string{"1234"}, SerialNumber: "77", CommonName: "a*b", // no characters of PrintableString: UTF8String
			ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte("a@b.example")}},
				{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte("example")}},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 97}, Value: "not known"},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: asn1.TagBMPString, Bytes: []byte("\x00b\x00m\x00p")}},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("NO")}}, // not the type of a country
			}},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageDecipherOnly | x509.KeyUsageKeyAgreement, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 3, 4}}, BasicConstraintsValid: true, IsCA: true, MaxPathLen: 3, SubjectKeyId: []byte("subject"), AuthorityKeyId: []byte("authority"),
		DNSNames: []string{"a.example", "*.b.example"}, EmailAddresses: []string{"c@d.example"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1), net.ParseIP("2001:db8::1")}, URIs: []*url.URL{place},
		OCSPServer: []string{"http://ocsp.example"}, IssuingCertificateURL: []string{"http://ca.example"}, CRLDistributionPoints: []string{"http://crl.example/1", "http://crl.example/2"},
		PermittedDNSDomains: []string{".example"}, ExcludedIPRanges: []*net.IPNet{{IP: net.IP{10, 0, 0, 0}, Mask: net.IPMask{255, 0, 0, 0}}}, PolicyIdentifiers: []asn1.ObjectIdentifier{{1, 2, 3, 5}},
		InhibitPolicyMapping: 1, RequireExplicitPolicy: 3,
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 13}, Value: []byte("\x16\x05hello")},
			{Id: asn1.ObjectIdentifier{2, 16, 840, 1, 113730, 1, 1}, Value: []byte("\x03\x02\x06\xc0")},
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte("\x30\x03\x02\x01\x05")},
			{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 21, 7}, Value: []byte("\x30\x0a\x06\x02\x2a\x03\x02\x01\x64\x02\x01\x03")},
			{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5}, Value: []byte("\x0c\x01x")},
		},
	}
	var chain [][]byte
	for _, one := range []struct {
		algorithm       x509.SignatureAlgorithm
		public, private any
	}{
		{x509.SHA256WithRSA, &long.PublicKey, long}, {x509.SHA256WithRSAPSS, &curve.PublicKey, long}, {x509.ECDSAWithSHA256, &curve.PublicKey, curve},
	} {
		template.SignatureAlgorithm = one.algorithm
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, one.public, one.private)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, der)
	}
	k := segmentTalk{ports: [2]uint16{40000, 443}}
	k.say(1, string(certificateRecord(chain)))
	file := filepath.Join(t.TempDir(), "certificates.pcap")
	if err := os.WriteFile(file, pcapOf(k.frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c := certificateComparison(t)
	c.least = 1
	c.file(t, file)
	c.done(t)
}

// certificateRecord is a record of TLS 1.2 with the message of a chain.
func certificateRecord(chain [][]byte) []byte {
	long := func(n int) []byte { return []byte{byte(n >> 16), byte(n >> 8), byte(n)} }
	var list []byte
	for _, der := range chain {
		list = slices.Concat(list, long(len(der)), der)
	}
	message := slices.Concat([]byte{11}, long(len(list)+3), long(len(list)), list)
	return slices.Concat([]byte{22, tls.VersionTLS12 >> 8, tls.VersionTLS12 & 0xff, byte(len(message) >> 8), byte(len(message))}, message)
}
