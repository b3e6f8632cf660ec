package flow

import (
	"slices"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
)

// What several sources found is one list, numbered through.
func TestConversationsOfSources(t *testing.T) {
	var all Conversations
	total := 0
	for source := range 2 {
		tr := NewTracker(source)
		var s Sighting
		feed(t, generators[source].frames(5), func(p *packet.Packet) { tr.Add(p, &s) })
		total += len(tr.Conversations())
		all.Add(tr)
	}
	list := slices.Collect(all.All())
	if all.Len() != total || len(list) != total {
		t.Fatalf("%d conversations, %d yielded, want %d", all.Len(), len(list), total)
	}
	for i, c := range list {
		if c.ID != i || c != all.At(i) {
			t.Errorf("conversation %d has number %d", i, c.ID)
		}
	}
	for c := range all.All() {
		if c != list[0] {
			t.Error("goes on after it was stopped")
		}
		break
	}
}
