// Package http holds the diagnoses of HTTP: what servers and proxies refuse, and connections that end under a request.
package http

import (
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{Errors, ProxyAuth, RedirectLoop, KeepaliveRace, Gateway, Truncated, ExpectWait}
}

// asks are the requests of HTTP/1, in TLS too when that is opened.
func asks(in *diag.Input) []diag.Ask { return in.Asks(proto.HTTP) }

// Codes of answers (RFC 9110, 15).
const (
	unauthorized  = 401
	notFound      = 404
	proxyRequired = 407
	serverError   = 500
)

// redirect reports whether a code sends the client elsewhere.
func redirect(code uint32) bool {
	return code == 301 || code == 302 || code == 303 || code == 307 || code == 308
}

// what is a request in words: its method and target.
func what(a diag.Ask) string { return a.Command + " " + a.Name }

// names are requests in words.
func names(list []diag.Ask) string { return diag.NamesOf(list, what) }

// path is a target without its query.
func path(a diag.Ask) string {
	p, _, _ := strings.Cut(a.Name, "?")
	return p
}
