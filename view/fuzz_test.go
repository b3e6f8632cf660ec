package view

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/wiretale/wiretale/trace"
)

// FuzzColumns: any frame has columns that are safe for a terminal and bounded by what was captured.
func FuzzColumns(f *testing.F) {
	for _, link := range []trace.LinkType{trace.LinkEthernet, trace.LinkRaw, trace.LinkLinuxSLL, trace.LinkWiFi} {
		f.Add(uint32(link), []byte("\x45\x00\x00\x28\x00\x01\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\xc3\x51\x00\x50\x00\x00\x00\x01\x00\x00\x00\x00\x50\x02\xfa\xf0\x00\x00\x00\x00"))
	}
	names := FieldNames()
	var columns []Column
	for _, n := range names {
		if c, ok := NewColumn(n.Name); ok {
			columns = append(columns, c)
		}
	}
	f.Fuzz(func(t *testing.T, link uint32, data []byte) {
		r := row(data, trace.LinkType(link))
		c := ColumnsOf(r)
		n := NetMonOf(r)
		for _, s := range []string{c.Source, c.Destination, c.Protocol, c.Info, n.Description} {
			// The longest text is a list of records of 8 bytes or options of 2 bytes.
			if len(s) > 200+40*len(data) {
				t.Errorf("%d bytes of text from %d bytes: %.200q", len(s), len(data), s)
			}
			for _, char := range s {
				if unicode.IsControl(char) || char == utf8.RuneError {
					t.Fatalf("control character in %q", s)
				}
			}
		}
		for i := range columns {
			columns[i].Values(r)
		}
	})
}
