package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestFiltersWithAndWithoutOffload: the two filters of the fourth post on other
// captures with lengths of 0. Without support for offload the segment is missing
// among those of its connection, and the filter for addresses alone shows it, as in
// the post; tshark 4 reads no addresses behind a length that cannot be.
func TestFiltersWithAndWithoutOffload(t *testing.T) {
	f, err := os.Open(filepath.Join(captures, "TSO_FILTERS.tsv"))
	if err != nil {
		t.Skip("../shared/captures is not here: " + err.Error())
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = '\t'
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	counted := func(file, filter string, flags ...string) int {
		text := post4(t, filepath.Join(captures, file), append(flags, "packets", "-q", "-T", "fields", "-e", "frame.number", "-Y", filter)...)
		return strings.Count(text, "\n")
	}
	for _, row := range rows[1:] {
		file, connection, hosts := row[0], row[1], row[4]
		for _, c := range []struct {
			filter string
			flags  []string
			want   string
		}{
			{connection, nil, row[2]}, {connection, []string{"--no-tso"}, row[3]},
			{hosts, nil, row[5]}, {hosts, []string{"--no-tso"}, row[5]}, {hosts + " and !ip.len == 0", []string{"--no-tso"}, row[6]},
			{"ip.len == 0", []string{"--no-tso"}, row[7]},
			{"ip.len == 0", nil, row[7]}, // what the wire said, whatever is taken instead
		} {
			if got := strconv.Itoa(counted(file, c.filter, c.flags...)); got != c.want {
				t.Errorf("%s %s %v: %s rows, tshark %s", file, c.filter, c.flags, got, c.want)
			}
		}
	}
	t.Logf("%d captures", len(rows)-1)
}
