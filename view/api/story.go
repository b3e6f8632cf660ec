package api

import (
	"context"

	"github.com/wiretale/wiretale/view/jsonl"
)

func storyQuery(q *query) answering {
	n := q.conversation()
	return func(_ context.Context, a *Analysis) (*pass, error) { return told(a.Story(n)) }
}

// Story is the `story` line of the conversation with a number, with -1 of that of the first finding.
func (a *Analysis) Story(n int) (any, error) {
	conv, err := a.conversation(n)
	if err != nil {
		return nil, err
	}
	a.judging.Lock()
	defer a.judging.Unlock()
	return jsonl.StoryOf(a.Case, conv), nil
}
