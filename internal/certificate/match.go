package certificate

import (
	"net/netip"
	"strings"
)

// Covers reports whether the certificate is for a name: one of its alternative names is it, or covers it with a star for the first label
// (RFC 9525, 6.3). Without alternative names the common name counts, as it does for old clients. An address must be among the addresses.
// More names than were kept may cover any.
func (c *Certificate) Covers(name string) bool {
	if a, err := netip.ParseAddr(name); err == nil {
		for _, own := range c.Addrs {
			if own.Unmap() == a.Unmap() {
				return true
			}
		}
		return c.More > 0
	}
	for _, own := range c.Names {
		if matches(own, name) {
			return true
		}
	}
	return c.More > 0 || len(c.Names)+len(c.Addrs) == 0 && matches(c.Subject.Common, name)
}

// matches reports whether a name of a certificate is the name, or covers it.
func matches(own, name string) bool {
	own, name = plain(own), plain(name)
	if own == name {
		return own != ""
	}
	rest, wild := strings.CutPrefix(own, "*.")
	if !wild {
		return false
	}
	_, behind, ok := strings.Cut(name, ".")
	return ok && behind == rest && strings.Contains(rest, ".")
}

// plain is a name in the form that names are compared in.
func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// For are the names that it is for, as a verifier looks at them: alternative names and addresses, else the common name.
func (c *Certificate) For() (out []string) {
	out = append(out, c.Names...)
	for _, a := range c.Addrs {
		out = append(out, a.String())
	}
	if len(out) == 0 && c.Subject.Common != "" {
		out = append(out, c.Subject.Common)
	}
	return out
}
