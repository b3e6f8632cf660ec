package jsonl

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// shapes are the objects by kind, in the order of the documentation.
var shapes = []struct {
	kind  string
	about string
	of    any
}{
	{"source", "One input file.", Source{}},
	{"finding", "One cause, proven by records, in order of rank.", Finding{}},
	{"spending", "Where the time of a conversation went that findings with a cost are about, the most expensive first, 20 at most.", Spending{}},
	{"withheld", "A diagnosis that was not applied, and why.", Withheld{}},
	{"point", "One capture point, when several files are compared.", Point{}},
	{"route", "The points that conversations pass one after another, and what became of packets from each to the next.", Route{}},
	{"path", "What two capture points saw of the same traffic.", Path{}},
	{"conversation", "One instance of a connection, or of a pair of talking endpoints.", Conversation{}},
	{"process", "A process of a host that recorded events.", ProcessInfo{}},
	{"socket", "What the application calls a socket.", Socket{}},
	{"api_call", "One API call as the application sees it, in order: what AFD splits is one, what blocks in parts is several.", Step{}},
	{"afd_call", "One pair of AFD events, from enter to exit, or an indication from below.", Call{}},
	{"tcb", "A TCP control block of the stack.", TCB{}},
	{"state", "A change of TCP state, after the tcb that it belongs to.", State{}},
	{"join", "One step from an object to another, with its evidence.", Join{}},
	{"drop", "What the host says it dropped for one reason, at one component, of one conversation.", Drop{}},
	{"loss", "What could not be read of a source.", Loss{}},
	{"summary", "Counts of the whole case; the last object.", Summary{}},
	{"file_io", "Which calls of a process made which requests for a file, of `requests`: a Process Monitor log beside a capture.", FileIO{}},
	{"comparison", "What two runs of the same work say together, of `compare`; the finding follows when one is slower.", Comparison{}},
	{"run", "One of the two runs of `compare`.", RunOfTwo{}},
	{"factor", "The part of the ratio that one difference makes, of `compare`.", Factor{}},
	{"what_if", "The rate that the slow run would have if something were different, of `compare`.", WhatIf{}},
	{"work", "What was asked of one file or name with one command, of `compare`.", Work{}},
	{"story", "What happened in one conversation, of `story`.", Told{}},
	{"recipe", "How to record what would settle a finding, of `recipe`.", Recipe{}},
	{"row", "One record, of `packets`, `timeline` and `show`.", Row{}},
	{"pair", "Two endpoints that talked, of `convs --type`.", Pair{}},
	{"endpoint", "One endpoint, of `stats endpoints`.", Endpoint{}},
	{"protocol", "One protocol at its place in the frames, of `stats hierarchy`.", Protocol{}},
	{"interval", "What counts for one filter in one interval, of `stats io`.", Interval{}},
	{"round_trip", "Round-trip times of one TCP conversation, of `stats rtt`.", RoundTrip{}},
	{"remark", "What is said of packets, and of how many, of `stats expert`.", Remark{}},
	{"request", "A question with its answer, of `requests`, in the order of the questions.", Request{}},
	{"login", "How a connection of SQL Server was opened, of `requests`.", Login{}},
	{"object", "One file that a connection carried, of `export objects`.", Carried{}},
	{"tally", "What `live` has told of one thing, at the end.", Tally{}},
	{"rule", "One diagnosis of the catalogue, of `rules`.", Rule{}},
}

// Document is the description of the schema in Markdown, from the declarations of the objects.
func Document() string {
	var b strings.Builder
	b.WriteString(preface)
	var parts []reflect.Type
	seen := map[reflect.Type]bool{}
	for _, s := range shapes {
		t := reflect.TypeOf(s.of)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.kind, s.about)
		parts = append(parts, fields(&b, t, seen)...)
	}
	b.WriteString("\n# Parts\n\nObjects inside others.\n")
	for len(parts) > 0 {
		t := parts[0]
		parts = parts[1:]
		fmt.Fprintf(&b, "\n## %s\n\n", t.Name())
		parts = append(parts, fields(&b, t, seen)...)
	}
	return b.String()
}

const preface = `# JSON Lines

` + "`wiretale -T jsonl FILE...`" + ` writes one JSON object a line. Every object has ` + "`schema`, `" + Schema + "`, and `kind`" + `;
a new field does not change the version, a changed or removed one does.

Times are ISO 8601 in UTC with nanoseconds. Names that end in ` + "`_ns`" + ` are durations, integers in nanoseconds.
A field marked "optional" is left out when it is empty or not known: a trace whose clock did not advance has no times and no durations.
[jsonl.schema.json](jsonl.schema.json) is the same as a JSON Schema (draft 2020-12) of one line; fields that it does not name may come later.
Both are written from the program: ` + "`make update`" + `.
`

var quoted = regexp.MustCompile(`'([^']+)'`)

// fields writes the table of a type and returns the types inside it that have not been seen.
func fields(b *strings.Builder, t reflect.Type, seen map[reflect.Type]bool) (parts []reflect.Type) {
	b.WriteString("| field | type | meaning |\n|---|---|---|\n")
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			continue
		}
		name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
		word, inner := typeName(f.Type)
		if opt == "omitempty" {
			word += ", optional"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, word, quoted.ReplaceAllString(f.Tag.Get("doc"), "`$1`"))
		if inner != nil && !seen[inner] {
			seen[inner] = true
			parts = append(parts, inner)
		}
	}
	return parts
}

// typeName is the JSON type of a field; inner is the part that it holds.
func typeName(t reflect.Type) (name string, inner reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		name, inner = typeName(t.Elem())
		return "list of " + name, inner
	case reflect.Map:
		return "object of text", nil
	case reflect.Struct:
		return t.Name(), t
	case reflect.Bool:
		return "boolean", nil
	case reflect.String:
		return "text", nil
	}
	return "number", nil
}
