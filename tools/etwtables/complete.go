package main

import (
	"fmt"
	"slices"
	"strings"
)

// complete fills in what the sources leave out, in this order; what is there
// already is kept, except that a hint wins over everything:
//
//  1. what a trace says of the same event (any version), by field name
//  2. hints.tsv and names.tsv
//  3. the map that the same field name has elsewhere in the provider, when it
//     has only one: the sources name a map at its first use only
//  4. the length of a field: as in another variant of the event, else the
//     field called <name>Length, _<name>Length, <name>Len or <name>Size, else
//     the nearest length field before it
func complete(p provider, vs []variant, tdh []tdhEvent, h *hand) {
	for i := range vs {
		v := &vs[i]
		if name, ok := h.names[fmt.Sprintf("%s %d", p.json, v.id)]; ok {
			v.name = name
		}
		for _, e := range tdh {
			if e.ID == v.id {
				fromTrace(v, e)
			}
		}
		for j := range v.fields {
			applyHints(p, v, &v.fields[j], h.hints)
		}
	}
	mapsByName(vs)
	for i := range vs {
		for j := range vs[i].fields {
			lengthOf(vs, &vs[i], j)
		}
	}
}

func fromTrace(v *variant, e tdhEvent) {
	for _, prop := range e.Props {
		name := strings.ReplaceAll(prop[0].(string), " ", "")
		i := slices.IndexFunc(v.fields, func(f field) bool { return f.name == name })
		if i < 0 {
			continue
		}
		f := &v.fields[i]
		if out := tdhOut[int(prop[2].(float64))]; out != "" && f.out == "" {
			f.out = out
		}
		if m := prop[4].(string); m != "" && f.mapName == "" {
			f.mapName = m
		}
	}
}

func applyHints(p provider, v *variant, f *field, hints []hint) {
	for i := range hints {
		x := &hints[i]
		if !x.matches(p, v, f) {
			continue
		}
		for _, set := range []struct {
			to   *string
			from string
		}{{&f.in, x.in}, {&f.out, x.out}, {&f.mapName, x.mapName}, {&f.length, x.length}, {&f.count, x.count}} {
			if set.from == "none" {
				*set.to = ""
			} else if set.from != "" {
				*set.to = set.from
			}
		}
	}
}

// use is a field name with its type.
type use struct{ name, in string }

func mapsByName(vs []variant) {
	maps := map[use]string{}
	for _, v := range vs {
		for _, f := range v.fields {
			u := use{f.name, f.in}
			if f.mapName == "" {
				continue
			}
			if old, ok := maps[u]; ok && old != f.mapName {
				maps[u] = "" // ambiguous: only a hint can tell
				continue
			}
			maps[u] = f.mapName
		}
	}
	for _, v := range vs {
		for j := range v.fields {
			f := &v.fields[j]
			if f.mapName == "" && f.out == "" {
				f.mapName = maps[use{f.name, f.in}]
			}
		}
	}
}

// noLength marks a field that takes what is left of the payload.
const noLength = "rest"

func lengthOf(vs []variant, v *variant, j int) {
	f := &v.fields[j]
	if f.length != "" || f.count != "" {
		return
	}
	before := v.fields[:j]
	if i := slices.IndexFunc(before, func(b field) bool { return b.name == "_"+f.name+"Length" }); i >= 0 && isString(f.in) {
		f.length = before[i].name
	}
	if f.in != "bin" && !isString(f.in) || f.length != "" {
		return
	}
	for _, o := range vs {
		if o.id != v.id {
			continue
		}
		for _, of := range o.fields {
			if of.name == f.name && of.length != "" && (isNumber(of.length) || has(before, of.length)) {
				f.length = of.length
				return
			}
		}
	}
	if f.in != "bin" {
		return
	}
	for _, suffix := range []string{"Length", "Len", "Size"} {
		for _, b := range before {
			if strings.EqualFold(b.name, f.name+suffix) {
				f.length = b.name
				return
			}
		}
	}
	for i := j - 1; i >= 0; i-- {
		name := before[i].name
		if strings.HasSuffix(name, "Length") && name != "DestinationPrefixLength" || strings.HasSuffix(name, "Len") || strings.HasSuffix(name, "Size") {
			f.length = name
			return
		}
	}
}

func isString(in string) bool { return in == "wstr" || in == "astr" }

func isNumber(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func has(fs []field, name string) bool {
	return slices.ContainsFunc(fs, func(f field) bool { return f.name == name })
}

// check refuses a table that cannot be right: a length or count that names no
// field before, and bytes of unknown length that are not the last field.
func check(p provider, vs []variant) error {
	for i := range vs {
		v := &vs[i]
		for j := range v.fields {
			f := &v.fields[j]
			where := fmt.Sprintf("%s %d.%d %s", p.json, v.id, v.version, f.name)
			if f.length == noLength {
				f.length = ""
				continue
			}
			for _, ref := range []string{f.length, f.count} {
				if ref != "" && !isNumber(ref) && !has(v.fields[:j], ref) {
					return fmt.Errorf("%s: there is no field %q before it", where, ref)
				}
			}
			if f.in == "bin" && f.length == "" && j != len(v.fields)-1 {
				return fmt.Errorf("%s: no length is known, and it is not the last field: add a hint", where)
			}
		}
	}
	return nil
}
