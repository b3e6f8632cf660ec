package http2

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
)

// listed is a field that the blocks of a layer tell: fields of header fields.
func listed(name, title string, t field.Type, get func(f *Frame, k *Block, yield func(field.Value) bool)) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Width: 4, Derived: unpacking, Told: func(b []byte, _ *field.Note, texts []string, yield func(field.Value) bool) {
		Blocks(b, texts, func(f *Frame, k *Block) bool {
			more := true
			get(f, k, func(v field.Value) bool {
				more = yield(v)
				return more
			})
			return more
		})
	}}
}

const unpacking = "unpacked from the header block"

// each is a text of each header field.
func each(name, title string, get func(name, value, form, index string) (string, bool)) field.Field {
	return listed(name, title, field.String, func(_ *Frame, k *Block, yield func(field.Value) bool) {
		k.Each(func(n, v, form, index string) bool {
			s, ok := get(n, v, form, index)
			return !ok || yield(field.S(s))
		})
	})
}

// eachNumber is a number of each header field.
func eachNumber(name, title string, get func(name, value, form, index string) (uint64, bool)) field.Field {
	return listed(name, title, field.Uint, func(_ *Frame, k *Block, yield func(field.Value) bool) {
		k.Each(func(n, v, form, index string) bool {
			u, ok := get(n, v, form, index)
			return !ok || yield(field.U(u))
		})
	})
}

// fieldOf holds for what is no change of the size of the table.
func fieldOf(form string) bool { return form != formSizeUpdate }

var listFields = []field.Field{
	listed("http2.header.length", "Header Length", field.Uint, func(_ *Frame, k *Block, yield func(field.Value) bool) {
		n := 0
		k.Each(func(name, value, form, _ string) bool {
			if fieldOf(form) {
				n += 4 + len(name) + 4 + len(value)
			}
			return true
		})
		if k.Count() > 0 {
			yield(field.U(uint64(n)))
		}
	}),
	listed("http2.header.count", "Header Count", field.Uint, func(_ *Frame, k *Block, yield func(field.Value) bool) {
		if k.Count() > 0 {
			yield(field.U(uint64(k.Count())))
		}
	}),
	eachNumber("http2.header_table_size_update.header_table_size", "Header table size", func(_, value, form, _ string) (uint64, bool) {
		u, err := strconv.ParseUint(value, 10, 32)
		return u, err == nil && !fieldOf(form)
	}),
	eachNumber("http2.header.name.length", "Name Length", func(name, _, form, _ string) (uint64, bool) { return uint64(len(name)), fieldOf(form) }),
	each("http2.header.name", "Name", func(name, _, form, _ string) (string, bool) { return name, fieldOf(form) }),
	eachNumber("http2.header.value.length", "Value Length", func(_, value, form, _ string) (uint64, bool) { return uint64(len(value)), fieldOf(form) }),
	each("http2.header.value", "Value", func(_, value, form, _ string) (string, bool) { return value, fieldOf(form) }),
	each("http2.header.unescaped", "Unescaped", func(_, value, form, _ string) (string, bool) {
		s, ok := unescaped(value)
		return s, ok && fieldOf(form)
	}),
	each("http2.header.repr", "Representation", func(_, _, form, _ string) (string, bool) { return form, fieldOf(form) }),
	eachNumber("http2.header.index", "Index", func(_, _, _, index string) (uint64, bool) {
		u, err := strconv.ParseUint(index, 10, 32)
		return u, err == nil
	}),
	listed("http2.request.full_uri", "Full request URI", field.String, func(f *Frame, k *Block, yield func(field.Value) bool) {
		if uri := fullURI(k); uri != "" {
			yield(field.S(uri))
		}
	}),
}

// unescaped is a value with its percent signs undone (RFC 3986, 2.1); false where one is followed by no two digits, or stands for a zero byte.
func unescaped(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	out, err := url.PathUnescape(s)
	return out, err == nil && !strings.Contains(out, "\x00")
}

// fullURI is what a request asks for, with scheme and authority.
func fullURI(k *Block) string {
	scheme, authority, path := k.Value(":scheme"), k.Value(":authority"), k.Value(":path")
	if k.Value(":method") == "" || scheme == "" || authority == "" || path == "" {
		return ""
	}
	return scheme + "://" + authority + path
}

// named are the header fields that Wireshark has a field for, in its order. Its name is the header field's, with underscores for hyphens.
const named = `:authority :path :method :scheme
	accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-origin allow authorization cache-control
	content-disposition content-encoding content-language content-location content-range content-type cookie date etag expect expires from
	if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location proxy-authenticate proxy-authorization
	range referer refresh retry-after server set-cookie strict-transport-security user-agent vary via www-authenticate`

// numbered are those of them that are numbers, with their bytes.
var numbered = map[string]int{":status": 2, "age": 8, "content-length": 8, "max-forwards": 8}

func namedFields() (list []field.Field) {
	for name := range strings.FieldsSeq(named) {
		list = append(list, each(fieldName(name), name, func(n, v, _, _ string) (string, bool) { return v, n == name }))
	}
	for _, name := range []string{":status", "age", "content-length", "max-forwards"} {
		f := eachNumber(fieldName(name), name, func(n, v, _, _ string) (uint64, bool) {
			if n != name {
				return 0, false
			}
			u, err := strconv.ParseUint(v, 10, 8*numbered[name])
			return u, err == nil
		})
		f.Width = numbered[name]
		list = append(list, f)
	}
	return list
}

// fieldName is Wireshark's name of the field of a header field.
func fieldName(name string) string {
	return "http2.headers." + strings.ReplaceAll(strings.TrimPrefix(name, ":"), "-", "_")
}
