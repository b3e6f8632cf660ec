package certificate

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/wiretale/wiretale/internal/ber"
)

// A Name is a distinguished name.
type Name struct {
	Common string // the last common name, "" without one
	text   string
	raw    string // as it is encoded
}

// String is the name with the most specific part first, as RFC 4514 has it: "CN=www.example.com,O=Example".
func (n Name) String() string { return n.text }

// Is reports whether a name is there.
func (n Name) Is() bool { return n.raw != "" }

// attributes are the short names of types (RFC 4514, 3), and those that certificates have besides.
var attributes = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET", "2.5.4.10": "O",
	"2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.42": "GN", "2.5.4.97": "organizationIdentifier",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "emailAddress",
}

const (
	maxParts = 32  // of a name that are told
	maxValue = 256 // bytes of one
)

// ParseName reads a name that stands by itself, such as one that a server asks certificates of.
func ParseName(der []byte) Name {
	e, ok := ber.Next(der, 0, len(der))
	if !ok {
		return Name{}
	}
	return nameIn(der, &e)
}

// nameIn reads a name: a sequence of sets of attributes (RFC 5280, 4.1.2.4).
func nameIn(b []byte, e *ber.Element) (n Name) {
	if e.Tag != ber.SequenceTag || e.Cut() {
		return n
	}
	n.raw = string(b[e.Off:e.End])
	var parts []string
	each(b, e, func(set *ber.Element) bool {
		each(b, set, func(pair *ber.Element) bool {
			kind, ok := ber.Next(b, pair.Body, pair.End)
			if !ok {
				return true
			}
			value, ok := ber.Next(b, kind.End, pair.End)
			if !ok {
				return true
			}
			name := nameOf(attributes, oid(b[kind.Body:kind.End]))
			text := textOf(value.Tag, b[value.Body:min(value.End, value.Body+maxValue)])
			if name == "CN" {
				n.Common = text
			}
			parts = append([]string{name + "=" + escaper.Replace(text)}, parts...)
			return len(parts) < maxParts
		})
		return len(parts) < maxParts
	})
	n.text = strings.Join(parts, ",")
	return n
}

// escaper marks what separates parts (RFC 4514, 2.4).
var escaper = strings.NewReplacer(`\`, `\\`, ",", `\,`, "+", `\+`)

// Identifier octets of strings (X.680, 41). The characters of the last two have more bytes than one.
const (
	utf8String      = 0x0c
	printableString = 0x13
	teletexString   = 0x14
	ia5String       = 0x16
	visibleString   = 0x1a
	universalString = 0x1c
	bmpString       = 0x1e
)

// textOf is a string in UTF-8. One of T.61 is taken for Latin 1, as all do.
func textOf(tag byte, b []byte) string {
	switch tag {
	case bmpString:
		var units []uint16
		for ; len(b) >= 2; b = b[2:] {
			units = append(units, uint16(b[0])<<8|uint16(b[1]))
		}
		return string(utf16.Decode(units))
	case universalString:
		var s strings.Builder
		for ; len(b) >= 4; b = b[4:] {
			s.WriteRune(rune(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])))
		}
		return s.String()
	}
	return string(bytes.ToValidUTF8(b, []byte("?")))
}

// each walks the elements in e that are whole.
func each(b []byte, e *ber.Element, yield func(*ber.Element) bool) {
	for at := e.Body; at < e.End; {
		one, ok := ber.Next(b, at, e.End)
		if !ok || one.Cut() || !yield(&one) {
			return
		}
		at = one.End
	}
}

// oid is an object identifier with dots (X.690, 8.19); "" for one that is none.
func oid(b []byte) string {
	const most = 32
	if len(b) == 0 || len(b) > most {
		return ""
	}
	var out []byte
	n, first := uint64(0), true
	for _, c := range b {
		if n > 1<<56 {
			return ""
		}
		if n = n<<7 | uint64(c&0x7f); c&0x80 != 0 {
			continue
		}
		if first {
			top := min(n/40, 2)
			out = strconv.AppendUint(out, top, 10)
			n -= top * 40
			first = false
		}
		out = strconv.AppendUint(append(out, '.'), n, 10)
		n = 0
	}
	return string(out)
}

// nameOf is the name of an object identifier, itself without one.
func nameOf(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}
