package api

import (
	"context"

	"github.com/wiretale/wiretale/view/jsonl"
)

// A Report is what was found, and what the files are.
type Report struct {
	Lines []any `json:"lines" doc:"the objects of wiretale -T jsonl that tell of the case as a whole, in their order"`
}

// maxListed is how many elements of a list inside a line of the report there are at most.
const maxListed = 1000

func reportQuery(*query) answering {
	return func(_ context.Context, a *Analysis) (*pass, error) { return told(a.Report(), nil) }
}

// Report tells what was found, and what the files are.
func (a *Analysis) Report() Report {
	a.judging.Lock()
	defer a.judging.Unlock()
	return Report{jsonl.ReportOf(a.Case, maxListed)}
}
