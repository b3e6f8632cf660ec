package filter

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A kindOf token. Words are fields, protocols, functions and constants without
// quotes: only the place where one stands tells which it is.
type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	stringToken
	charToken
	symbolToken // an operator or bracket, in Text; words that are operators have their symbol there
	rangeToken  // what stands between the brackets of a slice
)

type token struct {
	kind     tokenKind
	from, to int    // byte offsets in the filter
	text     string // the word as written, the value of a string, the symbol
	raw      bool   // a raw string
}

// keywords are the words that are operators, by the symbol that stands for them.
var keywords = map[string]string{
	"and": "&&", "or": "||", "not": "!", "xor": "^^",
	"eq": "==", "any_eq": "==", "ne": "!=", "all_ne": "!=", "all_eq": "===", "any_ne": "!==",
	"gt": ">", "lt": "<", "ge": ">=", "le": "<=",
	"contains": "contains", "matches": "~", "in": "in", "any": "any", "all": "all",
	"bitand": "&", "bitwise_and": "&",
}

// symbols are the operators, longer ones before those that they begin with.
var symbols = []string{
	"!==", "===", "==", "!=", ">=", "<=", "~=", "&&", "||", "^^", "..",
	"!", ">", "<", "~", "&", "(", ")", "{", "}", "[", ",", "#", "+", "-", "*", "/", "%",
}

type scanner struct {
	text string
	at   int
}

// next is the next token.
func (s *scanner) next() (token, *Error) {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n\v\f", s.text[s.at]) >= 0 {
		s.at++
	}
	from, rest := s.at, s.text[s.at:]
	if rest == "" {
		return token{kind: endToken, from: from, to: from}, nil
	}
	switch c := rest[0]; {
	case c == '"':
		return s.quoted(from, false)
	case (c == 'r' || c == 'R') && strings.HasPrefix(rest[1:], `"`):
		s.at++
		return s.quoted(from, true)
	case c == '\'':
		return s.char()
	case wordStart(c):
		return s.word(), nil
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(rest, symbol) {
			s.at += len(symbol)
			return token{kind: symbolToken, from: from, to: s.at, text: symbol}, nil
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	switch rest[0] {
	case '=':
		return token{}, &Error{From: from, To: from + size, Message: `"=" is no operator`, Hint: "two values are compared with =="}
	case '|':
		return token{}, &Error{From: from, To: from + size, Message: `"|" is no operator`, Hint: "or is written || or or"}
	case ']':
		return token{}, &Error{From: from, To: from + size, Message: `"]" closes no slice`}
	}
	return token{}, &Error{From: from, To: from + size, Message: strconv.Quote(rest[:size]) + " was unexpected"}
}

func wordStart(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':'
}

// word reads a word. A minus inside of it belongs to it, as in Wireshark: there
// are protocols and bytes that are written so. Two dots end it.
func (s *scanner) word() token {
	from := s.at
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c == '.' && strings.HasPrefix(s.text[s.at:], "..") || c != '.' && c != '-' && !wordStart(c) {
			break
		}
		s.at++
	}
	text := s.text[from:s.at]
	if symbol, ok := keywords[text]; ok {
		return token{kind: symbolToken, from: from, to: s.at, text: symbol}
	}
	if rest := s.text[s.at:]; len(rest) > 1 && rest[0] == '/' && rest[1] >= '0' && rest[1] <= '9' {
		if _, err := netip.ParseAddr(text); err == nil {
			s.at++
			for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
				s.at++
			}
			text = s.text[from:s.at]
		}
	}
	return token{kind: wordToken, from: from, to: s.at, text: text}
}

// slice reads what stands between brackets; the opening one has been read.
func (s *scanner) slice() (token, *Error) {
	from := s.at
	n := strings.IndexByte(s.text[from:], ']')
	if n < 0 {
		return token{}, &Error{From: from - 1, To: len(s.text), Message: "the right bracket was missing from a slice"}
	}
	s.at = from + n + 1
	return token{kind: rangeToken, from: from, to: from + n, text: s.text[from : from+n]}, nil
}

// quoted reads a string. In a raw one a backslash stands for itself; it still keeps a quote from ending the string.
func (s *scanner) quoted(from int, raw bool) (token, *Error) {
	var value []byte
	s.at++
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return token{kind: stringToken, from: from, to: s.at, text: string(value), raw: raw}, nil
		case c == '\\' && raw && s.at+1 < len(s.text):
			value = append(value, c, s.text[s.at+1])
			s.at += 2
		case c == '\\' && !raw:
			var err *Error
			if value, err = s.escape(value); err != nil {
				return token{}, err
			}
		default:
			value = append(value, c)
			s.at++
		}
	}
	return token{}, &Error{From: from, To: len(s.text), Message: "the final quote was missing from a quoted string"}
}

// char reads a character constant: one byte.
func (s *scanner) char() (token, *Error) {
	from := s.at
	var value []byte
	s.at++
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '\'':
			s.at++
			if len(value) != 1 {
				message := "a character constant is empty"
				if len(value) > 1 {
					message = s.text[from:s.at] + " is too long to be a valid character constant"
				}
				return token{}, &Error{From: from, To: s.at, Message: message}
			}
			return token{kind: charToken, from: from, to: s.at, text: string(value)}, nil
		case '\\':
			var err *Error
			if value, err = s.escape(value); err != nil {
				return token{}, err
			}
		default:
			value = append(value, s.text[s.at])
			s.at++
		}
	}
	return token{}, &Error{From: from, To: len(s.text), Message: "the final quote was missing from a character constant"}
}

// letters are the escapes of one character.
var letters = map[byte]byte{
	'\'': '\'', '"': '"', '\\': '\\', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// escape appends what a backslash and the characters after it stand for.
func (s *scanner) escape(value []byte) ([]byte, *Error) {
	from, rest := s.at, s.text[s.at+1:]
	if rest == "" {
		s.at++
		return value, nil // the missing quote is the mistake to tell
	}
	bad := func(n int, message string) ([]byte, *Error) {
		text := s.text[from:min(from+1+n, len(s.text))]
		return nil, &Error{From: from, To: from + len(text), Message: text + " " + message,
			Hint: `backslashes of a regular expression are kept as they are in a raw string: r"\d+"`}
	}
	c := rest[0]
	if b, ok := letters[c]; ok {
		s.at += 2
		return append(value, b), nil
	}
	switch {
	case c == 'x':
		n := digits(rest[1:], 2, 16)
		if n == 0 {
			return bad(1, "is not a valid character escape sequence")
		}
		s.at += 2 + n
		b, _ := strconv.ParseUint(rest[1:1+n], 16, 8)
		return append(value, byte(b)), nil
	case c >= '0' && c <= '7':
		n := digits(rest, 3, 8)
		b, _ := strconv.ParseUint(rest[:n], 8, 16)
		if b > 0xff {
			return bad(n, "is larger than 255")
		}
		s.at += 1 + n
		return append(value, byte(b)), nil
	case c == 'u' || c == 'U':
		want := 4
		if c == 'U' {
			want = 8
		}
		n := digits(rest[1:], want, 16)
		point, _ := strconv.ParseUint(rest[1:1+n], 16, 32)
		if n != want || !utf8.ValidRune(rune(point)) {
			return bad(1+n, "is not a valid universal character name")
		}
		s.at += 2 + n
		return utf8.AppendRune(value, rune(point)), nil
	}
	_, size := utf8.DecodeRuneInString(rest)
	return bad(size, "is not a valid character escape sequence")
}

// digits counts the digits of the base that s begins with, limit at most.
func digits(s string, limit, base int) int {
	n := 0
	for n < limit && n < len(s) {
		if _, err := strconv.ParseUint(s[n:n+1], base, 8); err != nil {
			break
		}
		n++
	}
	return n
}
