package provider

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// Embedded is the text tables of a built-in provider.
//
// events: id, version, first and last build (0 = open), name, fields, by tabs.
// Events of one layout may share a line: ids and names are then lists of the
// same length, by commas, and the version is a list of numbers and ranges ("0,2-3").
// A field is name:type, then /meaning, {value map}, [length: a field or a
// number] and *count: a field, a number, or "rest" for what is left of the
// payload, as far as it has them; fields are separated by a blank.
//
// maps: map, first and last build, "bits" when the values are bits, value, text.
//
// messages: id, message with %{Field} for the fields, %{A|B} for A unless it is
// empty or zero; the first message of an id whose fields all exist is taken.
//
// A line that begins with # is a comment.
type Embedded struct {
	Events, Maps, Messages string
}

// New makes a built-in provider whose tables are parsed on first use. short is
// the name for narrow columns, module Network Monitor's name of its parser.
func New(guid, name, short, module string, tables Embedded) *Provider {
	return &Provider{
		GUID: trace.MustGUID(guid), Name: name, Short: short, Module: module,
		Load: sync.OnceValue(func() *Table {
			t, err := ParseTable(tables)
			if err != nil {
				// The tables are part of the program, and a test parses all of them.
				panic(name + ": " + err.Error())
			}
			return t
		}),
	}
}

// ParseTable parses the text tables.
func ParseTable(e Embedded) (*Table, error) {
	t := &Table{Events: map[Key][]*Definition{}, Maps: map[string][]MapVariant{}, Agreed: map[string]MapVariant{}, Wording: map[uint16][]string{}}
	for _, step := range []struct {
		name, text string
		columns    int
		row        func(*Table, []string) error
	}{
		{"messages", e.Messages, 2, (*Table).addMessage},
		{"maps", e.Maps, 6, (*Table).addMapValue},
		{"events", e.Events, 6, (*Table).addEvent},
	} {
		n := 0
		for line := range strings.Lines(step.text) {
			n++
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			cells := strings.Split(line, "\t")
			err := error(nil)
			if len(cells) != step.columns {
				err = fmt.Errorf("%d columns, want %d", len(cells), step.columns)
			} else {
				err = step.row(t, cells)
			}
			if err != nil {
				return nil, fmt.Errorf("%s line %d: %w", step.name, n, err)
			}
		}
	}
	t.closeGaps()
	return t, nil
}

// closeGaps adds to each map the variants of the builds between those of which it is known.
func (t *Table) closeGaps() {
	for name, vs := range t.Maps {
		if len(vs) < 2 {
			continue
		}
		t.Agreed[name] = agreed(vs...)
		var all []MapVariant
		for i, v := range vs {
			all = append(all, v)
			if i+1 < len(vs) && v.To+1 < vs[i+1].From {
				gap := agreed(v, vs[i+1])
				gap.From, gap.To = v.To+1, vs[i+1].From-1
				all = append(all, gap)
			}
		}
		t.Maps[name] = all
	}
}

// agreed is what maps do not contradict each other in.
func agreed(vs ...MapVariant) MapVariant {
	out := MapVariant{Unsure: true, Bits: vs[0].Bits, Values: field.Names{}}
	contradicted := map[uint64]bool{}
	for _, v := range vs {
		for value, text := range v.Values {
			if before, ok := out.Values[value]; ok && before != text {
				contradicted[value] = true
			}
			out.Values[value] = text
		}
	}
	for value := range contradicted {
		delete(out.Values, value)
	}
	return out
}

func (t *Table) addMessage(c []string) error {
	id, err := strconv.ParseUint(c[0], 10, 16)
	if err != nil {
		return err
	}
	t.Wording[uint16(id)] = append(t.Wording[uint16(id)], c[1])
	return nil
}

func (t *Table) addMapValue(c []string) error {
	from, err1 := strconv.Atoi(c[1])
	to, err2 := strconv.Atoi(c[2])
	value, err3 := strconv.ParseUint(c[4], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return fmt.Errorf("bad numbers in %q", c)
	}
	vs := t.Maps[c[0]]
	if len(vs) == 0 || vs[len(vs)-1].From != from {
		vs = append(vs, MapVariant{From: from, To: to, Bits: c[3] == "bits", Values: field.Names{}})
		t.Maps[c[0]] = vs
	}
	vs[len(vs)-1].Values[value] = c[5]
	return nil
}

func (t *Table) addEvent(c []string) error {
	ids, err1 := numbers(c[0], 16)
	versions, err2 := numbers(c[1], 8)
	from, err3 := strconv.Atoi(c[2])
	to, err4 := strconv.Atoi(c[3])
	names := strings.Split(c[4], ",")
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return fmt.Errorf("bad numbers in %q", c[:4])
	}
	if len(names) != len(ids) {
		return fmt.Errorf("%d names for %d events", len(names), len(ids))
	}
	fields, err := t.parseFields(c[5])
	if err != nil {
		return err
	}
	for i, id := range ids {
		for _, version := range versions {
			d := &Definition{Key: Key{id, uint8(version)}, Name: names[i], Fields: fields, From: from, To: to}
			d.complete()
			d.Message = t.wording(d)
			t.Events[d.Key] = append(t.Events[d.Key], d)
		}
	}
	return nil
}

// numbers reads a list of numbers and ranges: "1,3-5".
func numbers(text string, bits int) ([]uint16, error) {
	var out []uint16
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.ParseUint(low, 10, bits)
		last, err2 := strconv.ParseUint(high, 10, bits)
		if err1 != nil || err2 != nil || last < first {
			return nil, fmt.Errorf("bad numbers %q", part)
		}
		for n := first; n <= last; n++ {
			out = append(out, uint16(n))
		}
	}
	return out, nil
}

func (t *Table) parseFields(text string) ([]Field, error) {
	fields := make([]Field, 0, strings.Count(text, " ")+1)
	for text := range strings.FieldsSeq(text) {
		f, err := parseField(text, fields)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", text, err)
		}
		if _, ok := t.Maps[f.Map]; !ok && f.Map != "" {
			f.Map = "" // the sources name a few maps whose values they do not give
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// parseField parses one field; before are the fields that length and count may refer to.
func parseField(text string, before []Field) (Field, error) {
	f := Field{LengthOf: -1, CountOf: -1}
	name, rest, ok := strings.Cut(text, ":")
	if !ok {
		return f, fmt.Errorf("no type")
	}
	f.Name = name
	rest, count, _ := strings.Cut(rest, "*")
	rest, length, _ := strings.Cut(rest, "[")
	rest, f.Map, _ = strings.Cut(rest, "{")
	f.Map = strings.TrimSuffix(f.Map, "}")
	in, out, _ := strings.Cut(rest, "/")
	if f.In, ok = inNames[in]; !ok {
		return f, fmt.Errorf("unknown type %q", in)
	}
	if f.Out, ok = outNames[out]; !ok {
		return f, fmt.Errorf("unknown meaning %q", out)
	}
	var err error
	if f.LengthOf, f.Length, err = reference(strings.TrimSuffix(length, "]"), before); err != nil {
		return f, err
	}
	if count == "rest" {
		f.CountOf, f.Count = -1, ToEnd
		return f, nil
	}
	f.CountOf, f.Count, err = reference(count, before)
	return f, err
}

// reference resolves a length or count: the name of a field, the last one of that name, or a number.
func reference(text string, before []Field) (index, number int, err error) {
	if text == "" {
		return -1, 0, nil
	}
	if n, err := strconv.Atoi(text); err == nil {
		return -1, n, nil
	}
	for i := len(before) - 1; i >= 0; i-- {
		if before[i].Name == text {
			return i, 0, nil
		}
	}
	return -1, 0, fmt.Errorf("no field %q before it", text)
}

var inNames = map[string]InType{
	"wstr": InUnicodeString, "astr": InAnsiString, "i8": InInt8, "u8": InUInt8, "i16": InInt16, "u16": InUInt16,
	"i32": InInt32, "u32": InUInt32, "i64": InInt64, "u64": InUInt64, "f32": InFloat, "f64": InDouble,
	"bool": InBoolean, "bin": InBinary, "guid": InGUID, "ptr": InPointer, "filetime": InFileTime, "systime": InSystemTime,
	"sid": InSID, "wbemsid": InWBEMSID, "hex32": InHexInt32, "hex64": InHexInt64, "cwstr": InCountedString, "castr": InCountedAnsiString, "cbin": InCountedBinary,
}

var outNames = map[string]OutType{
	"": OutNull, "ntstatus": OutNTStatus, "win32": OutWin32Error, "hresult": OutHResult, "sockaddr": OutSocketAddress,
	"ipv4": OutIPv4, "ipv6": OutIPv6, "mac": OutMAC, "port": OutPort, "hex": OutHexInt64, "pid": OutPID,
}

// complete computes what Decode and AppendText want to know of a layout
// beforehand, and drops references to fields that do not come before.
func (d *Definition) complete() {
	d.redundant = make([]bool, len(d.Fields))
	d.plan = make([]step, len(d.Fields))
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.LengthOf >= i {
			f.LengthOf = -1
		}
		if f.CountOf >= i {
			f.CountOf = -1
		}
		if f.LengthOf >= 0 {
			d.redundant[f.LengthOf] = true
		}
		if f.CountOf >= 0 {
			d.redundant[f.CountOf] = true
		}
		d.plan[i] = newStep(f)
	}
}

// least is the number of bytes that one element takes at least.
func (f *Field) least() int {
	if n := fixedSize(f.In, 4); n > 0 {
		return n
	}
	return f.Length * width(f.In)
}

// wording is the first message of the event's id whose fields the layout has, with %n for the fields.
func (t *Table) wording(d *Definition) string {
	for _, m := range t.Wording[d.ID] {
		if s, ok := d.bind(m); ok {
			return s
		}
	}
	return ""
}

// alternative stands between the numbers of fields of which the first that is
// not empty is shown: "%4%|%6". It is no sequence of message texts of Windows.
const alternative = "%|"

// bind turns %{Field} into the field's number.
func (d *Definition) bind(message string) (string, bool) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(message, "%{")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		names, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", false
		}
		for i, name := range strings.Split(names, "|") {
			f := d.index(name)
			if f < 0 {
				return "", false
			}
			if i > 0 {
				b.WriteString(alternative)
			}
			b.WriteByte('%')
			b.WriteString(strconv.Itoa(f + 1))
		}
		// A digit that follows in the text would become part of the number.
		if after != "" && after[0] >= '0' && after[0] <= '9' {
			return "", false
		}
		message = after
	}
}

// index finds a field by name, -1 without. Traces write "IPv4 Address" where manifests write "IPv4Address".
func (d *Definition) index(name string) int {
	for i := range d.Fields {
		if sameName(d.Fields[i].Name, name) {
			return i
		}
	}
	return -1
}

func sameName(a, b string) bool {
	return a == b || strings.Contains(a, " ") && strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "")
}
