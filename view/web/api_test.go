package web

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/view/api"
)

var update = flag.Bool("update", false, "write the shapes in docs/api.md anew")

const apiPage = "../../docs/api.md"

// TestAPIPage: docs/api.md has every resource, and the shapes as they are.
func TestAPIPage(t *testing.T) {
	b, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	const begin, end = "<!-- shapes -->\n", "<!-- end of shapes -->"
	before, rest, ok := strings.Cut(page, begin)
	shown, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for shapes", apiPage)
	}
	if want := shapes(t); shown != want {
		if !*update {
			t.Errorf("the shapes in %s are not those of the program: run make update", apiPage)
		} else if err := os.WriteFile(apiPage, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var s Server
	for pattern := range s.routes() {
		if !strings.Contains(before, "`"+strings.TrimSuffix(pattern, "{$}")+"`") {
			t.Errorf("%s does not have %s", apiPage, pattern)
		}
	}
	for _, name := range api.Names() {
		if !strings.Contains(before, "\n| `"+name+"` |") {
			t.Errorf("%s does not have the resource %s", apiPage, name)
		}
	}
}

// shapes are tables of what answers consist of, those of JSON Lines left out.
func shapes(t *testing.T) string {
	var out strings.Builder
	var queue []reflect.Type
	for _, v := range []any{Root{}, Rows{}, api.Record{}, Place{}, FieldName{}, api.Error{}, api.Explained{}, api.Report{}, api.Process{}, api.Timeline{}, api.LanedRow{}, api.Ladder{}, api.Picture{}, api.Followed{}, api.Compared{}} {
		queue = append(queue, reflect.TypeOf(v))
	}
	for i := 0; i < len(queue); i++ {
		fmt.Fprintf(&out, "\n### %s\n\n| field | type | meaning |\n|---|---|---|\n", queue[i].Name())
		for f := range fieldsOf(queue[i]) {
			if f.Anonymous {
				fmt.Fprintf(&out, "| | | what the %s has |\n", nameOf(f.Type))
				continue
			}
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() {
				continue
			}
			if f.Tag.Get("doc") == "" {
				t.Errorf("%s.%s has no doc", queue[i], f.Name)
			}
			kind, inside := typeName(f.Type)
			if strings.Contains(options, "omitempty") {
				kind += ", optional"
			}
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", name, kind, strings.ReplaceAll(f.Tag.Get("doc"), "'", "`"))
			if inside != nil && !slices.Contains(queue, inside) {
				queue = append(queue, inside)
			}
		}
	}
	return out.String() + "\n"
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// typeName is what a type is in JSON, and the shape to describe that it has inside, nil for none.
func typeName(t reflect.Type) (name string, inside reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "text", nil
		}
		name, inside = typeName(t.Elem())
		return "list of " + name, inside
	case reflect.Struct:
		if n := nameOf(t); n != t.Name() {
			return n, nil
		}
		return t.Name(), t
	case reflect.String:
		return "text", nil
	case reflect.Bool:
		return "boolean", nil
	case reflect.Interface:
		return "object", nil
	}
	return "number", nil
}

// nameOf is the name of a shape: of JSON Lines, the object that it is.
func nameOf(t reflect.Type) string {
	if !strings.HasSuffix(t.PkgPath(), "/jsonl") {
		return t.Name()
	}
	return "`" + strings.ToLower(strings.TrimSuffix(t.Name(), "Info")) + "` object"
}
