package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
)

// filterFlag adds -Y.
func filterFlag(cmd *cobra.Command, to *string, what string) {
	cmd.Flags().StringVarP(to, "display-filter", "Y", "", what+" that pass this display `FILTER`, in Wireshark's language: wiretale fields lists the names")
}

// filter compiles the filter of -Y.
func (a *app) filter(text string) (*filter.Filter, error) { return a.compile("-Y", text) }

// compile compiles the filter that a flag names, and sees to it that rows have what it asks for. A mistake is shown in its place.
func (a *app) compile(flag, text string) (*filter.Filter, error) {
	f, err := filter.Compile(text, filter.Options{Location: a.location})
	var bad *filter.Error
	if errors.As(err, &bad) {
		return nil, usage(bad.Hint, "%s, column %d: %s\n  %s", flag, bad.Column(), bad.Message, strings.ReplaceAll(bad.Marked(), "\n", "\n  "))
	}
	if err == nil && f.Applications() && a.applications == nil {
		a.applications = a.choice()
	}
	if err == nil && !a.quiet {
		for _, w := range f.Warnings() {
			fmt.Fprintf(a.stderr, "wiretale: %s: %s\n", flag, w)
		}
	}
	return f, err
}

// matching is the part of a case whose conversations have a frame that passes the filter.
func (a *app) matching(ctx context.Context, named []string, f *filter.Filter) (*engine.Case, error) {
	paths, first := named, (*engine.Case)(nil)
	if f.Final() {
		again, c, done, err := a.firstPass(ctx, named)
		if err != nil {
			return nil, err
		}
		defer done()
		paths, first = again, c
	}
	seen := map[*flow.Conversation]bool{}
	m := f.Matcher()
	c, err := a.each(ctx, paths, first, func(_ *engine.Run, row *engine.Row) error {
		if !m.Match(row) {
			return nil
		}
		if row.Object.Conv != nil {
			seen[row.Object.Conv] = true
		}
		if row.Sighting != nil && row.Sighting.Conv != nil {
			seen[row.Sighting.Conv] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if first != nil { // it has the final owners
		c = first
	}
	var part []*flow.Conversation
	for conv := range c.Conversations.All() {
		if seen[conv] {
			part = append(part, conv)
		}
	}
	c.Conversations = flow.List(part...)
	return c, nil
}
