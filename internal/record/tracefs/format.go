package tracefs

import (
	"fmt"
	"strconv"
	"strings"
)

// A Format is what the file format of an event says of its records (Documentation/trace/events.rst of the kernel).
type Format struct {
	ID     uint16
	Fields []Field
	// Symbols are names of the values of a field, by the field, as the line "print fmt" has them.
	Symbols map[string]map[uint64]string
}

// A Field is a part of a record. Offsets count from the beginning of the record, bytes are in the order of the kernel.
type Field struct {
	Name         string
	Offset, Size int
	Signed       bool
}

// maxRecord bounds offsets: a record lies in one page of the ring, and the largest pages of it have 64 KiB.
const maxRecord = 1 << 16

// Field is the field of a name; ok is false when the record has none.
func (f *Format) Field(name string) (field Field, ok bool) {
	for _, field := range f.Fields {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}

// ParseFormat reads a file format, or what events/header_page says of a page.
func ParseFormat(text string) (*Format, error) {
	f := &Format{Symbols: map[string]map[uint64]string{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		var err error
		switch {
		case strings.HasPrefix(line, "ID:"):
			var id uint64
			id, err = strconv.ParseUint(strings.TrimSpace(line[3:]), 10, 16)
			f.ID = uint16(id)
		case strings.HasPrefix(line, "field:"):
			var field Field
			field, err = parseField(line)
			f.Fields = append(f.Fields, field)
		case strings.HasPrefix(line, "print fmt:"):
			f.symbols(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d of a format: %w", number, err)
		}
	}
	if len(f.Fields) == 0 {
		return nil, fmt.Errorf("a format without fields")
	}
	return f, nil
}

// parseField reads "field:__u8 saddr[4];	offset:32;	size:4;	signed:0;".
func parseField(line string) (f Field, err error) {
	for part := range strings.SplitSeq(line, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), ":")
		switch key {
		case "field":
			name, _, _ := strings.Cut(value, "[")
			if strings.HasSuffix(strings.TrimRight(name, " "), "__data_loc char") { // __data_loc char[] name
				_, name, _ = strings.Cut(value, "]")
			}
			words := strings.Fields(name)
			if len(words) == 0 {
				return f, fmt.Errorf("a field without a name: %q", line)
			}
			f.Name = strings.TrimLeft(words[len(words)-1], "*")
		case "offset":
			f.Offset, err = strconv.Atoi(value)
		case "size":
			f.Size, err = strconv.Atoi(value)
		case "signed":
			f.Signed = value != "0"
		}
		if err != nil {
			return f, fmt.Errorf("%s %q: %w", key, value, err)
		}
	}
	if f.Name == "" || f.Offset < 0 || f.Size < 0 || f.Offset > maxRecord || f.Size > maxRecord {
		return f, fmt.Errorf("no place of a field: %q", line)
	}
	return f, nil
}

// symbols takes the lists of __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, ...). Values that are no numbers are left out.
func (f *Format) symbols(line string) {
	const begin = "__print_symbolic(REC->"
	for {
		at := strings.Index(line, begin)
		if at < 0 {
			return
		}
		line = line[at+len(begin):]
		name, rest, ok := strings.Cut(line, ",")
		if !ok {
			return
		}
		list := map[uint64]string{}
		for {
			rest = strings.TrimLeft(rest, ", ")
			if !strings.HasPrefix(rest, "{") {
				break
			}
			pair, after, ok := strings.Cut(rest[1:], "}")
			if !ok {
				break
			}
			value, text, _ := strings.Cut(pair, ",")
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 0, 64); err == nil {
				list[n] = strings.Trim(strings.TrimSpace(text), `"`)
			}
			rest = after
		}
		f.Symbols[strings.TrimSpace(name)] = list
		line = rest
	}
}
