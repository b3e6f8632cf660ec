package flow

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"runtime"
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

// packedLanes follows frames in lanes that pack whatever they can.
func packedLanes(t testing.TB, frames []frame) *Tracker {
	var lanes []*Tracker
	for i := range Lanes {
		l := NewLane(0, i)
		l.Compact()
		l.cold.least, l.cold.floor = 0, 0
		lanes = append(lanes, l)
	}
	var s Sighting
	feed(t, frames, func(p *packet.Packet) {
		for i, l := range lanes {
			if LanesOf(p).Has(i) {
				l.Add(p, &s)
				l.sweep(3)
			}
		}
	})
	return Merge(lanes, nil)
}

// Lanes that pack are merged into what one tracker says that does not.
func TestPackedLanesSayTheSame(t *testing.T) {
	for _, g := range generators {
		frames := g.frames(17)
		plain := NewTracker(0)
		var s Sighting
		feed(t, frames, func(p *packet.Packet) { plain.Add(p, &s) })
		var all Conversations
		all.Add(packedLanes(t, frames))
		want := plain.Conversations()
		if all.Len() != len(want) {
			t.Fatalf("%s: %d conversations, want %d", g.name, all.Len(), len(want))
		}
		packed, i := 0, 0
		for c := range all.All() {
			if !all.parts[0].refs[i].live() {
				packed++
				if c != all.At(i) {
					t.Errorf("%s: conversation %d is two while it is in use", g.name, i)
				}
			}
			same := *c
			same.order = want[i].order // places of lanes are more exact
			if !reflect.DeepEqual(&same, want[i]) {
				t.Errorf("%s, conversation %d: %+v, want %+v", g.name, i, c, want[i])
			}
			i++
		}
		if packed == 0 {
			t.Errorf("%s: nothing was packed", g.name)
		}
		asked(t, g.name, all, want)
	}
}

// asked compares what can be asked of packed conversations with a look at all of them.
func asked(t *testing.T, name string, all Conversations, want []*Conversation) {
	t.Helper()
	for trait := OneSided; trait <= Unfinished; trait <<= 1 {
		var ids []int
		for _, c := range want {
			if c.Traits()&trait != 0 {
				ids = append(ids, c.ID)
			}
		}
		var got []int
		for c := range all.With(trait) {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%s, trait %d: %v, want %v", name, trait, got, ids)
		}
	}
	ends := want[0].Ends
	between := 0
	for c := range all.Between(func(source int, a, b netip.Addr) bool { return a == ends[0].Addr() && b == ends[1].Addr() }) {
		if c.Ends[0].Addr() != ends[0].Addr() || c.Ends[1].Addr() != ends[1].Addr() {
			t.Errorf("%s: %v are not between %v", name, c.Ends, ends)
		}
		between++
	}
	if want[0].TCP != nil && between == 0 {
		t.Errorf("%s: none between %v", name, ends)
	}
	list := slices.Clone(want)
	bytes := func(c *Conversation) int64 { return c.Dir[0].Bytes + c.Dir[1].Bytes }
	slices.SortStableFunc(list, func(a, b *Conversation) int { return cmp.Compare(bytes(b), bytes(a)) })
	for i, c := range all.Busiest(5) {
		if c.ID != list[i].ID {
			t.Errorf("%s: conversation %d is number %d of the busiest, want %d", name, c.ID, i, list[i].ID)
		}
	}
}

// What nobody keeps is given back.
func TestUnpackedAreGivenBack(t *testing.T) {
	const n = 5 * leastPurge
	var frames []frame
	r := rand.New(rand.NewPCG(3, 3))
	now := int64(0)
	for i := range n {
		shortFlow(r, i, &now, func(f frame) { frames = append(frames, f) })
	}
	var all Conversations
	all.Add(packedLanes(t, frames))
	if all.Len() != n {
		t.Fatalf("%d conversations, want %d", all.Len(), n)
	}
	p := all.parts[0]
	first, i := all.At(0), 0
	for range all.All() {
		if i++; i%1000 == 0 {
			runtime.GC()
		}
	}
	if len(p.kept) > 2*leastPurge {
		t.Errorf("%d of %d are remembered though one is in use", len(p.kept), n)
	}
	if first != all.At(0) {
		t.Error("the one in use was forgotten")
	}
}

// A copy has all of a conversation, and nothing in common with it that later segments change.
func TestCloneStands(t *testing.T) {
	tr := NewTracker(0)
	var s Sighting
	type pair struct {
		clone *Conversation
		text  string
	}
	var clones []pair
	say := func(c *Conversation) string {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	feed(t, chatterCapture(7, 20, 60, true), func(p *packet.Packet) {
		tr.Add(p, &s)
		if s.Conv == nil || p.Record.Pos.Number%7 != 0 {
			return
		}
		c := s.Conv.Clone()
		if !reflect.DeepEqual(c, s.Conv) {
			t.Fatalf("record %d: %+v, want %+v", p.Record.Pos.Number, c, s.Conv)
		}
		clones = append(clones, pair{c, say(c)})
	})
	for _, c := range clones {
		if now := say(c.clone); now != c.text {
			t.Fatalf("a copy became %s\nfrom %s", now, c.text)
		}
	}
}
