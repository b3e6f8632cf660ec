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
	"net/url"
	"sync"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
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
	// Narrow, when set, gives a pass that looks at nothing but some conversations of the case the paths and options to read no more than that, as an index of
	// the records can; opt.Case is Case.
	Narrow func(opt engine.Options, convs []*flow.Conversation) ([]string, engine.Options)

	judging sync.Mutex // what the case works out when it is first asked for
	orders  orders
}

// Get answers a resource of the case by its name, with the parameters of the address: see [Names].
// What is wrong with the question is an [*Error].
func (a *Analysis) Get(ctx context.Context, name string, parameters url.Values) (any, error) {
	understood, _, err := ask(name, parameters)
	if err != nil {
		return nil, err
	}
	p, err := understood(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := a.pass(ctx, p); err != nil {
		return nil, err
	}
	return p.answer(), nil
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
type answering func(context.Context, *Analysis) (*pass, error)

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

// filter compiles a display filter.
func (a *Analysis) filter(text string) (*filter.Filter, error) {
	f, err := filter.Compile(text, filter.Options{Location: a.Location})
	if err != nil {
		return nil, badFilter(err)
	}
	return f, nil
}
