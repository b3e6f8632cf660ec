package main

import (
	"context"
	"errors"

	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/tshark"
)

// packetFormats are the formats of packets, the usual one first.
var packetFormats = []string{"text", "fields", "jsonl", "json", "ek"}

// checkFields refuses -e and -E where the format has no use for them.
func (f *packetsFlags) checkFields() error {
	shaped := f.format == "json" || f.format == "ek"
	switch {
	case len(f.options) > 0 && f.format != "fields":
		return usage("add -T fields", "-E is of -T fields")
	case len(f.fields) > 0 && f.format != "fields" && !shaped:
		return usage("add -T fields", "-e is of -T fields, json and ek")
	}
	return nil
}

// tsharkPrinter writes tshark's JSON: all layers, or the fields of -e.
func tsharkPrinter(a *app, f *packetsFlags) (rowPrinter, error) {
	var columns []view.Column
	if len(f.fields) > 0 {
		var err error
		if columns, err = chosen(f.fields); err != nil {
			return nil, err
		}
	}
	if f.format == "ek" {
		return tshark.NewEK(a.out, columns, a.location), nil
	}
	return tshark.NewJSON(a.out, columns, a.location), nil
}

// finish ends the output of a printer that has an end, also when the input was damaged or the user has seen enough.
func finish(printer rowPrinter, err error) error {
	f, ok := printer.(interface{ Finish() error })
	var e *exit
	if !ok || err != nil && !errors.Is(err, context.Canceled) && !(errors.As(err, &e) && e.code == exitDamaged) {
		return err
	}
	return errors.Join(err, f.Finish())
}
