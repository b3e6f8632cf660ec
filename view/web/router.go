package web

import (
	"context"
	"net/http"

	"github.com/wiretale/wiretale/view/api"
)

// Prefix is where the API begins.
const Prefix = "/api/v1"

// routes are the resources of the API by method and path.
func (s *Server) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET " + Prefix + "/{$}":                       s.answer(s.root),
		"GET " + Prefix + "/rules":                     s.answer(func(*http.Request) (any, error) { return api.Rules(), nil }),
		"GET " + Prefix + "/rules/{id}":                s.answer(func(r *http.Request) (any, error) { return api.Explain(r.PathValue("id")) }),
		"GET " + Prefix + "/filter":                    s.answer(s.checkFilter),
		"GET " + Prefix + "/fields":                    s.answer(s.fields),
		"POST " + Prefix + "/cases":                    s.upload,
		"GET " + Prefix + "/cases/{case}":              s.ofCase(func(_ *http.Request, c *Case) (any, error) { return c.State(), nil }),
		"DELETE " + Prefix + "/cases/{case}":           s.closeCase,
		"POST " + Prefix + "/cases/{case}/cancel":      s.cancelCase,
		"GET " + Prefix + "/cases/{case}/events":       s.events,
		"GET " + Prefix + "/cases/{case}/rows":         s.ofCase(s.rows),
		"GET " + Prefix + "/cases/{case}/rows/{index}": s.ofCase(s.record),
		"GET " + Prefix + "/cases/{case}/place":        s.ofCase(s.place),
		"GET " + Prefix + "/cases/{case}/{resource}":   s.ofCase(s.resource),
	}
}

// handler routes what the guard lets through.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range s.routes() {
		mux.HandleFunc(pattern, handle)
	}
	for _, below := range []string{"/api", "/api/"} { // the first too: else it would be led on to the second
		mux.HandleFunc(below, readOnly(func(w http.ResponseWriter, r *http.Request) {
			fail(w, r, http.StatusNotFound, "the API has no such resource")
		}))
	}
	mux.HandleFunc("/", readOnly(assets(built())))
	return s.guard(mux)
}

// readOnly keeps everything but GET and HEAD from what has no other methods.
func readOnly(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if changes(r) {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, r, http.StatusMethodNotAllowed, "no such method here")
			return
		}
		next(w, r)
	}
}

// A Root is the answer to GET /api/v1/.
type Root struct {
	Version int     `json:"version" doc:"of the API"`
	Product string  `json:"product" doc:"the program and its version"`
	Static  bool    `json:"static" doc:"false; in a report, which is a file, true"`
	Cases   []State `json:"cases" doc:"all cases, the oldest first"`
}

func (s *Server) root(*http.Request) (any, error) {
	return Root{Version: api.Version, Product: s.opt.Product, Cases: s.cases.states()}, nil
}

// answer serves what get returns. The body of a request without one is not read.
func (s *Server) answer(get func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := get(r)
		if err == nil {
			err = put(w, http.StatusOK, v)
			if r.Context().Err() != nil {
				return
			}
		}
		if err != nil {
			s.tell(w, r, err)
		}
	}
}

// ofCase serves what get returns of a case. The context of the request ends with the case.
func (s *Server) ofCase(get func(*http.Request, *Case) (any, error)) http.HandlerFunc {
	return s.answer(func(r *http.Request) (any, error) {
		c, release, err := s.cases.use(r.PathValue("case"))
		if err != nil {
			return nil, err
		}
		defer release()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(c.life, cancel)()
		return get(r.WithContext(ctx), c)
	})
}

// resource answers what the pages of a case know.
func (s *Server) resource(r *http.Request, c *Case) (any, error) {
	select {
	case s.answers <- struct{}{}:
		defer func() { <-s.answers }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	pages := c.current()
	if pages == nil {
		return nil, problem(http.StatusConflict, "nothing is known of the case yet")
	}
	return pages.Get(r.Context(), r.PathValue("resource"), query)
}
