package api

import (
	"context"
	"slices"

	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

func recipeQuery(q *query) answering {
	id := q.text("finding", "")
	return func(_ context.Context, a *Analysis) (*pass, error) { return told(a.Recipe(id)) }
}

// Recipe is the `recipe` line of the finding with an id, without one of the first.
func (a *Analysis) Recipe(id string) (any, error) {
	at := 0
	if id != "" {
		at = slices.Index(view.FindingIDs(a.Case.Findings), id)
	}
	if at < 0 || at >= len(a.Case.Findings) {
		return nil, notFound("there is no finding " + id)
	}
	a.judging.Lock()
	defer a.judging.Unlock()
	return jsonl.RecipeOf(a.Case, at+1), nil
}
