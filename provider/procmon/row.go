package procmon

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/row"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// An exported row has its values in words. What a log gives as fields is taken out of the Detail column again, and the
// column itself is kept: its numbers and dates are those of the exporting machine's region.

// Columns of an export that are the event's own.
const (
	columnOperation = iota
	columnPath
	columnResult
	columnDuration
	columnDetail
	columnCount
)

// columnNames are their names as row.Column has them.
var columnNames = [columnCount]string{"operation", "path", "result", "duration", "detail"}

// rows is what is kept between rows of an export.
type rows struct {
	split  row.Splitter
	schema []byte // the first row that at belongs to
	at     [columnCount]int
	count  int // columns of the first row
}

// find looks the columns up in the first row of a CSV file.
func (r *rows) find(schema []byte) {
	r.schema, r.at = append(r.schema[:0], schema...), [columnCount]int{-1, -1, -1, -1, -1}
	cells := r.split.CSV(schema)
	r.count = len(cells)
	for i, c := range cells {
		if k := slices.Index(columnNames[:], row.Column(c.Value)); k >= 0 && r.at[k] < 0 {
			r.at[k] = i
		}
	}
}

// cells are the event's own columns of a row.
func (r *rows) cells(schema, data []byte) (own [columnCount]row.Cell, short bool) {
	if schema[0] == '<' {
		for _, c := range r.split.XML(data) {
			if k := slices.Index(columnNames[:], row.Column(c.Name)); k >= 0 {
				own[k] = c
			}
		}
		return own, false
	}
	if !bytes.Equal(r.schema, schema) {
		r.find(schema)
	}
	cells := r.split.CSV(data)
	for k, i := range r.at {
		if i >= 0 && i < len(cells) {
			own[k] = cells[i]
		}
	}
	return own, len(cells) < r.count
}

// layRow lays out a row of an export: of CSV with the first row of the file as its schema, or an element of XML.
func layRow(e *provider.Event, rec *trace.Record) {
	d := decoder{e: e}
	r, ok := (*e.Kept()).(*rows)
	if !ok {
		r = &rows{}
		*e.Kept() = r
	}
	var own [columnCount]row.Cell
	own, e.Short = r.cells(rec.Event.Schema, rec.Data)
	value := func(k int) (string, field.Span) {
		return e.UTF8(own[k].Value), field.Span{Off: own[k].Off, Len: own[k].Len}
	}
	operation, _ := value(columnOperation)
	path, at := value(columnPath)
	d.put(fPath, path, at)
	result, at := value(columnResult)
	d.put(fResult, result, at)
	if s, at := value(columnDuration); s != "" {
		if ns, ok := parseSeconds(s); ok {
			e.Put(fDuration, field.Value{Type: field.Duration, U: ns}, at)
		}
	}
	d.endpoints(operation, path)
	if s, at := value(columnDetail); s != "" {
		d.put(fDetail, s, at)
		d.details(s, at)
	}
	e.Compose(provider.Key{}, kept(operation), vocabulary)
}

// kept is the name of an operation without anything that would make the number of layouts endless.
func kept(operation string) string {
	if operation == "" || len(operation) > 64 {
		return "<Unknown>"
	}
	return operation
}

// endpoints puts the addresses of a network event whose path has numbers and no names.
func (d *decoder) endpoints(operation, path string) {
	if !strings.HasPrefix(operation, "TCP ") && !strings.HasPrefix(operation, "UDP ") {
		return
	}
	from, to, ok := strings.Cut(path, " -> ")
	local, ok1 := endpoint(from)
	remote, ok2 := endpoint(to)
	if ok && ok1 && ok2 {
		d.e.Put(fLocal, field.Value{Type: field.SockAddr, B: sockAddr(local)}, field.Span{})
		d.e.Put(fRemote, field.Value{Type: field.SockAddr, B: sockAddr(remote)}, field.Span{})
	}
}

// endpoint reads an address and a port behind the last colon. IPv6 has no brackets.
func endpoint(s string) (netip.AddrPort, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return netip.AddrPort{}, false
	}
	a, err1 := netip.ParseAddr(s[:i])
	port, err2 := strconv.ParseUint(s[i+1:], 10, 16)
	return netip.AddrPortFrom(a, uint16(port)), err1 == nil && err2 == nil
}

// labels are the fields by their label in the Detail column.
var labels = func() map[string]uint8 {
	all := map[string]uint8{}
	for id, w := range words {
		switch _, twice := all[w.label]; {
		case w.style == hidden, w.label == "", twice:
		default:
			all[w.label] = uint8(id)
		}
	}
	return all
}()

// maxLabel is longer than any label.
const maxLabel = 40

// details takes the Detail column apart: "Label: value, Label: value". A value runs to the next label that is known.
func (d *decoder) details(s string, at field.Span) {
	id, from, known := uint8(0), 0, false
	for i := 0; i <= len(s); {
		next, value, ok := label(s, i)
		if ok || i == len(s) {
			if known {
				d.detailValue(id, strings.TrimSuffix(s[from:i], ", "), at)
			}
			id, known, from = next, ok && next < fieldCount, value
		}
		if i == len(s) {
			break
		}
		comma := strings.Index(s[i:], ", ")
		if comma < 0 {
			i = len(s)
		} else {
			i += comma + 2
		}
	}
}

// label is the label at a place of a detail: its field, fieldCount for the number of an item, and where its value begins.
func label(s string, at int) (id uint8, value int, ok bool) {
	end := strings.Index(s[at:min(len(s), at+maxLabel)], ": ")
	if end < 0 {
		return 0, 0, false
	}
	name := s[at : at+end]
	if id, ok := labels[name]; ok {
		return id, at + end + 2, true
	}
	if _, err := strconv.ParseUint(name, 10, 16); err == nil {
		return fieldCount, at + end + 2, true
	}
	return 0, 0, false
}

// detailValue puts a value of the Detail column as a log would have it, as far as that can be told.
func (d *decoder) detailValue(id uint8, s string, at field.Span) {
	switch words[id].style {
	case grouped, decimal:
		if u, ok := parseGrouped(s); ok {
			d.e.Put(id, field.U(u), at)
		}
	case signed:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			d.e.Put(id, field.Value{Type: field.Int, U: uint64(n)}, at)
		}
	case hexed:
		if u, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64); err == nil {
			d.e.Put(id, field.U(u), at)
		}
	case boolean:
		d.e.Put(id, field.Value{Type: field.Bool, U: map[string]uint64{"True": 1}[s]}, at)
	case seconds, inWords:
		if ns, ok := parseSeconds(strings.TrimSuffix(s, " seconds")); ok {
			d.e.Put(id, field.Value{Type: field.Duration, U: ns}, at)
		}
	case text:
		d.put(id, s, at)
	}
}

// parseGrouped reads a number whose thousands are told apart in the way of any region.
func parseGrouped(s string) (uint64, bool) {
	var b [32]byte
	n := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9' && n < len(b):
			b[n] = byte(r)
			n++
		case i > 0 && (r == ',' || r == '.' || r == '\'' || r == '\u2019' || r == ' ' || r == '\u00a0' || r == '\u202f'):
		default:
			return 0, false
		}
	}
	u, err := strconv.ParseUint(string(b[:n]), 10, 64)
	return u, err == nil
}

// parseSeconds reads seconds with up to nine decimals behind a point or a comma.
func parseSeconds(s string) (ns uint64, ok bool) {
	whole, fraction, _ := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if len(fraction) > 9 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole, 10, 32)
	f, err2 := strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 32)
	return n*1e9 + f, err == nil && err2 == nil
}
