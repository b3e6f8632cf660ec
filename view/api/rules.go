package api

import (
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// An Explained is the page of a diagnosis.
type Explained struct {
	ID       string    `json:"id" doc:"of the diagnosis"`
	Title    string    `json:"title" doc:"of the page"`
	Sections []Section `json:"sections" doc:"of the page, in order"`
}

// A Section of a page.
type Section struct {
	Title    string `json:"title" doc:"heading"`
	Markdown string `json:"markdown" doc:"text below it"`
}

// Rules are the `rule` lines of the catalogue.
func Rules() Page {
	rules := view.Catalogue()
	return page(Range{Limit: len(rules)}, len(rules), func(i int) any { return jsonl.RuleOf(rules[i]) })
}

// Explain is the page of the diagnosis with an id.
func Explain(id string) (*Explained, error) {
	for _, r := range view.Catalogue() {
		if r.ID == id {
			return explained(r), nil
		}
	}
	return nil, notFound("there is no diagnosis " + id)
}

func explained(r *diag.Rule) *Explained {
	out := &Explained{ID: r.ID, Title: r.Title, Sections: []Section{}}
	var text strings.Builder
	end := func() {
		if n := len(out.Sections); n > 0 {
			out.Sections[n-1].Markdown = strings.TrimSpace(text.String())
		}
		text.Reset()
	}
	for line := range strings.Lines(r.Page) {
		switch title := strings.TrimSpace(line); {
		case strings.HasPrefix(title, "## "):
			end()
			out.Sections = append(out.Sections, Section{Title: title[3:]})
		case strings.HasPrefix(title, "# ") && len(out.Sections) == 0:
			out.Title = title[2:]
		default:
			text.WriteString(line)
		}
	}
	end()
	return out
}
