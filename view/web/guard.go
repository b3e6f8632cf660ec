package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// policy lets the pages load what the server has, and nothing else from anywhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ownHeader must be on requests that change something: forms and images of other pages cannot send it.
const ownHeader = "X-Wiretale"

// guard lets requests through to next that are ours:
//
//  1. a panic in a handler is an answer, and the server goes on;
//  2. every answer has the headers that keep a browser from doing more with it than show it;
//  3. the host that was asked for is ours, the page that asks too;
//  4. the method and the path are such as we have;
//  5. who asks has the token. GET /?token=T gets a cookie for it.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = &patient{w, s.times.answer}
		defer s.recover(w, r)
		secure(w.Header())
		if r.ContentLength != 0 { // what of a body nobody asks for is read before the next request
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.times.answer))
		}
		switch {
		case !slices.Contains(s.hosts, r.Host):
			fail(w, r, http.StatusForbidden, "this is not a name of the server")
		case !ours(r):
			fail(w, r, http.StatusForbidden, "another page asked: open the address that wiretale serve printed")
		case !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete}, r.Method):
			w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
			fail(w, r, http.StatusMethodNotAllowed, "no such method")
		case !clean(r.URL.Path):
			fail(w, r, http.StatusNotFound, "there is nothing here")
		case r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.Query().Has("token"):
			s.enter(w, r)
		case !s.known(r):
			fail(w, r, http.StatusUnauthorized, "open the address that wiretale serve printed: it has the token")
		case changes(r) && r.Header.Get(ownHeader) != "1":
			fail(w, r, http.StatusForbidden, "the header "+ownHeader+": 1 is missing")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func changes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// secure sets the headers of every answer.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// ours reports whether no other page asks. Browsers say who asks in Origin,
// where it matters, and in Sec-Fetch-Site; "none" is the user. A page of another
// port of this host is another one (same-site). Programs say neither.
func ours(r *http.Request) bool {
	if o, there := r.Header["Origin"]; there && (len(o) != 1 || o[0] != "http://"+r.Host) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return false
}

// clean reports whether a path is as a browser writes it: what a path without "." and ".." and "//" is.
func clean(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.ContainsAny(p, "\\\x00") && (path.Clean(p) == p || path.Clean(p)+"/" == p)
}

// known reports whether the request has the token, in the cookie or, as programs send it, in Authorization.
func (s *Server) known(r *http.Request) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.isToken(given)
	}
	for _, c := range r.CookiesNamed(s.cookie) {
		if s.isToken(c.Value) {
			return true
		}
	}
	return false
}

// isToken compares in a time that says nothing of the token, nor of its length.
func (s *Server) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// enter gives the browser the cookie for the token in the address, and leads on to an address without it.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	given := r.URL.Query().Get("token")
	if !s.isToken(given) && !s.tickets.use(given, time.Now()) {
		fail(w, r, http.StatusUnauthorized, "the token is not that of this server: open the address that wiretale serve printed")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// recover answers when a handler panicked.
func (s *Server) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.log.Printf("%s %s: panic: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
	fail(w, r, http.StatusInternalServerError, inside)
}
