package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	tbl := newTable(">n", "*what", "never", ">size")
	tbl.add("1", "192.168.100.200:50000 → 192.168.100.201:443", "", "10")
	tbl.add("20", "short", "", "5000")
	tests := []struct {
		name  string
		width int
		want  string
	}{
		{"piped", 0, " n  what                                         size\n 1  192.168.100.200:50000 → 192.168.100.201:443    10\n20  short                                        5000\n"},
		{"wide", 100, " n  what                                         size\n 1  192.168.100.200:50000 → 192.168.100.201:443    10\n20  short                                        5000\n"},
		{"narrow", 30, " n  what                  size\n 1  192.168.100.200:500…    10\n20  short                 5000\n"},
	}
	for _, tt := range tests {
		var b strings.Builder
		p := &printer{w: &b}
		tbl.print(p, Style{Width: tt.width}, "")
		if diff := cmp.Diff(tt.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		width, indent int
		text, want    string
	}{
		{40, 4, "one two three four five six seven eight nine", "one two three four five six seven\n    eight nine"},
		{0, 3, strings.Repeat("x", 200), strings.Repeat("x", 200)},
		{10, 0, "a b", "a b"},
		{40, 0, "", ""},
	}
	for _, tt := range tests {
		if got := (Style{Width: tt.width}).wrap(tt.text, tt.indent); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.indent, got, tt.want)
		}
	}
}

func TestCount(t *testing.T) {
	tests := []struct {
		n    int64
		what string
		want string
	}{{1, "packet", "1 packet"}, {2, "packet", "2 packets"}, {0, "byte", "0 bytes"}, {3, "query", "3 queries"}}
	for _, tt := range tests {
		if got := count(tt.n, tt.what); got != tt.want {
			t.Errorf("count(%d, %q) = %q, want %q", tt.n, tt.what, got, tt.want)
		}
	}
}

func TestFieldOptions(t *testing.T) {
	good, err := ParseFieldOptions([]string{"header=y", "separator=/s", "occurrence=l", "aggregator=;", "quote=s", "bom=y"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(FieldOptions{Header: true, BOM: true, Separator: " ", Occurrence: 'l', Aggregator: ";", Quote: "'"}, good); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "header", "header=x", "separator=", "separator=ab", "occurrence=x", "quote=x", "color=y"} {
		if _, err := ParseFieldOptions([]string{bad}); err == nil {
			t.Errorf("-E %q is accepted", bad)
		}
	}
}
