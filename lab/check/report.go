// Package check holds what wiretale says of the captures of a run to the label of the run.
package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// A Report is what wiretale says of captures, as far as labels speak of it (docs/jsonl.md).
type Report struct {
	Findings []Finding
	TLS      []Session
	More     int // sessions of TLS that are only counted
}

// Finding is one cause.
type Finding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Between  string `json:"between"`
	Parts    []struct {
		Rule string `json:"rule"`
	} `json:"parts"`
}

// Session is one of TLS, and what became of it.
type Session struct {
	First     int    `json:"first"`
	Version   string `json:"version"`
	Suite     string `json:"suite"`
	Closed    string `json:"closed"`
	Opened    int    `json:"opened"`
	NotOpened int    `json:"not_opened"`
	Bytes     int    `json:"bytes"`
}

// is reports whether the finding, or a part of it, is of one of the rules.
func (f *Finding) is(rules []string) bool {
	if slices.Contains(rules, f.Rule) {
		return true
	}
	for _, p := range f.Parts {
		if slices.Contains(rules, p.Rule) {
			return true
		}
	}
	return false
}

// rank is the place of the first finding of one of the rules, 0 without one.
func (r *Report) rank(rules []string) int {
	return 1 + slices.IndexFunc(r.Findings, func(f Finding) bool { return f.is(rules) })
}

// grave are the findings above note.
func (r *Report) grave() (out []string) {
	for _, f := range r.Findings {
		if f.Severity != "note" {
			out = append(out, f.Rule)
		}
	}
	return out
}

// Parse reads a report in JSON Lines.
func Parse(text []byte) (*Report, error) {
	r := &Report{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 64<<20)
	whole := false
	for n := 1; lines.Scan(); n++ {
		var kind struct {
			Kind string    `json:"kind"`
			TLS  []Session `json:"tls"`
			More int       `json:"more_tls"`
		}
		if err := json.Unmarshal(lines.Bytes(), &kind); err != nil {
			return nil, fmt.Errorf("line %d of the report: %w", n, err)
		}
		r.TLS, r.More = append(r.TLS, kind.TLS...), r.More+kind.More
		switch kind.Kind {
		case "finding":
			var f Finding
			if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
				return nil, fmt.Errorf("line %d of the report: %w", n, err)
			}
			r.Findings = append(r.Findings, f)
		case "summary":
			whole = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if !whole {
		return nil, fmt.Errorf("the report has no summary: it is not whole")
	}
	return r, nil
}

// A Tool is the wiretale that is held to labels.
type Tool struct{ Program string }

// report analyses captures.
func (t *Tool) report(ctx context.Context, args ...string) (*Report, error) {
	said, err := t.run(ctx, append([]string{"-q", "-T", "jsonl"}, args...)...)
	if err != nil {
		return nil, err
	}
	return Parse(said)
}

func (t *Tool) run(ctx context.Context, args ...string) ([]byte, error) {
	var wrong bytes.Buffer
	c := exec.CommandContext(ctx, t.Program, args...)
	c.Stderr = &wrong
	said, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("wiretale %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(wrong.Bytes()))
	}
	return said, nil
}
