package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/wiretale/wiretale/view/api"
)

func problem(status int, format string, args ...any) *api.Error {
	return &api.Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// inside is what is said of a mistake that is ours: what it was is in the log.
const inside = "something went wrong in the server; its log says more"

// tell answers with an error. What is not meant for the user is logged, without the query, and not shown.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, err error) {
	var shown *api.Error
	switch {
	case r.Context().Err() != nil || errors.Is(err, context.Canceled):
		put(w, http.StatusServiceUnavailable, wrapped{problem(0, "the case was closed, or the work cancelled")})
	case errors.As(err, &shown):
		put(w, shown.Status, wrapped{shown})
	default:
		s.log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		put(w, http.StatusInternalServerError, wrapped{problem(0, inside)})
	}
}

type wrapped struct {
	Error *api.Error `json:"error"`
}

// put answers with a value. It is written at once when all of it is encoded, so that a mistake on the way is no half answer.
func put(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	return write(w, b.Bytes())
}

// part is how much is written at a time.
const part = 256 << 10

// write writes b; a client that takes no part of it for as long as its writer waits has gone.
func write(w http.ResponseWriter, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), part)
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// patient gives the client as long for each write, however long it took to work the answer out.
type patient struct {
	http.ResponseWriter
	time time.Duration
}

func (p *patient) Write(b []byte) (int, error) {
	http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(p.time))
	return p.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// fail answers a request that was not let through: with a line of HTML for a person, else as JSON.
func fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		put(w, status, wrapped{problem(status, "%s", message)})
		return
	}
	page(w, status, message)
}

// page is a plain page of a few lines.
func page(w http.ResponseWriter, status int, lines ...string) {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>wiretale</title></head><body>\n")
	for _, l := range lines {
		b.WriteString("<p>" + html.EscapeString(l) + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	write(w, []byte(b.String()))
}
