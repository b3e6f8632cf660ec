package filter

import (
	"strings"
	"unicode/utf8"
)

// An Error says what is wrong with a filter, and where.
type Error struct {
	Filter   string // as it was given
	From, To int    // byte range in Filter that the message is about
	Message  string
	Hint     string // what was probably meant, "" when nothing comes to mind
}

func (e *Error) Error() string { return e.Message }

// Column is the place of the mistake in characters, counted from 1.
func (e *Error) Column() int {
	return 1 + utf8.RuneCountInString(e.Filter[:min(e.From, len(e.Filter))])
}

// Marked is the filter on one line, and below it a line with ^ under the place of the mistake.
// Control characters are replaced, so that the columns are right.
func (e *Error) Marked() string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f || r == utf8.RuneError {
				return '?'
			}
			return r
		}, s)
	}
	from := min(e.From, len(e.Filter))
	to := max(from, min(e.To, len(e.Filter)))
	marks := max(1, utf8.RuneCountInString(plain(e.Filter[from:to])))
	return plain(e.Filter) + "\n" + strings.Repeat(" ", utf8.RuneCountInString(plain(e.Filter[:from]))) + "^" + strings.Repeat("~", marks-1)
}
