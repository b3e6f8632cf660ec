// Package api tells what the pages of the web server and of reports show: a
// finished analysis as values that encode as the JSON of docs/api.md, one file a
// resource. What the JSON Lines have is in their shapes, declared in
// [github.com/wiretale/wiretale/view/jsonl] alone.
//
// Lists are handed out in pages, and pictures are thinned, so that an answer has
// a size that does not depend on that of the capture. What only the records can
// tell is read from the files once more, and ends when the context does.
package api

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/stream"
)

// Version is that of the answers, and the first part of their addresses after "/api". A new field does not change it, a changed or removed one does.
const Version = 1

// An Analysis is a finished case and how its files are read again. It may be asked by several goroutines.
type Analysis struct {
	Case *engine.Case
	// Paths are the files, as the case was made of them.
	Paths []string
	// Options are those of the analysis: secrets, what ports carry, how lengths and duplicates are taken.
	Options engine.Options
	// Location is the time zone of times in filters; nil is UTC.
	Location *time.Location

	judging sync.Mutex // what the case works out when it is first asked for
	orders  orders
}

// Get answers a resource of the case by its name, with the parameters of the address: see [Names].
// What is wrong with the question is an [*Error].
func (a *Analysis) Get(ctx context.Context, name string, parameters url.Values) (any, error) {
	answer, _, err := ask(name, parameters)
	if err != nil {
		return nil, err
	}
	return answer(ctx, a)
}

// Key is the address of a resource below that of its case, in its canonical form: parameters in order, and none that says what is so without it.
func Key(name string, parameters url.Values) (string, error) {
	_, canonical, err := ask(name, parameters)
	if err != nil || len(canonical) == 0 {
		return name, err
	}
	return name + "?" + canonical.Encode(), nil
}

// An answering is a question that was understood.
type answering func(context.Context, *Analysis) (any, error)

// resources are those of a case by name, and how their parameters are read.
var resources = map[string]func(*query) answering{
	"report":        reportQuery,
	"conversations": conversationsQuery,
	"processes":     processesQuery,
	"requests":      requestsQuery,
	"plot":          plotQuery,
	"io":            ioQuery,
	"follow":        followQuery,
	"story":         storyQuery,
	"timeline":      timelineQuery,
	"ladder":        ladderQuery,
	"compare":       compareQuery,
	"recipe":        recipeQuery,
}

// Names are the resources of a case.
func Names() (names []string) {
	for name := range resources {
		names = append(names, name)
	}
	return names
}

func ask(name string, parameters url.Values) (answering, url.Values, error) {
	read := resources[name]
	if read == nil {
		return nil, nil, notFound("there is no " + name)
	}
	q := query{given: parameters, canonical: url.Values{}}
	answer := read(&q)
	if err := q.end(); err != nil {
		return nil, nil, err
	}
	return answer, q.canonical, nil
}

// each makes a pass over the files and hands out every row with its final owners. applications, when not nil, says what connections carry.
func (a *Analysis) each(ctx context.Context, applications *stream.Choice, visit func(*engine.Row) error) error {
	return a.ordered(ctx, applications, nil, visit)
}

// ordered is each, with the records of several points in the order of the one clock.
func (a *Analysis) ordered(ctx context.Context, applications *stream.Choice, one *clock, visit func(*engine.Row) error) error {
	opt := a.again(applications)
	if one != nil {
		opt.Clock = one.at
	}
	run, err := engine.Open(ctx, a.Paths, opt)
	if err != nil {
		return err
	}
	defer run.Close()
	if err := run.Each(visit); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

// again are the options of a further pass: nobody looks at findings.
func (a *Analysis) again(applications *stream.Choice) engine.Options {
	return engine.Options{
		Case: a.Case, Rules: []*diag.Rule{}, Applications: applications, DecodeAs: a.Options.DecodeAs, Secrets: a.Options.Secrets,
		LengthAsSent: a.Options.LengthAsSent, KeepDuplicates: a.Options.KeepDuplicates,
	}
}

// errEnough ends a pass whose reader has all that it wants.
var errEnough = errors.New("enough rows")

// filter compiles a display filter, and says what rows must have for it.
func (a *Analysis) filter(text string) (*filter.Filter, *stream.Choice, error) {
	f, err := filter.Compile(text, filter.Options{Location: a.Location})
	if err != nil {
		return nil, nil, badFilter(err)
	}
	if f.Applications() {
		return f, stream.NewChoice(a.Options.DecodeAs), nil
	}
	return f, nil, nil
}
