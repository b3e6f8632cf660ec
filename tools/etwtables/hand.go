package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed providers.tsv
var providersTSV string

//go:embed hints.tsv
var hintsTSV string

//go:embed names.tsv
var namesTSV string

// A provider is a row of providers.tsv.
type provider struct {
	folder string // package folder below the output folder
	json   string // the name in events_<name>.json and in the value maps
	guid   string // with braces, upper case
}

// A hint adds what the sources do not say of a field.
type hint struct {
	provider                        string // json name, * for all
	ids                             [][2]int
	field                           *regexp.Regexp
	in, out, mapName, length, count string
	forType                         string // only fields of this type; "" for all
}

// hand is what the tables written by hand say.
type hand struct {
	providers []provider
	hints     []hint
	names     map[string]string // "provider id"
}

func readHand() (*hand, error) {
	h := &hand{names: map[string]string{}}
	for _, r := range rows(providersTSV) {
		if len(r) != 3 {
			return nil, fmt.Errorf("providers.tsv: %q has not 3 columns", r)
		}
		h.providers = append(h.providers, provider{r[0], r[1], r[2]})
	}
	for _, r := range rows(namesTSV) {
		if len(r) != 3 {
			return nil, fmt.Errorf("names.tsv: %q has not 3 columns", r)
		}
		h.names[r[0]+" "+r[1]] = r[2]
	}
	for _, r := range rows(hintsTSV) {
		x, err := parseHint(r)
		if err != nil {
			return nil, fmt.Errorf("hints.tsv: %q: %w", r, err)
		}
		h.hints = append(h.hints, x)
	}
	return h, nil
}

// rows splits a table into lines and columns; # starts a comment line.
func rows(text string) [][]string {
	var rs [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && line[0] != '#' {
			rs = append(rs, strings.Split(line, "\t"))
		}
	}
	return rs
}

func parseHint(r []string) (hint, error) {
	if len(r) != 4 {
		return hint{}, fmt.Errorf("needs 4 columns, has %d", len(r))
	}
	x := hint{provider: r[0]}
	if r[1] != "*" {
		for part := range strings.SplitSeq(r[1], ",") {
			lo, hi, ok := strings.Cut(part, "-")
			if !ok {
				hi = lo
			}
			a, err1 := strconv.Atoi(lo)
			b, err2 := strconv.Atoi(hi)
			if err1 != nil || err2 != nil {
				return x, fmt.Errorf("bad ids %q", part)
			}
			x.ids = append(x.ids, [2]int{a, b})
		}
	}
	pattern, forType, _ := strings.Cut(r[2], ":")
	x.forType = forType
	var err error
	if x.field, err = regexp.Compile("^(?:" + pattern + ")$"); err != nil {
		return x, err
	}
	for part := range strings.FieldsSeq(r[3]) {
		key, value, _ := strings.Cut(part, "=")
		into := map[string]*string{"in": &x.in, "out": &x.out, "map": &x.mapName, "len": &x.length, "count": &x.count}[key]
		if into == nil || value == "" {
			return x, fmt.Errorf("bad attribute %q", part)
		}
		*into = value
	}
	return x, nil
}

// matches reports whether the hint speaks of this field.
func (x *hint) matches(p provider, v *variant, f *field) bool {
	if x.provider != "*" && x.provider != p.json || x.forType != "" && x.forType != f.in {
		return false
	}
	in := len(x.ids) == 0
	for _, r := range x.ids {
		in = in || v.id >= r[0] && v.id <= r[1]
	}
	return in && x.field.MatchString(f.name)
}
