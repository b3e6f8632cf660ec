package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/view"
)

// A comparison holds what is shown of an application against what tshark prints for the same frames.
type comparison struct {
	filter   string   // the frames that tshark prints
	patterns []string // of the captures
	names    []string // of the fields: frame.number and frame.protocols are the first
	// take reports whether a frame is compared.
	take func(p *packet.Packet) bool
	// accepted is why a value may differ from tshark's, "" when it may not. row is what tshark
	// prints for the frame. The ids stand in docs/compat-tshark.md, "Application protocols".
	accepted func(name, got, want string, row []string) string
	least    int            // rows to compare, for the pattern or the captures may change
	secrets  *secrets.Store // of the captures; nil without any
	rules    stream.Rules   // what ports carry
	options  []string       // that give tshark the same

	mu           sync.Mutex // what tshark prints is waited for without it
	columns      []view.Column
	rows, values int
	reasons      map[string]int
}

// fieldsOf are the fields with these prefixes that both can print.
func fieldsOf(t *testing.T, prefixes ...string) (names []string) {
	need(t, "tshark")
	for _, n := range comparedFields(t) {
		for _, p := range prefixes {
			if strings.HasPrefix(n, p) {
				names = append(names, n)
			}
		}
	}
	return names
}

// run compares every third of the captures, all of them with WIRETALE_ALL=1.
func (c *comparison) run(t *testing.T) {
	var files []string
	for _, pattern := range c.patterns {
		found, _ := filepath.Glob(filepath.Join(captures, pattern))
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	each(sampled(files), func(file string) { c.file(t, file) })
	c.done(t)
}

// done says what was compared.
func (c *comparison) done(t *testing.T) {
	t.Helper()
	t.Logf("%d rows and %d values of %d fields compared; accepted differences: %v", c.rows, c.values, len(c.names), c.reasons)
	if c.rows < c.least {
		t.Errorf("only %d rows compared: the captures or the conditions changed", c.rows)
	}
}

// file compares one capture. tshark is asked where there is something to compare: its start is what takes long.
func (c *comparison) file(t *testing.T, file string) {
	some := false
	c.each(t, file, func(*engine.Row) error {
		some = true
		return errEnough
	})
	if !some {
		return
	}
	want := c.tshark(t, file)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.columns == nil {
		c.reasons = map[string]int{}
		for _, n := range c.names {
			column, _ := view.NewColumn(n)
			c.columns = append(c.columns, column)
		}
	}
	c.each(t, file, func(row *engine.Row) error {
		if theirs := want[strconv.FormatInt(row.Record.Pos.Number, 10)]; theirs != nil {
			c.rows++
			c.row(t, file, row, theirs)
		}
		return nil
	})
}

// each calls a function with the rows that are compared.
func (c *comparison) each(t *testing.T, file string, do func(row *engine.Row) error) {
	run, err := engine.Open(context.Background(), []string{file}, engine.Options{KeepDuplicates: true, Applications: stream.NewChoice(c.rules), Secrets: c.secrets})
	if err != nil { // no trace: the text beside one
		return
	}
	defer run.Close()
	err = run.Each(func(row *engine.Row) error {
		if row.Packet == nil || !row.Record.Numbered || !c.take(row.Packet) {
			return nil
		}
		return do(row)
	})
	if err != nil && err != errEnough {
		t.Error(err)
	}
}

func (c *comparison) row(t *testing.T, file string, row *engine.Row, theirs []string) {
	for i, name := range c.names {
		got := tsharkForm(name, strings.Join(c.columns[i].Values(row), "|"))
		if c.values++; got == theirs[i] {
			continue
		}
		if id := c.accepted(name, got, theirs[i], theirs); id != "" {
			c.reasons[id]++
			continue
		}
		t.Errorf("%s frame %s %s: got %.200q, tshark has %.200q", filepath.Base(file), theirs[0], name, got, theirs[i])
	}
}

// tshark is what it prints for the frames, by number.
func (c *comparison) tshark(t *testing.T, file string) map[string][]string {
	args := []string{"-n", "-r", file, "-Y", c.filter, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"}
	args = append(args, c.options...)
	for _, n := range c.names {
		args = append(args, "-e", n)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, _ := cmd.Output() // it fails on files that are cut, after the rows
	rows := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(cells) == len(c.names) {
			rows[cells[0]] = cells
		}
	}
	return rows
}

// occurrences are the values of one cell.
func occurrences(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}

// within reports whether the values of a are among those of b, in their order.
func within(a, b []string) bool {
	for _, v := range b {
		if len(a) > 0 && a[0] == v {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// interval reports whether a field with such a name is a time since something.
func interval(name string) bool {
	return name == "dns.time" || name == "smb2.time" || name == "ldap.time" || name == "dcerpc.time" || name == "imap.time"
}

// moment reports whether a field with such a name is a point of time.
func moment(name string) bool {
	return strings.HasSuffix(name, "time") && !interval(name) || name == "kerberos.till" || name == "kerberos.from" || name == "x509af.generalizedTime"
}

// tsharkForm is a time or a GUID as tshark prints it.
func tsharkForm(name, s string) string {
	all := occurrences(s)
	for i, v := range all {
		sec, ns, ok := strings.Cut(v, ".")
		if n, err := strconv.ParseInt(sec, 10, 64); ok && err == nil && moment(name) {
			frac, _ := strconv.ParseInt(ns, 10, 64)
			all[i] = time.Unix(n, frac).UTC().Format("Jan _2, 2006 15:04:05.000000000 UTC")
		} else if strings.HasPrefix(v, "{") {
			all[i] = strings.ToLower(strings.Trim(v, "{}"))
		}
	}
	return strings.Join(all, "|")
}
