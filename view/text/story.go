package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
)

// Story writes what happened in a conversation.
func Story(w io.Writer, c *engine.Case, conv *flow.Conversation, s Style) error {
	p := &printer{w: w}
	told(p, c, conv, s)
	return p.err
}

func told(p *printer, c *engine.Case, conv *flow.Conversation, s Style) {
	p.line(s.paint(bold, fmt.Sprintf("What happened in conversation %d", conv.ID)))
	p.line("  ", s.wrap(strings.Join(view.Story(c, conv), " "), 2))
}
