package text

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// FuzzShow: the details of any frame are safe for a terminal and end with all of its bytes.
func FuzzShow(f *testing.F) {
	f.Add(uint32(trace.LinkRaw), []byte("\x45\x00\x00\x28\x00\x01\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\xc3\x51\x00\x50\x00\x00\x00\x01\x00\x00\x00\x00\x50\x02\xfa\xf0\x00\x00\x00\x00"))
	f.Add(uint32(trace.LinkEthernet), []byte("\xff\xff\xff\xff\xff\xff\x00\x15\x5d\x01\x02\x03\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01"))
	f.Fuzz(func(t *testing.T, link uint32, data []byte) {
		rec := &trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: trace.LinkType(link), Data: data, WireLen: len(data), Interface: -1}
		var d packet.Decoder
		row := &engine.Row{Record: rec, Packet: &packet.Packet{}, Sighting: &flow.Sighting{}}
		d.Decode(rec, row.Packet)
		flow.NewTracker(0).Add(row.Packet, row.Sighting)
		var out strings.Builder
		if err := Show(&out, row, &trace.Info{}, view.Names{}, true, Style{}); err != nil {
			t.Fatal(err)
		}
		for _, char := range out.String() {
			if unicode.IsControl(char) && char != '\n' {
				t.Fatalf("control character %q in\n%s", char, out.String())
			}
		}
		if last := fmt.Sprintf("\n  %04x  ", (len(data)-1)&^15); len(data) > 0 && !strings.Contains(out.String(), last) {
			t.Errorf("no line %q for %d bytes", last, len(data))
		}
	})
}
