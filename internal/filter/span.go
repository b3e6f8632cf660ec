package filter

import (
	"fmt"
	"strconv"
	"strings"
)

// spans reads the ranges of a slice: i:j is j bytes from i on, i-j ends with
// byte j, i is one byte, :j begins at 0, i: goes to the end. Several are separated by commas.
func spans(t token) ([]span, *Error) {
	var all []span
	at := t.from
	for part := range strings.SplitSeq(t.text, ",") {
		s, message := oneSpan(strings.TrimSpace(part))
		if message != "" {
			return nil, &Error{From: at, To: max(at+len(part), at+1), Message: message}
		}
		all = append(all, s)
		at += len(part) + 1
	}
	return all, nil
}

func oneSpan(text string) (s span, message string) {
	if text == "" {
		return s, "a slice needs a number"
	}
	if before, after, ok := strings.Cut(text, ":"); ok {
		before, after = strings.TrimSpace(before), strings.TrimSpace(after)
		if before == "" && after == "" {
			return s, "a slice needs a number"
		}
		if before != "" {
			if s.from, message = spanNumber(before); message != "" {
				return s, message
			}
		}
		if after == "" {
			s.kind = toEnd
			return s, ""
		}
		if s.length, message = spanNumber(after); message == "" && s.length <= 0 {
			message = fmt.Sprintf("range %s isn't valid because length %d isn't positive", text, s.length)
		}
		return s, message
	}
	if i := strings.IndexByte(text[1:], '-'); i >= 0 { // a minus that is not the first character's sign
		s.kind = byEnd
		if s.from, message = spanNumber(strings.TrimSpace(text[:i+1])); message != "" {
			return s, message
		}
		if s.end, message = spanNumber(strings.TrimSpace(text[i+2:])); message != "" {
			return s, message
		}
		switch {
		case s.from < 0 != (s.end < 0):
			return s, fmt.Sprintf("range %s isn't valid because %d and %d have different signs", text, s.from, s.end)
		case s.end <= s.from:
			return s, fmt.Sprintf("range %s isn't valid because %d is greater or equal than %d", text, s.from, s.end)
		}
		return s, ""
	}
	s.length = 1
	s.from, message = spanNumber(text)
	return s, message
}

func spanNumber(text string) (int, string) {
	n, err := strconv.ParseInt(text, 0, 32)
	if err != nil {
		return 0, fmt.Sprintf("%q is not a valid number", text)
	}
	return int(n), ""
}

// bounds are the first and one past the last index of the span in something
// of n elements; ok is false when it does not lie in there.
func (s *span) bounds(n int) (from, to int, ok bool) {
	from = s.from
	if from < 0 {
		from += n
	}
	switch s.kind {
	case byLength:
		to = from + s.length
	case byEnd:
		to = s.end + 1
		if s.end < 0 {
			to += n
		}
	case toEnd:
		to = n
	}
	return from, to, from >= 0 && from < to && to <= n
}
