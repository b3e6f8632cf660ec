package report

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/api"
	"github.com/wiretale/wiretale/view/plot"
)

// Bounds of what a file has, so that one of an ordinary case stays below 2 MB.
const (
	maxPictured = 4    // conversations with a timeline, a ladder and plots
	usualRows   = 200  // rows of a timeline, messages of a ladder, blocks of bytes
	maxBusiest  = 200  // conversations and processes in lists
	maxRequests = 500  // requests in the list
	maxProofs   = 6    // records of a finding with all that is known of them
	plotColumns = 60   // of a plot: 16 points for each at most
	maxWhole    = 1000 // records with all that is known of them
)

// mostRows bounds the records in the list.
var mostRows = map[Include]int{Findings: 2000, Conversations: 5000, All: 50_000}

// An Embedding is what an HTML file holds.
type Embedding struct {
	Answers map[string]json.RawMessage // by "GET " and address
	Left    []string                   // what was left out, for people
}

// prefix is that of the addresses of the one case.
const prefix = "GET /api/v1/"

func (e *Embedding) put(address string, v any) error {
	text, err := json.Marshal(v)
	e.Answers[prefix+address] = text
	return err
}

// Embed asks for everything that the pages show without a server, in one pass over the files.
func (r *Report) Embed(ctx context.Context) (*Embedding, error) {
	e := &Embedding{Answers: map[string]json.RawMessage{}}
	records := r.records()
	questions, keys := r.questions()
	answers, err := r.All(ctx, questions, records)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		var unfit *api.Error
		if errors.As(a.Err, &unfit) && unfit.Status == http.StatusConflict { // a plot over time of records without times, for example: the page says that it is not there
			continue
		}
		if a.Err != nil {
			return nil, a.Err
		}
		alone(a.Value)
		if err := e.put("cases/1/"+keys[i], a.Value); err != nil {
			return nil, err
		}
	}
	if err := r.lists(ctx, e, records); err != nil {
		return nil, err
	}
	return e, r.frame(e, records)
}

// alone makes an answer that has a first part say that there is no other page of it here.
func alone(answer any) {
	first := func(n int, total, of *int) bool {
		if n == *total {
			return false
		}
		*of, *total = *total, n
		return true
	}
	switch v := answer.(type) {
	case *api.Timeline:
		v.Complete = !first(len(v.Rows), &v.Total, &v.Of)
	case *api.Ladder:
		first(len(v.Messages), &v.Total, &v.Of)
	case *api.Followed:
		first(len(v.Blocks), &v.Total, &v.Of)
	}
}

// questions are those about the case, with the addresses that the pages ask at.
func (r *Report) questions() (list []api.Question, keys []string) {
	ask := func(name, key string, pairs ...string) {
		q := api.Question{Name: name, Parameters: url.Values{}}
		for i := 0; i < len(pairs); i += 2 {
			q.Parameters.Set(pairs[i], pairs[i+1])
		}
		list, keys = append(list, q), append(keys, key)
	}
	ask("report", "report")
	columns := strconv.Itoa(plotColumns)
	ask("io", "io", "columns", columns)
	ask("plot", "plot?kind=service", "kind", "service", "columns", columns)
	ask("plot", "plot?kind=depth", "kind", "depth", "columns", columns)
	ids := view.FindingIDs(r.Case.Findings)
	for _, id := range ids {
		ask("recipe", "recipe?finding="+url.QueryEscape(id), "finding", id)
	}
	for i, conv := range told(r.Case, maxTold) {
		n := strconv.Itoa(conv.ID)
		of := "?conversation=" + n
		ask("story", "story"+of, "conversation", n)
		if i >= maxPictured {
			continue
		}
		rows := strconv.Itoa(usualRows)
		ask("timeline", "timeline"+of, "conversation", n, "limit", rows)
		ask("ladder", "ladder"+of, "conversation", n, "limit", rows)
		for _, kind := range kindsOf(conv) {
			ask("plot", "plot"+of+"&kind="+kind.Name, "conversation", n, "kind", kind.Name, "columns", columns)
			for _, end := range []string{"a", "b"} {
				if kind.Directed {
					ask("plot", "plot"+of+"&direction="+end+"&kind="+kind.Name, "conversation", n, "kind", kind.Name, "columns", columns, "direction", end)
				}
			}
		}
		if r.Include != Findings && (conv.Proto == proto.TCP || conv.Proto == proto.UDP) {
			ask("follow", "follow"+of, "conversation", n, "limit", rows)
			ask("follow", "follow"+of+"&form=http", "conversation", n, "limit", rows, "form", "http")
		}
	}
	return list, keys
}

// kindsOf are the plots that a conversation has.
func kindsOf(conv *flow.Conversation) (kinds []*plot.Kind) {
	for _, k := range plot.Kinds {
		if k.Conversation && (!k.TCP || conv.Proto == proto.TCP) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// A place is a record by its number.
type place struct {
	source int
	number int64
}

// records are those that prove findings, and more of them as the report includes.
func (r *Report) records() *api.Records {
	proofs := map[place]bool{} // true: with all that is known of it
	var note func(list []diag.Finding)
	prove := func(where []trace.Pos) {
		for i, pos := range where {
			at := place{pos.Source, pos.Number}
			proofs[at] = proofs[at] || i < maxProofs
		}
	}
	note = func(list []diag.Finding) {
		for i := range list {
			prove(list[i].Where)
			for _, e := range list[i].Elsewhere {
				prove(e.Where)
			}
			note(list[i].Parts)
		}
	}
	note(r.Case.Findings)
	pictured := map[int]bool{}
	for _, conv := range told(r.Case, maxTold) {
		pictured[conv.ID] = true
	}
	whole := 0
	return &api.Records{Most: mostRows[r.Include], Want: func(row *engine.Row) (listed, all bool) {
		detailed, proof := proofs[place{row.Source, row.Record.Pos.Number}]
		ours := row.Object.Conv != nil && pictured[row.Object.Conv.ID]
		switch r.Include {
		case Findings:
			listed, all = proof, detailed
		case Conversations:
			listed, all = proof || ours, proof || ours
		default:
			listed, all = true, true
		}
		if all = all && whole < maxWhole; all {
			whole++
		}
		return listed, all
	}}
}

// A list is a page that is the whole of what a report has of a list.
type list struct {
	Total    int   `json:"total"`
	Of       int   `json:"of"` // how many the case has
	Complete bool  `json:"complete"`
	Rows     []any `json:"rows"`
}

// lists adds lists, each once: pages are cut from it where they are shown.
func (r *Report) lists(ctx context.Context, e *Embedding, records *api.Records) error {
	conversations, err := r.conversations(ctx)
	if err != nil {
		return err
	}
	processes := r.Processes(api.ProcessQuery{Range: api.Range{Limit: maxBusiest}, Sort: "packets", Desc: true})
	requests, err := r.Requests(api.RequestQuery{Range: api.Range{Limit: maxRequests}, Conversation: -1})
	if err != nil {
		return err
	}
	rows := make([]any, len(records.Rows))
	for i := range records.Rows {
		rows[i] = &records.Rows[i]
	}
	for _, l := range []struct {
		name, what string
		rows       []any
		of         int
	}{
		{"conversations", "conversations", conversations, r.Case.Conversations.Len()}, {"processes", "processes", processes.Rows, processes.Total},
		{"requests", "requests", requests.Rows, requests.Total}, {"rows", "records", rows, records.Total},
	} {
		if err := e.put("cases/1/"+l.name, list{len(l.rows), l.of, true, l.rows}); err != nil {
			return err
		}
		if more := l.of - len(l.rows); more > 0 && (l.name != "rows" || records.More > 0) {
			e.Left = append(e.Left, l.what+": "+strconv.Itoa(len(l.rows))+" of "+strconv.Itoa(l.of)+" are in it")
		}
	}
	for index, text := range records.Whole {
		e.Answers[prefix+"cases/1/rows/"+strconv.Itoa(index)] = text
	}
	return nil
}

// conversations are those of the findings and the busiest, in the order of their numbers.
func (r *Report) conversations(ctx context.Context) ([]any, error) {
	ids := map[int]bool{}
	for _, conv := range told(r.Case, maxBusiest) {
		ids[conv.ID] = true
	}
	for _, conv := range r.Case.Conversations.Busiest(maxBusiest) {
		if len(ids) < maxBusiest {
			ids[conv.ID] = true
		}
	}
	var out []any
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		page, err := r.Analysis.Conversations(ctx, api.ConversationQuery{Range: api.Range{Offset: id, Limit: 1}, Sort: api.ConversationColumns[0]})
		if err != nil {
			return nil, err
		}
		out = append(out, page.Rows...)
	}
	return out, nil
}

// frame adds what tells of the report itself, and the pages of the diagnoses.
func (r *Report) frame(e *Embedding, records *api.Records) error {
	type file struct {
		Name     string `json:"name"`
		Bytes    int64  `json:"bytes"`
		Uploaded bool   `json:"uploaded"`
	}
	c := struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		Files       []file `json:"files"`
		State       string `json:"state"`
		Read        int64  `json:"read"`
		Bytes       int64  `json:"bytes"`
		Records     int    `json:"records"`
		Indexed     bool   `json:"indexed"`
		Error       string `json:"error"`
		Preliminary bool   `json:"preliminary"`
		Revision    int    `json:"revision"`
	}{ID: "1", State: "done", Records: records.Total, Indexed: true, Revision: 1}
	var names []string
	for _, src := range r.Case.Sources {
		name := filepath.Base(src.Info.Name)
		names = append(names, name)
		c.Files = append(c.Files, file{Name: name, Bytes: max(src.Info.Bytes, 0)})
		c.Bytes += max(src.Info.Bytes, 0)
	}
	c.Name, c.Read = strings.Join(names, ", "), c.Bytes
	root := struct {
		Version  int     `json:"version"`
		Product  string  `json:"product"`
		Static   bool    `json:"static"`
		Included Include `json:"included"`
		Scrubbed bool    `json:"scrubbed"`
		Cases    []any   `json:"cases"`
		Told     []int   `json:"told"` // conversations with pictures, the one that is worth most first
	}{api.Version, r.Product, true, r.Include, r.Scrubbed, []any{c}, []int{}}
	for _, conv := range told(r.Case, maxPictured) {
		root.Told = append(root.Told, conv.ID)
	}
	for address, v := range map[string]any{"": root, "cases/1": c, "rules": api.Rules()} {
		if err := e.put(address, v); err != nil {
			return err
		}
	}
	for _, id := range rulesOf(r.Case) {
		if page, err := api.Explain(id); err == nil {
			if err := e.put("rules/"+id, page); err != nil {
				return err
			}
		}
	}
	return nil
}

// rulesOf are the diagnoses that the report speaks of.
func rulesOf(c *engine.Case) []string {
	ids := map[string]bool{}
	var note func(list []diag.Finding)
	note = func(list []diag.Finding) {
		for i := range list {
			ids[list[i].Rule.ID] = true
			note(list[i].Parts)
		}
	}
	note(c.Findings)
	for i := range c.Withheld {
		ids[c.Withheld[i].Rule], ids[c.Withheld[i].Because] = true, true
	}
	return slices.Sorted(maps.Keys(ids))
}
