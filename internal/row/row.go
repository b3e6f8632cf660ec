// Package row takes apart the rows of an exported table: a line of CSV (RFC 4180), or an XML element whose children
// are the columns. It is lenient: what cannot be told apart is taken as it stands.
package row

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// A Cell is one value of a row, with where it lies in the row. Value aliases the row, or the splitter when it had to be
// unescaped; Name is that of the element, nil in CSV.
type Cell struct {
	Name, Value []byte
	Off, Len    int
}

// A Splitter takes rows apart, one at a time. The cells of a row are valid until the next one.
type Splitter struct {
	cells []Cell
	buf   []byte
}

// maxCells bounds the cells of a row: Process Monitor has 30 columns.
const maxCells = 256

// CSV splits a line without its end.
func (s *Splitter) CSV(line []byte) []Cell {
	s.cells, s.buf = s.cells[:0], s.buf[:0]
	for at := 0; at <= len(line) && len(s.cells) < maxCells; {
		value, off, next := s.csvCell(line, at)
		s.cells = append(s.cells, Cell{Value: value, Off: off, Len: next - off})
		at = next
		for at < len(line) && line[at] != ',' { // what follows a closing quote
			at++
		}
		at++
	}
	return s.cells
}

// csvCell is the value that begins at a place, where it lies, and where it ends.
func (s *Splitter) csvCell(line []byte, at int) (value []byte, off, next int) {
	if at >= len(line) || line[at] != '"' {
		end := bytes.IndexByte(line[at:], ',')
		if end < 0 {
			end = len(line) - at
		}
		return line[at : at+end], at, at + end
	}
	from := at + 1
	first := len(s.buf)
	escaped := false
	for i := from; ; {
		q := bytes.IndexByte(line[i:], '"')
		switch {
		case q < 0: // no closing quote
			return s.rest(line[i:], line[from:], first, escaped), from, len(line)
		case i+q+1 < len(line) && line[i+q+1] == '"':
			s.buf = append(s.buf, line[i:i+q+1]...)
			escaped = true
			i += q + 2
		default:
			return s.rest(line[i:i+q], line[from:i+q], first, escaped), from, i + q
		}
	}
}

// rest is the whole value: what stands in the buffer and its last piece, or the bytes as they are when there is no escape in them.
func (s *Splitter) rest(last, whole []byte, first int, escaped bool) []byte {
	if !escaped {
		return whole
	}
	s.buf = append(s.buf, last...)
	return s.buf[first:len(s.buf):len(s.buf)]
}

// XML splits an element into its children that hold text; children of children are passed over.
func (s *Splitter) XML(element []byte) []Cell {
	s.cells, s.buf = s.cells[:0], s.buf[:0]
	depth := 0
	var name []byte
	start := 0
	for at := 0; len(s.cells) < maxCells; {
		open := bytes.IndexByte(element[at:], '<')
		if open < 0 {
			break
		}
		open += at
		end := bytes.IndexByte(element[open:], '>')
		if end < 0 {
			break
		}
		end += open
		tag := element[open+1 : end]
		switch {
		case len(tag) == 0 || tag[0] == '?' || tag[0] == '!' || tag[len(tag)-1] == '/':
		case tag[0] == '/':
			if depth == 2 && bytes.Equal(tag[1:], name) {
				s.cells = append(s.cells, Cell{Name: name, Value: s.unescape(element[start:open]), Off: start, Len: open - start})
			}
			depth--
			name = nil
		default:
			depth++
			name, start = nil, end+1
			if depth == 2 {
				name, _, _ = bytes.Cut(tag, []byte(" "))
			}
		}
		at = end + 1
	}
	return s.cells
}

var entities = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// maxEntity is the length of the longest reference: #x10FFFF.
const maxEntity = 8

// unescape resolves references to characters; one that is not known stays as it stands.
func (s *Splitter) unescape(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	first := len(s.buf)
	for len(b) > 0 {
		amp := bytes.IndexByte(b, '&')
		if amp < 0 {
			break
		}
		s.buf = append(s.buf, b[:amp]...)
		b = b[amp:]
		end := bytes.IndexByte(b[:min(len(b), maxEntity+2)], ';')
		r, ok := rune(0), false
		if end > 0 {
			r, ok = entity(string(b[1:end]))
		}
		if !ok {
			s.buf = append(s.buf, '&')
			b = b[1:]
			continue
		}
		s.buf = utf8.AppendRune(s.buf, r)
		b = b[end+1:]
	}
	s.buf = append(s.buf, b...)
	return s.buf[first:len(s.buf):len(s.buf)]
}

func entity(name string) (rune, bool) {
	if r, ok := entities[name]; ok {
		return r, true
	}
	base, digits := 10, ""
	switch {
	case len(name) > 2 && name[:2] == "#x":
		base, digits = 16, name[2:]
	case len(name) > 1 && name[0] == '#':
		digits = name[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}

// Column is the name of a column without what exports write differently: letters alone, in lower case. "Time of Day",
// Time_of_Day and TimeOfDay are one.
func Column(name []byte) string {
	out := make([]byte, 0, len(name))
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z':
			out = append(out, c)
		}
	}
	return string(out)
}
