package row

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

func values(cells []Cell) []string {
	var out []string
	for _, c := range cells {
		out = append(out, string(c.Value))
	}
	return out
}

func TestCSV(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{`"a","b c",d`, []string{"a", "b c", "d"}},
		{`"say ""hello"", twice ""x""","b"`, []string{`say "hello", twice "x"`, "b"}},
		{`"","",`, []string{"", "", ""}},
		{"\"two\r;\tlines\",x", []string{"two\r;\tlines", "x"}},
		{`"open`, []string{"open"}},
		{`"a"b,c`, []string{"a", "c"}},
		{``, []string{""}},
	} {
		var s Splitter
		cells := s.CSV([]byte(tt.line))
		if got := values(cells); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
		for _, c := range cells {
			if c.Off < 0 || c.Off+c.Len > len(tt.line) {
				t.Errorf("%s: a cell at %d of %d bytes", tt.line, c.Off, c.Len)
			}
		}
	}
}

func TestXML(t *testing.T) {
	const event = `<event>
<ProcessIndex>12</ProcessIndex>
<Process_Name>a &amp; b.exe</Process_Name><Path></Path><Empty/>
<stack><frame><depth>0</depth></frame></stack>
<Detail kind="x">&lt;&#65;&#x42;&nope; &amp</Detail>
</event>`
	var s Splitter
	var got []string
	for _, c := range s.XML([]byte(event)) {
		got = append(got, string(c.Name)+"="+string(c.Value))
	}
	want := []string{"ProcessIndex=12", "Process_Name=a & b.exe", "Path=", "Detail=<AB&nope; &amp"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzSplitter: cells lie in the row, and CSV that encoding/csv reads is read the same.
func FuzzSplitter(f *testing.F) {
	f.Add(`"a","b ""c""",d`)
	f.Add(`<event><a>&lt;x</a><b><c>1</c></b></event>`)
	f.Add(`<a><b`)
	f.Fuzz(func(t *testing.T, line string) {
		var s Splitter
		cells := s.CSV([]byte(line))
		for _, c := range cells {
			if c.Off < 0 || c.Len < 0 || c.Off+c.Len > len(line) {
				t.Fatalf("%q: a cell at %d of %d bytes", line, c.Off, c.Len)
			}
		}
		want, err := csv.NewReader(strings.NewReader(line)).Read()
		if err == nil && !strings.ContainsAny(line, "\r\n") && len(want) <= maxCells {
			if got := values(cells); !slices.Equal(got, want) {
				t.Fatalf("%q: got %q, want %q", line, got, want)
			}
		}
		for _, c := range s.XML([]byte(line)) {
			if c.Off < 0 || c.Len < 0 || c.Off+c.Len > len(line) {
				t.Fatalf("%q: a child at %d of %d bytes", line, c.Off, c.Len)
			}
		}
	})
}
