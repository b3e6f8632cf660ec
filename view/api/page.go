package api

import "math"

// MaxRows is how many rows a page has at most, and usualRows how many when nobody says.
const (
	MaxRows   = 1000
	usualRows = 100
)

// A Page is a part of a list.
type Page struct {
	Total    int   `json:"total" doc:"rows that there are; when the list is not complete, so far"`
	Complete bool  `json:"complete" doc:"false while more may come"`
	Rows     []any `json:"rows" doc:"those from offset on, limit at most"`
}

// A Range is the part of a list that is asked for.
type Range struct{ Offset, Limit int }

func (q *query) part() Range {
	return Range{q.number("offset", 0, 0, math.MaxInt32), q.number("limit", usualRows, 0, MaxRows)}
}

// of are the bounds of the range in a list of so many.
func (r Range) of(total int) (from, to int) {
	from = min(r.Offset, total)
	return from, min(from+r.Limit, total)
}

// page is a part of a list of so many, of which row gives each.
func page(r Range, total int, row func(i int) any) Page {
	from, to := r.of(total)
	p := Page{Total: total, Complete: true, Rows: make([]any, 0, to-from)}
	for i := from; i < to; i++ {
		p.Rows = append(p.Rows, row(i))
	}
	return p
}
