package point

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// A table is what scenes gave, a row each.
type table struct {
	mu      sync.Mutex
	columns []string
	rows    map[int]string
}

func newTable(columns ...string) *table { return &table{columns: columns, rows: map[int]string{}} }

func (t *table) put(i int, name string, cells ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[i] = name + "\t" + strings.Join(strings.Fields(fmt.Sprintln(cells...)), "\t")
}

func (t *table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nscene\t"+strings.Join(t.columns, "\t"))
	keys := make([]int, 0, len(t.rows))
	for i := range t.rows {
		keys = append(keys, i)
	}
	slices.Sort(keys)
	for _, i := range keys {
		fmt.Fprintln(w, t.rows[i])
	}
	w.Flush()
	return b.String()
}
