package object

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// names gives each object a name that no other has.
type names struct {
	given map[string]int // in lower case, as some systems do not tell them apart: how often it was asked for
}

// maxName bounds a name in bytes; systems have 255.
const maxName = 200

// give makes the name of an object safe, and different from those of others; taken says which there are besides. As tshark does, a number in
// parentheses goes before what is behind the last dot.
func (n *names) give(o *Object, taken func(string) bool) {
	if n.given == nil {
		n.given = map[string]int{}
	}
	base := Safe(o.Name)
	key := strings.ToLower(base)
	for count := n.given[key]; ; count++ {
		name := base
		if count > 0 {
			dot := strings.LastIndexByte(base, '.')
			if dot < 0 {
				dot = len(base)
			}
			name = fmt.Sprintf("%s(%d)%s", base[:dot], count, base[dot:])
		}
		if used := strings.ToLower(name); taken(name) || count > 0 && n.given[used] > 0 {
			continue
		} else if n.given[key] = count + 1; used != key {
			n.given[used] = 1
		}
		o.Name = name
		return
	}
}

// rejected are the characters that Windows has not in names ("Naming Files, Paths, and Namespaces"); / and NUL are what others have not.
const rejected = `<>:"/\|?*`

// devices are names that Windows takes for a device, whatever follows a dot.
var devices = func() map[string]bool {
	m := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true, "CLOCK$": true}
	for _, d := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"} {
		m["COM"+d], m["LPT"+d] = true, true
	}
	return m
}()

// Safe is a name as a file of a directory may have it on any system: what is not allowed is %xx, as tshark writes it.
func Safe(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		part := name[i : i+n]
		i += n
		if r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r) || strings.ContainsRune(rejected, r) {
			for k := range len(part) {
				fmt.Fprintf(&b, "%%%02x", part[k])
			}
			continue
		}
		b.WriteString(part)
	}
	s := shorten(b.String())
	if last := len(s) - 1; last >= 0 && (s[last] == '.' || s[last] == ' ') { // Windows leaves them out, and .. is another directory
		s = fmt.Sprintf("%s%%%02x", s[:last], s[last])
	}
	if s == "" {
		return "object"
	}
	device, _, _ := strings.Cut(s, ".")
	if devices[strings.ToUpper(strings.TrimRight(device, " "))] {
		s = "_" + s
	}
	return s
}

// shorten keeps the beginning of a long name, and what is behind its last dot.
func shorten(s string) string {
	if len(s) <= maxName {
		return s
	}
	const maxEnd = 16
	end := ""
	if dot := strings.LastIndexByte(s, '.'); dot >= 0 && len(s)-dot <= maxEnd {
		end = s[dot:]
	}
	s = s[:maxName-len(end)]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + end
}
