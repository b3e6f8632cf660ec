package session

import (
	"slices"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

func report(n int64, code uint32, c *flow.Conversation) *dropReport {
	return &dropReport{
		dropCause: dropCause{by: pktmonName, component: "tcpip.sys", code: code, id: 9}, at: flow.Moment{Pos: trace.Pos{Number: n}, Time: n},
		reason: "Filtered", location: uint32(n), packets: 1, conv: c,
	}
}

// A flood of drops leaves exact counts and a few examples.
func TestDropsAreCounted(t *testing.T) {
	const n = 100_000
	ds := newDrops()
	convs := []*flow.Conversation{nil, {ID: 0}, {ID: 1}}
	for i := int64(1); i <= n; i++ {
		r := report(i, uint32(i%2), convs[i%3])
		r.again, r.syn = i%5 == 0, i%7 == 0
		ds.add(r)
	}
	if len(ds.list) != 6 {
		t.Fatalf("%d drops, want one for each of 2 reasons and 3 conversations", len(ds.list))
	}
	var reports, packets, syns int64
	for _, d := range ds.list {
		reports, packets, syns = reports+d.Reports, packets+d.Packets, syns+d.SYNs
		if len(d.Where) != maxDropWhere || len(d.Locations) != maxDropLocations {
			t.Errorf("%d records and %d locations, want %d and %d", len(d.Where), len(d.Locations), maxDropWhere, maxDropLocations)
		}
		if last := d.Last.Pos.Number; last <= n-30 || d.First.Pos.Number > 6 {
			t.Errorf("from %d to %d", d.First.Pos.Number, last)
		}
		for _, m := range d.Where {
			if m.Pos.Number%5 == 0 {
				t.Errorf("record %d is a further report of a packet", m.Pos.Number)
			}
		}
	}
	// Of 1 to 100,000, 20,000 are multiples of 5, 14,285 of 7, 2,857 of both.
	if reports != n || packets != n-20_000 || syns != 14_285-2_857 {
		t.Errorf("%d reports, %d packets, %d SYNs", reports, packets, syns)
	}
	if !slices.IsSortedFunc(ds.list, func(a, b *Drop) int { return int(a.First.Pos.Number - b.First.Pos.Number) }) {
		t.Error("drops are not in order of their first report")
	}
}

// Causes beyond any real number of them are counted together.
func TestDropCausesAreBounded(t *testing.T) {
	ds := newDrops()
	for i := range int64(3 * maxDropCauses) {
		ds.add(report(i, uint32(i), nil))
	}
	ds.add(report(1, 7, nil)) // a cause that is known stays one of its own
	if len(ds.list) != maxDropCauses+1 || len(ds.index) != maxDropCauses+1 || len(ds.causes) != maxDropCauses {
		t.Fatalf("%d drops, want %d", len(ds.list), maxDropCauses+1)
	}
	rest := ds.list[maxDropCauses]
	if rest.Reason != otherReasons || rest.Packets != 2*maxDropCauses || rest.Code != 0 || rest.Component != "" {
		t.Errorf("%+v", rest)
	}
	if d := ds.list[7]; d.Reports != 2 {
		t.Errorf("the known cause has %d reports", d.Reports)
	}
}
