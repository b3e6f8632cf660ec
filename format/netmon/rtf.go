package netmon

import (
	"strconv"
	"strings"
)

// destinations are groups of RTF that hold no text of the document.
var destinations = map[string]bool{"fonttbl": true, "colortbl": true, "stylesheet": true, "info": true, "pict": true}

// plain is the text of an RTF document in an 8-bit code page (read as Latin-1),
// without fonts and layout; b itself when it is no RTF.
func plain(b []byte) string {
	s := strings.TrimRight(string(b), "\x00")
	if !strings.HasPrefix(s, `{\rtf`) {
		return strings.TrimSpace(latin1(s))
	}
	var out strings.Builder
	depth, skip := 0, 0 // skip is the depth of the group that is left out
	for len(s) > 0 {
		c := s[0]
		s = s[1:]
		switch {
		case c == '{':
			depth++
		case c == '}':
			if depth == skip {
				skip = 0
			}
			depth--
		case c == '\\':
			var word, text string
			word, text, s = control(s)
			if skip == 0 && (destinations[word] || word == "*") {
				skip = depth
			}
			if skip == 0 {
				out.WriteString(text)
			}
		case skip == 0 && c != '\r' && c != '\n' && c != 0:
			out.WriteRune(rune(c))
		}
	}
	return strings.TrimSpace(out.String())
}

// control takes one control word or symbol; text is what it stands for.
func control(s string) (word, text, rest string) {
	if s == "" {
		return "", "", ""
	}
	if s[0] == '\'' && len(s) >= 3 {
		n, err := strconv.ParseUint(s[1:3], 16, 8)
		if err != nil {
			return "", "", s[3:]
		}
		return "", string(rune(n)), s[3:]
	}
	n := 0
	for n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z') {
		n++
	}
	if n == 0 {
		if s[0] == '*' {
			return "*", "", s[1:]
		}
		return "", s[:1], s[1:] // an escaped brace or backslash
	}
	word, rest = s[:n], s[n:]
	rest = strings.TrimLeft(rest, "-0123456789")
	rest = strings.TrimPrefix(rest, " ")
	switch word {
	case "par", "line":
		text = "\n"
	case "tab":
		text = "\t"
	}
	return word, text, rest
}

func latin1(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(rune(s[i]))
	}
	return out.String()
}
