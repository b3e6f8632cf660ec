package capfilter

import "strings"

// lex cuts an expression into words and signs. A colon belongs to a word
// (addresses have it), but for those between brackets.
func lex(s string) (words []string) {
	inside := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case isWord(c) && (c != ':' || !inside):
			j := i
			for j < len(s) && isWord(s[j]) && (s[j] != ':' || !inside) {
				j++
			}
			words = append(words, s[i:j])
			i = j
			continue
		}
		inside = c == '[' || inside && c != ']'
		n := 1
		if i+1 < len(s) {
			switch s[i : i+2] {
			case "&&", "||", "!=", "<=", ">=", "==", "<<", ">>":
				n = 2
			}
		}
		words = append(words, s[i:i+n])
		i += n
	}
	return words
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("._-:/\\%", c) >= 0
}
