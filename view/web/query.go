package web

import (
	"net/http"
	"net/url"
	"unicode/utf8"
)

const (
	// maxQuery bounds a query in bytes, maxParameters its parts.
	maxQuery      = 8 << 10
	maxParameters = 64
)

// parseQuery takes a query apart. Unlike [url.ParseQuery] it has bounds, and what is not text is an error.
// known are the parameters that there are, each once; without any, all are taken.
func parseQuery(raw string, known ...string) (url.Values, error) {
	if len(raw) > maxQuery {
		return nil, problem(http.StatusRequestURITooLong, "the query is longer than %d bytes", maxQuery)
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problem(http.StatusBadRequest, "the query cannot be taken apart")
	}
	n := 0
	for name, values := range v {
		n += len(values)
		for _, s := range append(values[:len(values):len(values)], name) {
			if !utf8.ValidString(s) {
				return nil, problem(http.StatusBadRequest, "the query is not UTF-8")
			}
		}
	}
	if n > maxParameters {
		return nil, problem(http.StatusBadRequest, "the query has more than %d parameters", maxParameters)
	}
	if len(known) > 0 {
		return v, named(v, known)
	}
	return v, nil
}
