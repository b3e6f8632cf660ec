// Package line takes text apart that protocols have in lines: HTTP, and those
// of mail.
package line

import "bytes"

// End is the end of the line that begins at an offset, without what ends it, and where the next one begins; next is 0 without one.
func End(b []byte, from int) (end, next int) {
	n := bytes.IndexByte(b[from:], '\n')
	if n < 0 {
		return len(b), 0
	}
	end = from + n
	if end > from && b[end-1] == '\r' {
		end--
	}
	return end, from + n + 1
}

// Each yields the lines of b in order: where one begins, where its text ends, and where the next one begins. The last one may have nothing that ends it.
func Each(b []byte, yield func(at, end, next int) bool) {
	for at := 0; at < len(b); {
		end, next := End(b, at)
		if next == 0 {
			next = len(b)
		}
		if !yield(at, end, next) {
			return
		}
		at = next
	}
}

// Whole is how many bytes of b are lines that are whole.
func Whole(b []byte) int { return bytes.LastIndexByte(b, '\n') + 1 }

// Token is the end of the word that begins at an offset of b, and where what follows the blanks behind it begins.
func Token(b []byte, at int) (end, next int) {
	for end = at; end < len(b) && b[end] != ' '; end++ {
	}
	for next = end; next < len(b) && b[next] == ' '; next++ {
	}
	return end, next
}

// Number is a decimal number of at most nine digits that fills b; not ok for anything else.
func Number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) < 10
}

// Unknown is what stands for a command that is not known and has not the form of one.
const Unknown = "unknown"

// maxVerb is the longest command that is taken for one without being known.
const maxVerb = 12

// Verb is the command b in capitals, without a copy of what is known. Text that has not the form of a command may be a secret, and is not shown.
func Verb(b []byte, known map[string]string) string {
	for _, c := range b {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if known[string(b)] == "" {
				return Unknown
			}
		}
	}
	if len(b) > maxVerb && known[string(bytes.ToUpper(b))] == "" {
		return Unknown
	}
	return Upper(b, known)
}

// Upper is the word b in capitals, without a copy of what is one of the known words.
func Upper(b []byte, known map[string]string) string {
	if word, ok := known[string(b)]; ok {
		return word
	}
	upper := string(bytes.ToUpper(b))
	if word, ok := known[upper]; ok {
		return word
	}
	return upper
}
