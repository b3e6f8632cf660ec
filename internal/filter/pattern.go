package filter

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A pattern is a regular expression over bytes. It is Go's: in time linear in
// what is searched, without look-around and back references.
//
// A byte above 127 has no meaning of its own there. It is searched as a rune
// of a private area, in the expression as in the text, so that a dot or a
// class stands for one byte, as in PCRE without UTF.
type pattern struct {
	re *regexp.Regexp
	// literal is text in lower case that whatever matches contains, in any case; "" when none is known.
	literal *foldedSearch
	exact   bool   // nothing but the literal is wanted
	text    []byte // memory of mapped
	copied  []byte // memory of matchString
}

// private is where bytes above 127 are.
const private = 0xe000

func newPattern(text string) (*pattern, string) {
	translated, err := translate(text)
	if err != "" {
		return nil, err
	}
	tree, bad := syntax.Parse("(?i:"+translated+")", syntax.Perl)
	if bad != nil {
		message := strings.TrimPrefix(bad.Error(), "error parsing regexp: ")
		if strings.Contains(text, "(?") && !strings.Contains(message, "missing") {
			message += " (there is no look-around)"
		}
		return nil, message
	}
	re, bad := regexp.Compile(dollars(tree).String())
	if bad != nil {
		return nil, bad.Error()
	}
	p := &pattern{re: re}
	if literal, exact := required(tree.Simplify()); len(literal) > 1 {
		p.literal, p.exact = newFoldedSearch(literal), exact && len(literal) <= maxFolded
	}
	return p, ""
}

// translate writes bytes above 127 of an expression as runes of the private area.
func translate(text string) (string, string) {
	var out strings.Builder
	high := func(b uint64) { fmt.Fprintf(&out, `\x{%x}`, private+b) }
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			high(uint64(c))
		case c != '\\' || i+1 == len(text):
			out.WriteByte(c)
		default:
			b, n := escapedByte(text[i+1:])
			switch {
			case n < 0:
				return "", "a character beyond \\xff: the expression is over bytes"
			case n > 0 && b >= utf8.RuneSelf:
				high(b)
				i += n
			default:
				out.WriteString(text[i : i+2])
				i++
			}
		}
	}
	return out.String(), ""
}

// escapedByte reads xHH, x{HH} or three octal digits. n is how long that is: 0 for another escape, -1 for more than a byte.
func escapedByte(s string) (b uint64, n int) {
	if s[0] == 'x' {
		digitsFrom, end := 1, 0
		if strings.HasPrefix(s, "x{") {
			digitsFrom, end = 2, 1
		}
		n := digits(s[digitsFrom:], 8, 16)
		if end == 0 {
			n = min(n, 2)
		}
		b, err := strconv.ParseUint(s[digitsFrom:digitsFrom+n], 16, 32)
		switch {
		case err != nil || end == 1 && !strings.HasPrefix(s[digitsFrom+n:], "}"):
			return 0, 0 // Go's parser says what is wrong
		case b > 0xff:
			return 0, -1
		}
		return b, digitsFrom + n + end
	}
	if n := digits(s, 3, 8); n == 3 {
		b, _ := strconv.ParseUint(s[:3], 8, 16)
		if b <= 0xff {
			return b, 3
		}
	}
	return 0, 0
}

// dollars makes $ hold before a final newline too, as in PCRE.
func dollars(re *syntax.Regexp) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = dollars(sub)
	}
	if re.Op != syntax.OpEndText || re.Flags&syntax.WasDollar == 0 {
		return re
	}
	newline := &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{'\n'}}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: []*syntax.Regexp{
		{Op: syntax.OpQuest, Sub: []*syntax.Regexp{newline}}, {Op: syntax.OpEndText},
	}}
}

// required is a literal in lower case that each match contains; exact when every text with it matches.
// A literal that is not the same in any case serves as well: it is looked for without case first.
func required(re *syntax.Regexp) (literal string, exact bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= utf8.RuneSelf {
				return "", false
			}
		}
		return strings.ToLower(string(re.Rune)), re.Flags&syntax.FoldCase != 0 || strings.ToLower(string(re.Rune)) == strings.ToUpper(string(re.Rune))
	case syntax.OpCapture:
		return required(re.Sub[0])
	case syntax.OpPlus:
		literal, exact = required(re.Sub[0])
		return literal, exact
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if l, _ := required(sub); len(l) > len(literal) {
				literal = l
			}
		}
	}
	return literal, false
}

func (p *pattern) match(b []byte) bool {
	if p.literal != nil && (!p.literal.in(b) || p.exact) {
		return p.literal.in(b)
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return p.re.Match(p.mapped(b))
		}
	}
	return p.re.Match(b)
}

func (p *pattern) matchString(s string) bool {
	p.copied = append(p.copied[:0], s...)
	return p.match(p.copied)
}

// mapped is b with the bytes above 127 as runes of the private area.
func (p *pattern) mapped(b []byte) []byte {
	p.text = p.text[:0]
	for _, c := range b {
		if c < utf8.RuneSelf {
			p.text = append(p.text, c)
		} else {
			p.text = utf8.AppendRune(p.text, private+rune(c))
		}
	}
	return p.text
}

// A foldedSearch finds ASCII text in any case (Horspool's algorithm).
type foldedSearch struct {
	text string     // in lower case
	skip [256]uint8 // how far the end may move when it stands on this byte
}

// maxFolded is how much of a text is looked for: skips are bytes.
const maxFolded = 255

func newFoldedSearch(text string) *foldedSearch {
	f := &foldedSearch{text: text[:min(len(text), maxFolded)]}
	n := len(f.text)
	for i := range f.skip {
		f.skip[i] = uint8(n)
	}
	for i := range n - 1 {
		c := f.text[i]
		f.skip[c] = uint8(n - 1 - i)
		if c >= 'a' && c <= 'z' {
			f.skip[c-'a'+'A'] = uint8(n - 1 - i)
		}
	}
	return f
}

func (f *foldedSearch) in(b []byte) bool {
	n := len(f.text)
	for end := n - 1; end < len(b); end += int(f.skip[b[end]]) {
		i := n - 1
		for at := end; i >= 0 && lower(b[at]) == f.text[i]; at-- {
			i--
		}
		if i < 0 {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
