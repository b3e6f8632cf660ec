// Package filter compiles Wireshark's display filter language (version 4.0;
// wireshark-filter(4)) and tests records with it.
//
// The fields are those of the tables of packages packet, flow, session and
// proto. A name is resolved once, when a filter is compiled; a test reads the
// layers of the packet where they lie. docs/filter.md describes the language
// and what differs from Wireshark.
package filter

import (
	"time"

	"github.com/wiretale/wiretale/internal/session"
)

// Options of a filter. The zero value is ready to use.
type Options struct {
	// Location is the time zone of absolute times that name none; UTC when nil.
	Location *time.Location
}

// A Filter is a filter that compiled. It is immutable and may be used by several goroutines, each with its own Matcher.
type Filter struct {
	text     string
	tree     *node // nil for the empty filter
	location *time.Location
	final    bool
	ordered  bool
	// applications is true when rows must have the layers of applications.
	applications bool
	warnings     []string
}

// Compile checks a filter. The empty filter passes everything. The error is an *[Error].
func Compile(text string, opt Options) (*Filter, error) {
	f := &Filter{text: text, location: opt.Location}
	if f.location == nil {
		f.location = time.UTC
	}
	var err *Error
	if f.tree, f.warnings, err = parse(text); err == nil && f.tree != nil {
		c := compiler{location: f.location}
		_, err = c.test(f.tree)
		f.final, f.ordered, f.applications = c.final, c.ordered, c.applications
	}
	if err != nil {
		err.Filter = text
		return nil, err
	}
	return f, nil
}

// String is the filter as it was given.
func (f *Filter) String() string { return f.text }

// Final reports whether the filter names something that only the whole of the
// input tells: the owner, a finding. Rows must then be those of a second pass.
func (f *Filter) Final() bool { return f.final }

// Applications reports whether the filter names something that depends on the
// protocols of applications: rows must have their layers then.
func (f *Filter) Applications() bool { return f.applications }

// Ordered reports whether rows must be asked in their order: the filter
// names a relative time, the interface, or a number that is given in that order, as tcp.stream.
func (f *Filter) Ordered() bool { return f.ordered }

// Warnings are remarks on forms that Wireshark deprecates.
func (f *Filter) Warnings() []string { return f.warnings }

// Matcher is the filter ready to run. It serves one goroutine.
func (f *Filter) Matcher() *Matcher {
	m := &Matcher{machine: machine{clock: newClock()}}
	if f.tree != nil {
		c := compiler{location: f.location}
		m.test, _ = c.test(f.tree) // it compiled before
	}
	return m
}

// A Matcher tests rows.
type Matcher struct {
	machine machine
	test    test // nil passes everything
}

// Match reports whether the row passes. It is to be asked for every row in
// order: relative times count from the first row, the one before, and the last one that passed.
func (m *Matcher) Match(row *session.Row) bool {
	k := &m.machine
	k.row, k.packet = row, row.Packet
	if k.packet == nil {
		k.bare.Record = row.Record
		k.packet = &k.bare
	}
	k.clock.tick(row.Record.Time)
	if m.test != nil && !m.test(k) {
		return false
	}
	k.clock.show()
	return true
}
