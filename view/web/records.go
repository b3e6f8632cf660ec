package web

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/api"
)

// Rows is a part of the list.
type Rows struct {
	Total    int           `json:"total" doc:"rows that are known so far"`
	Complete bool          `json:"complete" doc:"there are no more"`
	Rows     []api.ListRow `json:"rows" doc:"those from offset on, limit at most"`
}

// A Place is where a record is in the list.
type Place struct {
	Index    int  `json:"index" doc:"place in the whole list, of the record or the one nearest behind it"`
	Offset   int  `json:"offset" doc:"place among the rows that pass the filter"`
	Complete bool `json:"complete" doc:"false when more of the list may come"`
}

// words are what the list says of a row.
func words(row *engine.Row) index.Words {
	c := view.ColumnsOf(row)
	return index.Words{Source: c.Source, Destination: c.Destination, Protocol: c.Protocol, Info: c.Info, Length: c.Length, Mark: view.Mark(row)}
}

// rows answers a part of the list, of all records or of those that pass a filter.
func (s *Server) rows(r *http.Request, c *Case) (any, error) {
	q, err := parseQuery(r.URL.RawQuery, "filter", "offset", "limit")
	if err != nil {
		return nil, err
	}
	offset, limit, err := paging(q)
	if err != nil {
		return nil, err
	}
	if err := s.check(q.Get("filter")); err != nil {
		return nil, err
	}
	x := c.list()
	if x == nil {
		return Rows{Rows: []api.ListRow{}}, nil
	}
	page, err := x.Rows(r.Context(), offset, limit, q.Get("filter"))
	if err != nil {
		return nil, err
	}
	out := Rows{Total: page.Total, Complete: page.Complete, Rows: make([]api.ListRow, len(page.Rows))}
	for i := range page.Rows {
		out.Rows[i] = api.Listed(&page.Rows[i])
	}
	return out, nil
}

// check says what is wrong with a filter.
func (s *Server) check(text string) error {
	return (&api.Analysis{Location: s.opt.Location}).CheckFilter(text)
}

// notListed is the answer as long as there is no list.
var notListed = &api.Error{Status: http.StatusConflict, Message: "the list of records is not there yet"}

// record answers all that is known of one record.
func (s *Server) record(r *http.Request, c *Case) (any, error) {
	if _, err := parseQuery(r.URL.RawQuery); err != nil {
		return nil, err
	}
	x := c.list()
	if x == nil {
		return nil, notListed
	}
	i, err := strconv.Atoi(r.PathValue("index"))
	if total, _ := x.Total(); err != nil || i < 0 || i >= total {
		return nil, problem(http.StatusNotFound, "there is no such row")
	}
	page, err := x.Rows(r.Context(), i, 1, "")
	if err != nil {
		return nil, err
	}
	if len(page.Rows) == 0 {
		return nil, problem(http.StatusNotFound, "there is no such row")
	}
	var answer json.RawMessage // what is known of the row is valid during the visit only
	err = x.Record(r.Context(), i, func(row *engine.Row, info *trace.Info) error {
		var err error
		answer, err = json.Marshal(api.WholeRow{Row: api.Listed(&page.Rows[0]), Record: api.RecordOf(row, info)})
		return err
	})
	return answer, err
}

// place answers where a record is in the list.
func (s *Server) place(r *http.Request, c *Case) (any, error) {
	q, err := parseQuery(r.URL.RawQuery, "source", "frame", "time", "filter")
	if err != nil {
		return nil, err
	}
	var at index.At
	if q.Has("time") {
		if at.Time, err = strconv.ParseInt(q.Get("time"), 10, 64); err != nil {
			return nil, problem(http.StatusBadRequest, "time is no number of nanoseconds since 1970")
		}
		at.ByTime = true
	} else {
		source, err := number(q, "source", 0, math.MaxInt32)
		if err != nil {
			return nil, err
		}
		at.Source = int(source)
		if at.Frame, err = number(q, "frame", 1, math.MaxInt64); err != nil {
			return nil, err
		}
	}
	if err := s.check(q.Get("filter")); err != nil {
		return nil, err
	}
	x := c.list()
	if x == nil {
		return nil, notListed
	}
	var out Place
	out.Index, out.Offset, out.Complete, err = x.Place(r.Context(), at, q.Get("filter"))
	return out, err
}

// checkFilter answers whether a filter is one.
func (s *Server) checkFilter(r *http.Request) (any, error) {
	q, err := parseQuery(r.URL.RawQuery, "filter")
	if err != nil {
		return nil, err
	}
	if err := s.check(q.Get("filter")); err != nil {
		return nil, err
	}
	return struct {
		OK bool `json:"ok"`
	}{true}, nil
}

// A FieldName is what a filter can name.
type FieldName struct {
	Name    string `json:"name" doc:"as filters have it"`
	Type    string `json:"type" doc:"of its values"`
	Meaning string `json:"meaning" doc:"in words"`
}

// fields answers the names that begin with some letters.
func (s *Server) fields(r *http.Request) (any, error) {
	q, err := parseQuery(r.URL.RawQuery, "prefix", "limit")
	if err != nil {
		return nil, err
	}
	limit, err := number(q, "limit", usualRows, maxRows)
	if err != nil {
		return nil, err
	}
	list := []FieldName{}
	prefix := strings.ToLower(q.Get("prefix"))
	for _, f := range filter.Names() {
		if int64(len(list)) < limit && strings.HasPrefix(strings.ToLower(f.Name), prefix) {
			list = append(list, FieldName{f.Name, f.Type, f.Title})
		}
	}
	return map[string][]FieldName{"fields": list}, nil
}

const (
	// maxRows is how many rows an answer has at most, usualRows how many when nobody says.
	maxRows   = api.MaxRows
	usualRows = 100
)

// number is a parameter that is a number from 0 to most, or what it is without.
func number(v url.Values, name string, usual, most int64) (int64, error) {
	text := v.Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, problem(http.StatusBadRequest, "%s is no number from 0 to %d", name, most)
	}
	return n, nil
}

// paging are the parameters offset and limit.
func paging(v url.Values) (offset, limit int, err error) {
	from, err := number(v, "offset", 0, math.MaxInt32)
	if err != nil {
		return 0, 0, err
	}
	n, err := number(v, "limit", usualRows, maxRows)
	return int(from), int(n), err
}

// named refuses a parameter that nobody asks for: it is a mistake.
func named(v url.Values, known []string) error {
	for name, values := range v {
		if !slices.Contains(known, name) {
			return problem(http.StatusBadRequest, "there is no parameter %q", name)
		}
		if len(values) > 1 {
			return problem(http.StatusBadRequest, "%s is given %d times", name, len(values))
		}
	}
	return nil
}
