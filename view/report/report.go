// Package report writes what an analysis found for somebody else: as Markdown,
// for a ticket, and as one HTML file that holds the pages of the web server with
// the answers that they ask for, and opens from disk without a server.
package report

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/api"
)

// A Report is what is written, and of what.
type Report struct {
	*api.Analysis
	Product string // "wiretale 1.2.3"
	Include Include
	// Scrubbed says that the capture was scrubbed before: the report says so too.
	Scrubbed bool
}

// Include says how much of the records an HTML file has.
type Include string

const (
	Findings      Include = "findings"      // those that prove findings
	Conversations Include = "conversations" // and those of the conversations that these are about
	All           Include = "all"
)

// Includes are all of them, the usual one first.
var Includes = []string{string(Findings), string(Conversations), string(All)}

// maxTold is how many conversations have a story of their own.
const maxTold = 8

// told are the conversations that findings are about, in the order of these, those of quality rules left out; without any, the one with the most bytes.
func told(c *engine.Case, most int) (list []*flow.Conversation) {
	seen := map[int]bool{}
	add := func(conv *flow.Conversation) {
		if len(list) < most && !seen[conv.ID] {
			seen[conv.ID] = true
			list = append(list, conv)
		}
	}
	first := view.ToldOf(c)
	if first == nil {
		return nil
	}
	add(first)
	// The first of each finding, so that one with many does not take all of the room; then the others.
	for i := range c.Findings {
		if f := &c.Findings[i]; !f.Rule.Quality && len(f.Conversations) > 0 {
			add(f.Conversations[0])
		}
	}
	for i := range c.Findings {
		if f := &c.Findings[i]; !f.Rule.Quality {
			for _, conv := range f.Conversations {
				add(conv)
			}
		}
	}
	return list
}
