package dcerpc

import (
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/field"
)

func TestPorts(t *testing.T) {
	var mapped, other field.Note
	epm := Syntax{Version: 3}
	for s := range interfaces() {
		if s.Interface().Name == mapper {
			epm = s
		}
	}
	a := Association{bound: []bound{{0, epm}}}
	a.note(0, mapOperation, &mapped)
	a.note(0, 2, &other)
	const port, host = "\x01\x00\x07\x02\x00\xc2\x00", "\x01\x00\x09\x04\x00\x0a\x00\x00\x02"
	for _, c := range []struct {
		bytes string
		note  *field.Note
		want  string
	}{
		{"tower" + port + host, &mapped, "[{epm.proto.tcp_port 49664}]"},
		{port + host + port + host, &mapped, "[{epm.proto.tcp_port 49664} {epm.proto.tcp_port 49664}]"},
		{port + host, &other, "[]"},
		{port, &mapped, "[]"},
		{port[:6], &mapped, "[]"},
		{port + "something else", &mapped, "[]"},
		{"\x01\x00\x07\x02\x00\x00\x00" + host, &mapped, "[]"},
	} {
		if got := fmt.Sprint(ports([]byte(c.bytes), c.note)); got != c.want {
			t.Errorf("%q: %s, want %s", c.bytes, got, c.want)
		}
	}
}
