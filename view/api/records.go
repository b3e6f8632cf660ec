package api

import (
	"encoding/json"

	"github.com/wiretale/wiretale/internal/engine"
)

// Records are some records of a case: their rows in the list, and of some all that is known. They are gathered in a pass: see [Analysis.All].
type Records struct {
	// Want says of each row whether it is among them, and whether all that is known of it is.
	Want func(row *engine.Row) (listed, whole bool)
	// Most bounds the rows; More counts those that are left out.
	Most, More int
	// Rows are in the order of the list, Whole by their place in the whole list: {"row", "line", "tree", "bytes"}.
	Rows  []ListRow
	Whole map[int]json.RawMessage
	// Total is how many records there are.
	Total int

	of *engine.Case
}

// visit takes in a row. Those that are not numbered, such as blocks of names, are in no list.
func (r *Records) visit(row *engine.Row) error {
	if !row.Record.Numbered {
		return nil
	}
	index := r.Total
	r.Total++
	listed, whole := r.Want(row)
	if !listed {
		return nil
	}
	if len(r.Rows) >= r.Most {
		r.More++
		return nil
	}
	one := listRow(row, index)
	r.Rows = append(r.Rows, one)
	if !whole {
		return nil
	}
	text, err := json.Marshal(WholeRow{one, RecordOf(row, r.of.Sources[row.Source].Info)})
	if r.Whole == nil {
		r.Whole = map[int]json.RawMessage{}
	}
	r.Whole[index] = text
	return err
}
