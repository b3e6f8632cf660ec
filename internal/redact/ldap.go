package redact

import (
	"bytes"
	"strings"
)

// Tags of LDAP (RFC 4511, 4.2, 4.12).
const (
	tagSequence   = 0x30
	tagSet        = 0x31
	tagOctets     = 0x04
	tagBind       = 0x60 // [APPLICATION 0]
	tagExtended   = 0x77 // [APPLICATION 23]
	tagSimple     = 0x80
	tagSASL       = 0xa3
	tagValue      = 0x81 // of an extended request
	maxNesting    = 16
	secretAttrs   = "userpassword unicodepwd dbcspwd ntpwdhistory lmpwdhistory supplementalcredentials clearpassword authpassword"
	modifyPasword = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
)

// ldap looks through a message: passwords and tokens of binds, new passwords, attributes that are one.
func (s *Session) ldap(b []byte) { s.element(b, 0, 0, 0) }

// element walks the values of b, which lies at an offset, inside a value of the tag parent.
func (s *Session) element(b []byte, at int, parent byte, depth int) {
	var before []byte // value of the element before
	for off := 0; off+2 <= len(b) && depth < maxNesting; {
		tag, head, n, ok := header(b[off:])
		if !ok {
			return
		}
		from := off + head
		end := min(from+n, len(b))
		value := b[from:end]
		switch {
		case parent == tagBind && tag == tagSimple:
			s.blank(at+from, len(value))
		case parent == tagSASL && tag == tagOctets && before != nil: // behind the mechanism
			s.blank(at+from, len(value))
		case parent == tagExtended && tag == tagValue && string(before) == modifyPasword:
			s.blank(at+from, len(value))
		case tag == tagSet && before != nil && isSecretAttribute(before):
			s.values(value, at+from)
		case tag&0x20 != 0:
			s.element(value, at+from, tag, depth+1)
		}
		before = value
		off = from + n
	}
}

// values blanks each value of a set.
func (s *Session) values(b []byte, at int) {
	for off := 0; off+2 <= len(b); {
		_, head, n, ok := header(b[off:])
		if !ok {
			return
		}
		s.blank(at+off+head, min(n, len(b)-off-head))
		off += head + n
	}
}

func isSecretAttribute(name []byte) bool {
	name, _, _ = bytes.Cut(name, []byte{';'})
	return len(name) >= 7 && len(name) < 32 && strings.Contains(" "+secretAttrs+" ", " "+strings.ToLower(string(name))+" ")
}

// header is the tag and the length of a value of the Basic Encoding Rules, of which there may be less.
func header(b []byte) (tag byte, head, n int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, 0, false
	}
	tag, head, n = b[0], 2, int(b[1])
	if n < 0x80 {
		return tag, head, n, true
	}
	size := n & 0x7f
	if size == 0 || size > 4 || 2+size > len(b) {
		return 0, 0, 0, false
	}
	n = 0
	for _, c := range b[2 : 2+size] {
		n = n<<8 | int(c)
	}
	return tag, 2 + size, n, n <= 1<<30
}
