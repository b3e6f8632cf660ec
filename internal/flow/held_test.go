package flow

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/packet"
)

// TestHeld: what the traces add up to, and that a packed conversation keeps it at every segment.
func TestHeld(t *testing.T) {
	type held struct {
		count, total, late int64
		first, longest     int64 // numbers of the segments that waited
		bytes              [2]uint32
		longestFor         int64
	}
	want := map[string]held{
		"held.pcap":      {count: 3, total: 40*ms + 42*ms + 41*ms, late: 4, first: 4, longest: 8, bytes: [2]uint32{10, 30}, longestFor: 42 * ms},
		"turned.pcap":    {count: 1, total: 40 * ms, late: 1, first: 5, longest: 5, bytes: [2]uint32{10, 20}, longestFor: 40 * ms},
		"midstream.pcap": {count: 1, total: 42 * ms, late: 1, first: 5, longest: 5, bytes: [2]uint32{10, 30}, longestFor: 42 * ms},
	}
	list, err := fixture.Load("testdata/held.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range list {
		path, err := tr.Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		packed := 0
		all := walk(t, path, func(p *packet.Packet, s *Sighting) {
			packed += repack(t, s.Conv)
		})
		convs := all.Conversations()
		c := convs[len(convs)-1]
		h, other := c.Dir[0].Held, c.Dir[1].Held
		if h == nil || other != nil || packed == 0 {
			t.Errorf("%s: %+v and %+v, packed %d times", tr.Name, h, other, packed)
			continue
		}
		got := held{count: h.Count, total: h.Total, late: h.Late, first: h.First.Sent.Pos.Number, longest: h.Longest.Sent.Pos.Number,
			bytes: h.Longest.Bytes, longestFor: h.Longest.Lasted()}
		if got != want[tr.Name] {
			t.Errorf("%s: %+v, want %+v", tr.Name, got, want[tr.Name])
		}
		if h.First.Acked.Pos.Number != h.First.Sent.Pos.Number+1 || h.First.Freed.Pos.Number != h.First.Sent.Pos.Number+2 {
			t.Errorf("%s: %+v", tr.Name, h.First)
		}
	}
}

// repack packs the directions of a conversation, unpacks them and wants the same. It returns in how many something was held back.
func repack(t *testing.T, c *Conversation) (n int) {
	for i := range c.Dir {
		d := &c.Dir[i]
		if d.Held != nil {
			n++
		}
		w := packer{origin: c.Last}
		w.direction(d)
		w.seal()
		r := packer{origin: c.Last, reading: true, b: bytes.Clone(w.b)}
		got := new(Direction)
		if r.direction(got); !reflect.DeepEqual(got, d) || len(r.b) != 0 {
			t.Fatalf("packed %+v, unpacked %+v", d, got)
		}
	}
	return n
}
