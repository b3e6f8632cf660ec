package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// FieldOptions are tshark's -E options.
type FieldOptions struct {
	Header     bool
	BOM        bool
	Separator  string
	Occurrence byte // 'f' first, 'l' last, 'a' all
	Aggregator string
	Quote      string
}

// ParseFieldOptions reads "header=y", "separator=,", "occurrence=f", "aggregator=;", "quote=d", "bom=y".
func ParseFieldOptions(options []string) (FieldOptions, error) {
	o := FieldOptions{Separator: "\t", Occurrence: 'a', Aggregator: ","}
	for _, option := range options {
		name, value, ok := strings.Cut(option, "=")
		if !ok || !o.set(name, value) {
			return o, fmt.Errorf("-E %s is not an option of -T fields", option)
		}
	}
	return o, nil
}

func (o *FieldOptions) set(name, value string) bool {
	switch name {
	case "header", "bom":
		if value != "y" && value != "n" {
			return false
		}
		if name == "bom" {
			o.BOM = value == "y"
		} else {
			o.Header = value == "y"
		}
	case "separator", "aggregator":
		char, ok := map[string]string{"/t": "\t", "/s": " ", "\\t": "\t"}[value]
		if !ok {
			char = value
		}
		if len(char) != 1 {
			return false
		}
		if name == "separator" {
			o.Separator = char
		} else {
			o.Aggregator = char
		}
	case "occurrence":
		if value != "f" && value != "l" && value != "a" {
			return false
		}
		o.Occurrence = value[0]
	case "quote":
		quote, ok := map[string]string{"d": `"`, "s": "'", "n": ""}[value]
		o.Quote = quote
		return ok
	default:
		return false
	}
	return true
}

// Fields prints chosen fields, one line a row, as tshark -T fields does.
type Fields struct {
	p       printer
	columns []view.Column
	opt     FieldOptions
	begun   bool
}

// NewFields prints columns.
func NewFields(w io.Writer, columns []view.Column, opt FieldOptions) *Fields {
	return &Fields{p: printer{w: w}, columns: columns, opt: opt}
}

// Print writes the line of a row, and the header before the first one.
func (f *Fields) Print(row *engine.Row, _ bool) error {
	if !row.Record.Numbered { // names, statistics, secrets: not frames; jsonl has them
		return nil
	}
	if !f.begun {
		f.begun = true
		f.head()
	}
	var b strings.Builder
	for i := range f.columns {
		if i > 0 {
			b.WriteString(f.opt.Separator)
		}
		values := f.columns[i].Values(row)
		if len(values) == 0 {
			continue
		}
		switch f.opt.Occurrence {
		case 'f':
			values = values[:1]
		case 'l':
			values = values[len(values)-1:]
		}
		b.WriteString(f.opt.Quote + strings.Join(values, f.opt.Aggregator) + f.opt.Quote)
	}
	f.p.line(b.String())
	return f.p.err
}

// Finish writes the header of an output without rows.
func (f *Fields) Finish() error {
	if !f.begun {
		f.begun = true
		f.head()
	}
	return f.p.err
}

func (f *Fields) head() {
	if f.opt.BOM {
		f.p.block("\ufeff")
	}
	if !f.opt.Header {
		return
	}
	names := make([]string, len(f.columns))
	for i := range f.columns {
		names[i] = f.columns[i].Name
	}
	f.p.line(strings.Join(names, f.opt.Separator))
}
