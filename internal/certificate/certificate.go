// Package certificate reads what a certificate says (RFC 5280, 4): names, dates, key, and where its issuer tells of revocation.
//
// It reads what captures have, not what a verifier would accept: serial numbers below zero, hashes that are broken, extensions that are not
// understood and bytes that are cut still give the names and dates before them. Nothing here is verified: no signature is computed.
package certificate

import (
	"errors"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/internal/ber"
)

// A Certificate is what one says.
type Certificate struct {
	Serial          []byte // as it is encoded: two's complement, most significant byte first
	Issuer, Subject Name
	NotBefore       time.Time // zero when it cannot be read
	NotAfter        time.Time
	// Names and Addrs are those that it is for (subjectAltName: dNSName, iPAddress); 64 of each at most, More counts the others.
	Names []string
	Addrs []netip.Addr
	More  int
	// Key is the kind of the key, "RSA", and Bits its size, 0 when that is not known.
	Key  string
	Bits int
	// Signature is the algorithm that it is signed with: "sha256WithRSAEncryption", or the number of one that is not known.
	Signature string
	CA        bool     // basicConstraints says so
	OCSP      []string // URLs of responders; 8 of each kind at most
	CRLs      []string // URLs of lists of revoked certificates
	Issuers   []string // URLs of the certificate of the issuer
}

// errNone is that bytes are no certificate.
var errNone = errors.New("no certificate: not a sequence with a sequence of what is signed in it")

// errCut is that bytes end, or are others than the standard has, behind the fields that were read.
var errCut = errors.New("the certificate ends, or goes on with something else, before all of it was read")

// Parse reads a certificate in DER. What there is of one that is cut or odd comes with the error; nil with bytes that are none.
func Parse(der []byte) (*Certificate, error) {
	whole, ok := ber.Next(der, 0, len(der))
	if !ok || whole.Tag != ber.SequenceTag {
		return nil, errNone
	}
	signed, ok := ber.Next(der, whole.Body, whole.End)
	if !ok || signed.Tag != ber.SequenceTag {
		return nil, errNone
	}
	c := &Certificate{}
	err := c.signed(der, &signed)
	if algorithm, ok := ber.Next(der, signed.Body+signed.Len, whole.End); ok && c.Signature == "" {
		c.Signature = nameOf(signatures, algorithmOf(der, &algorithm))
	}
	if err == nil && whole.Cut() {
		err = errCut
	}
	return c, err
}

// signed reads TBSCertificate (RFC 5280, 4.1): version, serial number, algorithm, issuer, validity, subject, key, extensions.
func (c *Certificate) signed(b []byte, all *ber.Element) error {
	at := all.Body
	next := func() (e ber.Element, ok bool) {
		if e, ok = ber.Next(b, at, all.End); ok {
			at = e.End
		}
		return e, ok && !e.Cut()
	}
	e, ok := next()
	if ok && e.Tag == ber.Context(0, true) { // version
		e, ok = next()
	}
	if !ok || e.Tag != ber.Integer {
		return errCut
	}
	c.Serial = append(c.Serial, b[e.Body:e.End]...)
	if e, ok = next(); !ok {
		return errCut
	}
	c.Signature = nameOf(signatures, algorithmOf(b, &e))
	if e, ok = next(); !ok {
		return errCut
	}
	c.Issuer = nameIn(b, &e)
	if e, ok = next(); !ok {
		return errCut
	}
	c.validity(b, &e)
	if e, ok = next(); !ok {
		return errCut
	}
	c.Subject = nameIn(b, &e)
	if e, ok = next(); !ok {
		return errCut
	}
	c.key(b, &e)
	for at < all.End {
		if e, ok = next(); !ok {
			return errCut
		}
		if e.Tag == ber.Context(3, true) {
			c.extensions(b, &e)
		}
	}
	return nil
}

// Identifier octets of times (X.680, 46 and 47).
const (
	utcTime         = 0x17
	generalizedTime = 0x18
)

// validity reads both dates (RFC 5280, 4.1.2.5).
func (c *Certificate) validity(b []byte, e *ber.Element) {
	from, ok := ber.Next(b, e.Body, e.End)
	if !ok {
		return
	}
	c.NotBefore = Time(from.Tag, b[from.Body:from.End])
	if to, ok := ber.Next(b, from.End, e.End); ok {
		c.NotAfter = Time(to.Tag, b[to.Body:to.End])
	}
}

// layouts are those of both kinds of times; seconds may be missing in old certificates, and a zone may take the place of Z.
var layouts = map[byte][]string{
	utcTime:         {"060102150405Z0700", "0601021504Z0700"},
	generalizedTime: {"20060102150405Z0700", "20060102150405.999Z0700", "200601021504Z0700"},
}

// Time is a time of a certificate with the identifier octet tag; zero when it is none. Years of two digits are those from 1950 to 2049.
func Time(tag byte, content []byte) time.Time {
	for _, layout := range layouts[tag] {
		t, err := time.Parse(layout, string(content))
		if err != nil {
			continue
		}
		if tag == utcTime && t.Year() >= 2050 {
			t = t.AddDate(-100, 0, 0)
		}
		return t.UTC()
	}
	return time.Time{}
}

// Valid reports whether a time lies between both dates; true for a certificate whose dates cannot be read.
func (c *Certificate) Valid(at time.Time) bool {
	return (c.NotBefore.IsZero() || !at.Before(c.NotBefore)) && (c.NotAfter.IsZero() || !at.After(c.NotAfter))
}

// IssuedBy reports whether another certificate is that of the issuer, by name. Signatures are not verified.
func (c *Certificate) IssuedBy(issuer *Certificate) bool {
	return c.Issuer.raw != "" && c.Issuer.raw == issuer.Subject.raw
}

// SelfIssued reports whether issuer and subject are the same: a root, or one that nobody else vouches for.
func (c *Certificate) SelfIssued() bool { return c.IssuedBy(c) }
