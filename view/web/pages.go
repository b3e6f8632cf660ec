package web

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist is what npm builds from web/; without that, a file that says so.
//
//go:embed all:dist
var dist embed.FS

// built are the pages, nil when the program was built without them.
func built() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(pages, "index.html"); err != nil {
		return nil
	}
	return pages
}

// types are the media types of what is built: the system's tables differ.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

// assets serves the pages, or says that there are none.
func assets(pages fs.FS) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		if pages == nil {
			if name != "index.html" {
				page(w, http.StatusNotFound, "There is nothing here.")
				return
			}
			page(w, http.StatusOK, "This wiretale was built without its pages.", "Node.js and npm build them: run make build in the source folder. "+
				"Everything else works: the API below /api/v1/, and every command.")
			return
		}
		b, err := fs.ReadFile(pages, name)
		if err != nil { // a folder too
			page(w, http.StatusNotFound, "There is nothing here.")
			return
		}
		kind := types[path.Ext(name)]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(name))
		}
		if kind == "" {
			kind = "application/octet-stream"
		}
		w.Header().Set("Content-Type", kind)
		sum := sha256.Sum256(b)
		tag := fmt.Sprintf("\"%x\"", sum[:16])
		w.Header().Set("Cache-Control", "private, no-cache") // to be kept, and asked for whether it is still that
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		write(w, b)
	}
}
