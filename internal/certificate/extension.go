package certificate

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/ber"
)

// Extensions that are read (RFC 5280, 4.2).
const (
	subjectAltName   = "2.5.29.17"
	basicConstraints = "2.5.29.19"
	crlPoints        = "2.5.29.31"
	authorityAccess  = "1.3.6.1.5.5.7.1.1"
	accessOCSP       = "1.3.6.1.5.5.7.48.1"
	accessIssuers    = "1.3.6.1.5.5.7.48.2"
)

// Kinds of general names (RFC 5280, 4.2.1.6).
const (
	dnsName = 2
	uriName = 6
	ipName  = 7
)

const (
	maxNames = 64
	maxURLs  = 8
	maxURL   = 512 // bytes
)

// extensions reads those that e holds.
func (c *Certificate) extensions(b []byte, e *ber.Element) {
	list, ok := ber.Next(b, e.Body, e.End)
	if !ok {
		return
	}
	each(b, &list, func(one *ber.Element) bool {
		id, ok := ber.Next(b, one.Body, one.End)
		if !ok {
			return true
		}
		value, ok := ber.Next(b, id.End, one.End)
		if ok && value.Tag == ber.Boolean { // critical
			value, ok = ber.Next(b, value.End, one.End)
		}
		if ok && value.Tag == ber.OctetString {
			c.extension(b, oid(b[id.Body:id.End]), &value)
		}
		return true
	})
}

func (c *Certificate) extension(b []byte, id string, value *ber.Element) {
	in, ok := ber.Next(b, value.Body, value.End)
	if !ok || in.Tag != ber.SequenceTag {
		return
	}
	switch id {
	case subjectAltName:
		each(b, &in, func(name *ber.Element) bool { c.alternative(name.Tag, b[name.Body:name.End]); return true })
	case basicConstraints:
		ca, ok := ber.Next(b, in.Body, in.End)
		c.CA = ok && ca.Tag == ber.Boolean && ca.End > ca.Body && b[ca.Body] != 0
	case authorityAccess:
		each(b, &in, func(access *ber.Element) bool {
			method, ok := ber.Next(b, access.Body, access.End)
			if !ok {
				return true
			}
			switch oid(b[method.Body:method.End]) {
			case accessOCSP:
				c.OCSP = urlsIn(b, access, c.OCSP)
			case accessIssuers:
				c.Issuers = urlsIn(b, access, c.Issuers)
			}
			return true
		})
	case crlPoints:
		c.CRLs = urlsIn(b, &in, c.CRLs)
	}
}

// alternative takes a name of subjectAltName.
func (c *Certificate) alternative(tag byte, content []byte) {
	switch tag {
	case ber.Context(dnsName, false):
		if len(c.Names) == maxNames {
			c.More++
			return
		}
		c.Names = append(c.Names, textOf(0, content[:min(len(content), maxValue)]))
	case ber.Context(ipName, false):
		a, ok := netip.AddrFromSlice(content)
		if !ok {
			return
		}
		if len(c.Addrs) == maxNames {
			c.More++
			return
		}
		c.Addrs = append(c.Addrs, a)
	}
}

// urlsIn appends the URLs below e, however deep: those of distribution points lie in a name of a point in a list.
func urlsIn(b []byte, e *ber.Element, urls []string) []string {
	const deepest = 5
	return urlsBelow(b, e, urls, deepest)
}

func urlsBelow(b []byte, e *ber.Element, urls []string, depth int) []string {
	each(b, e, func(one *ber.Element) bool {
		switch {
		case one.Tag == ber.Context(uriName, false):
			if n := one.End - one.Body; len(urls) < maxURLs && n > 0 && n <= maxURL {
				urls = append(urls, textOf(0, b[one.Body:one.End]))
			}
		case one.Constructed() && depth > 0:
			urls = urlsBelow(b, one, urls, depth-1)
		}
		return len(urls) < maxURLs
	})
	return urls
}
