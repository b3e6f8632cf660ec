package view_test

import (
	"slices"
	"testing"

	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

func TestVerdicts(t *testing.T) {
	m := &trace.Meta{Verdicts: []trace.Verdict{
		{Type: trace.VerdictXDP, Number: 1}, {Type: trace.VerdictTC, Number: -1}, {Type: trace.VerdictTC, Number: 99}, {Data: []byte{2}}, {Type: 9, Data: []byte{1, 2}},
	}}
	want := []string{"eBPF XDP: 1 drop", "eBPF TC: -1 unspecified", "eBPF TC: 99 ", "network card: 02", "type 9: 0102"}
	if got := view.Verdicts(m); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOption(t *testing.T) {
	tests := []struct {
		code  uint16
		value string
		want  string
	}{
		{2988, "\x00\x00\x7e\xd9text", "enterprise 32473: text"},
		{19372, "\xd9\x7e\x00\x00text", "enterprise 32473: text"},
		{2989, "\xd9\x7e\x00\x00\x01\x02", "enterprise 32473: 0102"},
		{2988, "no number", "code 2988: 6e6f206e756d626572"},
		{2988, "ab", "code 2988: 6162"},
		{0x8005, "\x01\x00\x00\x00", "flow id: 01000000"},
		{77, "\x01", "code 77: 01"},
	}
	for _, tt := range tests {
		if got := view.Option(trace.Option{Code: tt.code, Value: []byte(tt.value)}); got != tt.want {
			t.Errorf("code %d: got %q, want %q", tt.code, got, tt.want)
		}
	}
}
