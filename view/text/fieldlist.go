package text

import (
	"io"

	"github.com/wiretale/wiretale/internal/filter"
)

// FieldList writes what a filter can name: the name, the type of its values, what it means.
func FieldList(w io.Writer, fields []filter.Name, s Style) error {
	p := &printer{w: w}
	t := newTable("field", "type", "meaning")
	for _, f := range fields {
		t.add(f.Name, f.Type, f.Title)
	}
	t.print(p, s, "")
	return p.err
}
