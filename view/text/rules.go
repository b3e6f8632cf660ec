package text

import (
	"io"
	"strings"

	"github.com/wiretale/wiretale/diag"
)

// Rules lists the catalogue of diagnoses.
func Rules(w io.Writer, rules []*diag.Rule, s Style) error {
	p := &printer{w: w}
	t := newTable("rule", "kind", "what it finds")
	for _, r := range rules {
		kind := "fault"
		if r.Quality {
			kind = "quality"
		}
		t.add(r.ID, kind, r.Title)
	}
	t.print(p, s, "")
	return p.err
}

// Explain prints the page of a rule.
func Explain(w io.Writer, r *diag.Rule) error {
	_, err := io.WriteString(w, strings.TrimRight(r.Page, "\n")+"\n")
	return err
}
