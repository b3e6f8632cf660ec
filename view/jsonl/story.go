package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
)

// A Told is what happened in a conversation.
type Told struct {
	head
	Conversation int      `json:"conversation" doc:"number of the conversation"`
	Sentences    []string `json:"sentences" doc:"what happened, in order"`
}

// Story writes what happened in a conversation.
func Story(w io.Writer, c *engine.Case, conv *flow.Conversation) error {
	e := newEncoder(w, c)
	e.put(StoryOf(c, conv))
	return e.err
}

// StoryOf is what happened in a conversation.
func StoryOf(c *engine.Case, conv *flow.Conversation) Told {
	return Told{head: kind("story"), Conversation: conv.ID, Sentences: view.Story(c, conv)}
}
