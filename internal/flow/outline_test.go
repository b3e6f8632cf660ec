package flow

import (
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
)

// An outline, of a packed conversation or of another one, is what the conversation says.
func TestOutlines(t *testing.T) {
	for _, g := range generators {
		frames := g.frames(23)
		plain := NewTracker(0)
		var s Sighting
		feed(t, frames, func(p *packet.Packet) { plain.Add(p, &s) })
		var all Conversations
		all.Add(packedLanes(t, frames))
		all.Add(plain)
		packed := 0
		for i := range all.Len() {
			c, got := all.At(i), all.Outline(i)
			var want Outline
			if want.take(c, c.TCP); got != want || got.ID != i {
				t.Errorf("%s, conversation %d: %+v, want %+v", g.name, i, got, want)
			}
			if has := all.Traits(i); has&FirstSent != 0 != (c.Dir[0].Packets > 0) || has&SecondSent != 0 != (c.Dir[1].Packets > 0) || has != c.Traits() {
				t.Errorf("%s, conversation %d: traits %b, want %b", g.name, i, has, c.Traits())
			}
			if i < all.parts[0].end() && !all.parts[0].refs[i].live() {
				packed++
			}
		}
		if packed == 0 {
			t.Errorf("%s: nothing was packed", g.name)
		}
	}
}
