package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/wiretale/wiretale/view/plot"
)

// check reads the flags that need no file.
func (f *plotFlags) check(a *app, opt *plot.Options) (format plot.Format, size plot.Size, err error) {
	fail := func(err error) (plot.Format, plot.Size, error) { return "", plot.Size{}, err }
	if err := f.belongs(opt.Kind); err != nil {
		return fail(err)
	}
	if format, err = f.pictureFormat(); err != nil {
		return fail(err)
	}
	if size, err = plot.ParseSize(f.size); err != nil {
		return fail(usage("for example --size 1200x700", "--size %w", err))
	}
	if f.given("interval") && f.interval <= 0 {
		return fail(usage("for example --interval 100ms", "--interval %v is not more than 0", f.interval))
	}
	if f.smooth < 1 || f.smooth > plot.MaxIntervals {
		return fail(usage("", "--sma %d is not from 1 to %d", f.smooth, plot.MaxIntervals))
	}
	if d := f.direction; d != "" && d != "client" && d != "server" {
		return fail(usage(oneOf(d, "client", "server"), "--direction %q is none of client, server", d))
	}
	if f.from < 0 || f.to < 0 || f.given("to") && f.to <= f.from {
		return fail(usage("for example --from 1.5s --to 2s", "there is no time from %v to %v", f.from, f.to))
	}
	opt.From, opt.To = f.from, f.to
	opt.Interval, opt.Smooth, opt.Unit = f.interval, f.smooth, plot.Unit(f.unit)
	if err := checkUnit(f.unit); err != nil {
		return fail(err)
	}
	if opt.Filters, err = f.lines(a); err != nil {
		return fail(err)
	}
	return format, size, nil
}

func checkUnit(unit string) error {
	var names []string
	for _, u := range plot.Units {
		if unit == string(u) {
			return nil
		}
		names = append(names, string(u))
	}
	return usage(oneOf(unit, names...), "--unit %q is none of %s", unit, strings.Join(names, ", "))
}

// belongs refuses flags that a graph does not have.
func (f *plotFlags) belongs(kind *plot.Kind) error {
	for _, flag := range []struct {
		name string
		has  bool
	}{
		{"filter", !kind.Conversation}, {"unit", !kind.Conversation}, {"sma", !kind.Conversation},
		{"direction", kind.Directed}, {"interval", !kind.Directed},
	} {
		if !flag.has && f.given(flag.name) {
			return usage("", "a plot of kind %s has no --%s", kind.Name, flag.name)
		}
	}
	return nil
}

// pictureFormat is -T, else what the ending of the file says.
func (f *plotFlags) pictureFormat() (plot.Format, error) {
	var names []string
	for _, known := range plot.Formats {
		names = append(names, string(known))
	}
	if err := checkFormat(f.format, names...); err != nil {
		return "", err
	}
	if f.given("format") || f.output == "-" {
		return plot.Format(f.format), nil
	}
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.output), "."))
	for _, known := range plot.Formats {
		if ending == string(known) {
			return known, nil
		}
	}
	return "", usage("end it with .svg or .png, or add -T", "the ending of %s is no format", f.output)
}

// usualLines are the lines of an IO graph that names none.
var usualLines = []string{"total", "tcp", "udp", "errors"}

// lines are the lines of the IO graph: filters of their own name, and display filters.
func (f *plotFlags) lines(a *app) ([]plot.Filter, error) {
	words := f.filters
	if len(words) == 0 {
		words = usualLines
	}
	var chosen []plot.Filter
next:
	for _, word := range words {
		for _, known := range plot.Filters() {
			if known.Name == word {
				chosen = append(chosen, known)
				continue next
			}
		}
		compiled, err := a.compile("--filter", word)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, plot.Filter{Name: word, Match: compiled.Matcher().Match})
	}
	return chosen, nil
}

// notAnInput refuses to write over what is read.
func notAnInput(output string, inputs []string) error {
	out, err := os.Stat(output)
	if output == "-" || err != nil {
		return nil
	}
	for _, path := range inputs {
		if in, err := os.Stat(path); err == nil && os.SameFile(in, out) {
			return usage("", "%s is read: the picture would be written over it", output)
		}
	}
	return nil
}
