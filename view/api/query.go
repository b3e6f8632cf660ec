package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A query reads parameters, remembers what is wrong first, and what differs from what is so without it.
type query struct {
	given, canonical url.Values
	known            []string
	err              *Error
}

func (q *query) fail(message, suggestion string) {
	if q.err == nil {
		q.err = bad(message, suggestion)
	}
}

// text is a parameter that may be given once, usual without it.
func (q *query) text(name, usual string) string {
	q.known = append(q.known, name)
	list := q.given[name]
	if len(list) > 1 {
		q.fail(fmt.Sprintf("%s is given %d times", name, len(list)), "")
	}
	if len(list) == 0 || list[0] == "" {
		return usual
	}
	if list[0] != usual {
		q.canonical.Set(name, list[0])
	}
	return list[0]
}

// one is a word of a list, the first without it.
func (q *query) one(name string, words ...string) string {
	word := q.text(name, words[0])
	if !slices.Contains(words, word) {
		q.fail(fmt.Sprintf("%s %q is none of %s", name, word, strings.Join(words, ", ")), "")
	}
	return word
}

// number is a whole number within bounds.
func (q *query) number(name string, usual, least, most int) int {
	text := q.text(name, strconv.Itoa(usual))
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		q.fail(fmt.Sprintf("%s %q is no number from %d to %d", name, text, least, most), "")
		return usual
	}
	return n
}

// flag is 1 or 0, 0 without it.
func (q *query) flag(name string) bool { return q.one(name, "0", "1") == "1" }

// end is what was wrong, a parameter that nobody asked for too.
func (q *query) end() error {
	for name := range q.given {
		if !slices.Contains(q.known, name) {
			q.fail(fmt.Sprintf("there is no parameter %q", name), "there are "+strings.Join(q.known, ", "))
		}
	}
	if q.err != nil {
		return q.err
	}
	return nil
}

// list is a parameter that may be given several times.
func (q *query) list(name string, most int) (list []string) {
	q.known = append(q.known, name)
	for _, v := range q.given[name] {
		if v != "" {
			list = append(list, v)
		}
	}
	if len(list) > most {
		q.fail(fmt.Sprintf("%s is given %d times, and %d times is the most", name, len(list), most), "")
		return nil
	}
	if len(list) > 0 {
		q.canonical[name] = list
	}
	return list
}
