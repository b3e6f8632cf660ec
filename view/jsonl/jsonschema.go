package jsonl

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
)

// A node is a JSON Schema (draft 2020-12), or a part of one.
type node map[string]any

// JSONSchema is the schema of one line, from the declarations of the objects. A strict one refuses fields that it does not name:
// readers must take them, as a new field does not change the version.
func JSONSchema(strict bool) ([]byte, error) {
	defs, kinds, cases := node{}, []string{}, []node{}
	for _, s := range shapes {
		object := objectOf(reflect.TypeOf(s.of), defs, strict)
		object["description"] = s.about
		props := object["properties"].(node)
		props["schema"], props["kind"] = node{"const": Schema}, node{"const": s.kind}
		object["required"] = append([]string{"schema", "kind"}, object["required"].([]string)...)
		defs[s.kind] = object
		kinds = append(kinds, s.kind)
		cases = append(cases, node{"if": node{"properties": node{"kind": node{"const": s.kind}}}, "then": node{"$ref": "#/$defs/" + s.kind}})
	}
	return json.MarshalIndent(node{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:wiretale:jsonl:1", "title": "One line of the JSON Lines of wiretale",
		"type": "object", "required": []string{"schema", "kind"}, "properties": node{"schema": node{"const": Schema}, "kind": node{"enum": kinds}},
		"allOf": cases, "$defs": defs,
	}, "", "  ")
}

// objectOf describes a struct; the types inside it are added to the definitions, under names that begin with a capital.
func objectOf(t reflect.Type, defs node, strict bool) node {
	props, required := node{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			continue
		}
		name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
		v := valueOf(f.Type, defs, strict)
		doc := f.Tag.Get("doc")
		if words := enumerated(doc); words != nil && f.Type.Kind() == reflect.String {
			v["enum"] = words
		}
		if opt != "omitempty" {
			required = append(required, name)
			if k := f.Type.Kind(); k == reflect.Pointer || k == reflect.Slice || k == reflect.Map {
				v = node{"anyOf": []node{v, {"type": "null"}}}
			}
		}
		v["description"] = strings.ReplaceAll(doc, "'", "`")
		props[name] = v
	}
	object := node{"type": "object", "properties": props, "required": required}
	if strict {
		object["additionalProperties"] = false
	}
	return object
}

func valueOf(t reflect.Type, defs node, strict bool) node {
	switch t.Kind() {
	case reflect.Pointer:
		return valueOf(t.Elem(), defs, strict)
	case reflect.Slice, reflect.Array:
		return node{"type": "array", "items": valueOf(t.Elem(), defs, strict)}
	case reflect.Map:
		return node{"type": "object", "additionalProperties": valueOf(t.Elem(), defs, strict)}
	case reflect.Struct:
		if _, known := defs[t.Name()]; !known {
			defs[t.Name()] = node{} // a type may hold itself
			defs[t.Name()] = objectOf(t, defs, strict)
		}
		return node{"$ref": "#/$defs/" + t.Name()}
	case reflect.Bool:
		return node{"type": "boolean"}
	case reflect.String:
		return node{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return node{"type": "number"}
	case reflect.Interface:
		return node{}
	}
	return node{"type": "integer"}
}

var onlyWords = regexp.MustCompile(`^'[^']+'(, '[^']+')+$`)

// enumerated are the values of a field whose meaning is a list of them: 'note', 'warning', 'error'.
func enumerated(doc string) (words []string) {
	if onlyWords.MatchString(doc) {
		for _, m := range quoted.FindAllStringSubmatch(doc, -1) {
			words = append(words, m[1])
		}
	}
	return words
}
