package flow

import (
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/packet"
)

// TestPieces: segments of each conversation as the wire carried them, and what the senders' hosts add up to.
func TestPieces(t *testing.T) {
	type sums struct{ segments, oversized, large, pieces int64 }
	want := map[string][]sums{
		"lso.pcap":       {{5, 1, 2580, 2}},
		"options.pcap":   {{12, 1, 880, 10}},
		"midstream.pcap": {{4, 1, 4000, 3}, {3, 1, 4320, 3}},
		"absurd.pcap":    {{5, 1, 3000, 3}},
	}
	list, err := fixture.Load("testdata/pieces.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range list {
		path, err := tr.Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		all := walk(t, path, func(_ *packet.Packet, s *Sighting) { repack(t, s.Conv) })
		for i, c := range all.Conversations() {
			from := hostOf(all, c)
			got := sums{c.Dir[0].Segments() + c.Dir[1].Segments(), from.Sent.Oversized, from.Sent.Large, from.Sent.Pieces}
			if got != want[tr.Name][i] {
				t.Errorf("%s, conversation %d: %+v, want %+v", tr.Name, i, got, want[tr.Name][i])
			}
		}
	}
}

// hostOf is the host of the first end.
func hostOf(all *Tracker, c *Conversation) *Host {
	for _, h := range all.Hosts() {
		if h.Addr == c.Ends[0].Addr() {
			return h
		}
	}
	return nil
}
