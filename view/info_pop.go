package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto/pop"
)

// popInfo is the first line of a layer, or how much it brings of the lines behind a response.
func popInfo(row *engine.Row, i int) string {
	b, note := row.Packet.Bytes(i), row.Packet.NoteOf(i)
	end, _ := line.End(b, 0)
	switch pop.KindOf(&note) {
	case pop.Request:
		return "C: " + Printable(string(b[:end]))
	case pop.Response:
		return "S: " + Printable(string(b[:end]))
	}
	l := &row.Packet.Layers[i]
	n := int(l.Wire - l.Off)
	return fmt.Sprintf("S: DATA fragment, %d %s", n, plural(n, "byte", "bytes"))
}
