package data

import (
	"testing"

	"github.com/wiretale/wiretale/field"
)

func TestFields(t *testing.T) {
	got := ""
	for _, f := range Fields.Fields {
		f.Find([]byte("abc"), func(s field.Span, v field.Value) bool {
			got += f.Name + " " + v.String() + "\n"
			return true
		})
	}
	if want := "data.data 616263\ndata.len 3\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
