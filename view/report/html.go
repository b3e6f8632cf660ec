package report

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/view"
)

// ErrNoPages says that the program was built without its pages.
var ErrNoPages = errors.New("this program was built without its pages, which a report in HTML is made of")

// HTML writes one file: the pages, which are built into the folder pages as index.html, app.js and app.css, and what they show.
//
// The file asks nothing of anybody: its policy (Content-Security-Policy) allows the one script and the one style sheet that are in it, by
// their hashes, and no request. Text from the trace is in a block of data, as JSON in which no character ends the block.
func (r *Report) HTML(ctx context.Context, w io.Writer, pages fs.FS) (*Embedding, error) {
	parts, err := partsOf(pages)
	if err != nil {
		return nil, err
	}
	e, err := r.Embed(ctx)
	if err != nil {
		return nil, err
	}
	return e, parts.write(w, r.title(), e)
}

func (r *Report) title() string {
	if view.Faulty(r.Case) {
		return r.Case.Findings[0].Summary
	}
	return view.NothingFound(r.Case)
}

// parts are those of the pages.
type parts struct{ index, script, style string }

func partsOf(pages fs.FS) (*parts, error) {
	var p parts
	if pages == nil {
		return nil, ErrNoPages
	}
	for name, to := range map[string]*string{"index.html": &p.index, "app.js": &p.script, "app.css": &p.style} {
		text, err := fs.ReadFile(pages, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoPages
		}
		if err != nil {
			return nil, err
		}
		*to = string(text)
	}
	p.script, p.style = inScript(p.script), inStyle(p.style)
	return &p, nil
}

// inScript is a script that may stand inside of an element: what would end that, or hide its end, stands in strings only, where it is written another way.
func inScript(text string) string {
	text = endOfScript.ReplaceAllString(text, `\x3C/$1`)
	return strings.ReplaceAll(text, "<!--", `\x3C!--`)
}

var (
	endOfScript = regexp.MustCompile(`(?i)</(script)`)
	endOfStyle  = regexp.MustCompile(`(?i)</(style)`)
	external    = regexp.MustCompile(`(?is)<script\b[^>]*\bsrc=[^>]*>\s*</script>|<link\b[^>]*\brel="?(?:stylesheet|modulepreload)"?[^>]*>`)
	titled      = regexp.MustCompile(`(?is)<title>.*?</title>`)
)

func inStyle(text string) string { return endOfStyle.ReplaceAllString(text, `\3C /$1`) }

// policy is what the file allows.
func (p *parts) policy() string {
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'", hash(p.script), hash(p.style))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// write puts the file together.
func (p *parts) write(w io.Writer, title string, e *Embedding) error {
	index := external.ReplaceAllString(p.index, "")
	index = titled.ReplaceAllLiteralString(index, "")
	head, rest, ok := strings.Cut(index, "<head>")
	body, tail, more := strings.Cut(rest, "</body>")
	if !ok || !more {
		return errors.New("the index.html of the pages has no <head>, or no end of its <body>")
	}
	out := &output{w: w}
	out.text(head, "<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"", html.EscapeString(p.policy()), "\">\n")
	out.text("<title>", html.EscapeString(oneLine.Replace(view.Printable(title))), "</title>\n<style>", p.style, "</style>", body)
	out.text("<script type=\"application/json\" id=\"wiretale-data\">")
	out.answers(e.Answers)
	out.text("</script>\n<script type=\"module\">", p.script, "</script>\n</body>", tail)
	return out.err
}

// oneLine leaves out what ends a line for some programs.
var oneLine = strings.NewReplacer("\u2028", " ", "\u2029", " ")

// An output remembers the first error.
type output struct {
	w   io.Writer
	err error
}

func (o *output) text(parts ...string) {
	for _, p := range parts {
		if o.err == nil {
			_, o.err = io.WriteString(o.w, p)
		}
	}
}

// answers writes them as one object, in order. The encoder of JSON has written <, >, & and the line ends of JavaScript as escapes.
func (o *output) answers(all map[string]json.RawMessage) {
	separator := "{"
	for _, address := range slices.Sorted(maps.Keys(all)) {
		name, err := json.Marshal(address)
		if o.err == nil {
			o.err = err
		}
		o.text(separator, string(name), ":", string(all[address]))
		separator = ",\n"
	}
	if separator == "{" {
		o.text("{")
	}
	o.text("}")
}
