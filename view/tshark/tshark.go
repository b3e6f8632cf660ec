// Package tshark writes rows in the shapes of tshark's -T json and -T ek: an
// object a record with its layers, whose fields have Wireshark's names.
//
// What tshark writes several times under one key is a list here, as with its
// --no-duplicate-keys. Times are ISO 8601 in UTC, as since Wireshark 4.6.
package tshark

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A Writer writes rows. Finish ends the output.
type Writer struct {
	w       io.Writer
	columns []view.Column // of -e; nil for all layers
	zone    *time.Location
	lines   bool // -T ek
	begun   bool
	out     bytes.Buffer
}

// NewJSON writes one list of objects, as -T json; columns are those of -e, none for all layers. Days in names are those of the zone.
func NewJSON(w io.Writer, columns []view.Column, zone *time.Location) *Writer {
	return &Writer{w: w, columns: columns, zone: zone}
}

// NewEK writes two lines a record, as -T ek for Elasticsearch's bulk interface: the index, then the record.
func NewEK(w io.Writer, columns []view.Column, zone *time.Location) *Writer {
	return &Writer{w: w, columns: columns, zone: zone, lines: true}
}

// Print writes a row. Records that are no frames are left out, as in tshark.
func (w *Writer) Print(row *engine.Row, timed bool) error {
	if !row.Record.Numbered {
		return nil
	}
	at := row.Record.Time
	if !timed {
		at = trace.NoTime
	}
	w.out.Reset()
	if w.lines {
		w.bulk(row, at)
	} else {
		w.element(row, at)
	}
	w.begun = true
	_, err := w.w.Write(w.out.Bytes())
	return err
}

// Finish ends the list.
func (w *Writer) Finish() error {
	end := ""
	switch {
	case w.lines:
	case w.begun:
		end = "\n]\n"
	default:
		end = "[]\n"
	}
	_, err := io.WriteString(w.w, end)
	return err
}

// index is the name of the index of a day.
func (w *Writer) index(at int64) string {
	if at == trace.NoTime {
		return "packets"
	}
	return "packets-" + time.Unix(0, at).In(w.zone).Format(time.DateOnly)
}

func (w *Writer) element(row *engine.Row, at int64) {
	var b bytes.Buffer
	b.WriteString(`{"_index":` + text(w.index(at)) + `,"_type":"doc","_score":null,"_source":{"layers":`)
	if w.columns != nil {
		chosen(&b, w.columns, row, func(name string) string { return name })
	} else {
		nested(&b, layersOf(row))
	}
	b.WriteString(`}}`)
	if w.begun {
		w.out.WriteString(",\n  ")
	} else {
		w.out.WriteString("[\n  ")
	}
	if err := json.Indent(&w.out, b.Bytes(), "  ", "  "); err != nil {
		w.out.Write(b.Bytes())
	}
}

func (w *Writer) bulk(row *engine.Row, at int64) {
	w.out.WriteString(`{"index":{"_index":` + text(w.index(at)) + `,"_type":"doc"}}` + "\n{")
	if at != trace.NoTime {
		w.out.WriteString(`"timestamp":"` + strconv.FormatInt(at/int64(time.Millisecond), 10) + `",`)
	}
	w.out.WriteString(`"layers":`)
	if w.columns != nil {
		chosen(&w.out, w.columns, row, flatName)
	} else {
		flat(&w.out, layersOf(row))
	}
	w.out.WriteString("}\n")
}

// flatName is a name for Elasticsearch, where dots have a meaning.
func flatName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// chosen writes the fields of -e that the row has, each as a list.
func chosen(b *bytes.Buffer, columns []view.Column, row *engine.Row, name func(string) string) {
	b.WriteByte('{')
	first := true
	for i := range columns {
		values := columns[i].Texts(row)
		if len(values) == 0 {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(text(name(columns[i].Name)) + ":[")
		for j, v := range values {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(text(v))
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
}

// nested writes layers and fields as -T json: what lies inside the bytes of a field is in an object beside it.
func nested(b *bytes.Buffer, list []*item) {
	b.WriteByte('{')
	for i, same := range groups(list) {
		if i > 0 {
			b.WriteByte(',')
		}
		it := same[0]
		if it.layer {
			b.WriteString(text(it.name) + ":")
			many(b, same, func(it *item) { nested(b, it.inner) })
			continue
		}
		b.WriteString(text(it.name) + ":")
		many(b, same, func(it *item) { b.WriteString(text(it.value)) })
		if inner := innerOf(same); len(inner) > 0 {
			b.WriteString("," + text(it.name+"_tree") + ":")
			nested(b, inner)
		}
	}
	b.WriteByte('}')
}

// flat writes layers as -T ek: every field directly in its layer, its name after the layer's.
func flat(b *bytes.Buffer, layers []*item) {
	b.WriteByte('{')
	for i, same := range groups(layers) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(flatName(same[0].name)) + ":")
		many(b, same, func(layer *item) {
			b.WriteByte('{')
			for j, of := range groups(fieldsOf(layer.inner, nil)) {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(text(flatName(layer.name+"."+of[0].name)) + ":")
				many(b, of, func(it *item) {
					if it.kind == field.Bool {
						b.WriteString(strconv.FormatBool(it.value == "1"))
					} else {
						b.WriteString(text(it.value))
					}
				})
			}
			b.WriteByte('}')
		})
	}
	b.WriteByte('}')
}

// many writes one value, or a list of several.
func many(b *bytes.Buffer, same []*item, write func(*item)) {
	if len(same) > 1 {
		b.WriteByte('[')
	}
	for i, it := range same {
		if i > 0 {
			b.WriteByte(',')
		}
		write(it)
	}
	if len(same) > 1 {
		b.WriteByte(']')
	}
}

// text is a string as JSON; bytes that are no UTF-8 become U+FFFD.
func text(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
