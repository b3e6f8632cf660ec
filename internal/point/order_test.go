package point

import (
	"testing"
	"time"
)

// TestOrder holds what is called reordered, doubled and foreign to the truth.
func TestOrder(t *testing.T) {
	for i, sc := range []scene{
		{name: "in order", ids: true},
		{name: "overtaken", ids: true, overtaken: 0.03},
		{name: "doubled", ids: true, doubled: 0.03},
		{name: "forged", ids: true, forged: 5},
		{name: "forged, behind a NAT that renumbers", ids: true, nat: true, renumber: true, forged: 5},
		{name: "all, nat, snap", ids: true, overtaken: 0.02, doubled: 0.02, forged: 3, nat: true, snap: 96},
		{name: "capture loss", ids: true, missed: 0.02, overtaken: 0.02},
		{name: "loss", ids: true, loss: 0.02},
		{name: "segmentation", ids: true, tso: true},
	} {
		sc.conversations, sc.exchanges, sc.offset = 30, 12, time.Second
		sc.forth, sc.back, sc.jitter = 10*time.Millisecond, 10*time.Millisecond, time.Microsecond
		t.Run(sc.name, func(t *testing.T) {
			c, a, b, w := simulate(&sc, uint64(100+i))
			var got Way
			foreign := 0
			for i := range c.pair.Meetings {
				for d := range 2 {
					x := &c.pair.Meetings[i].Ways[d]
					got.add(x)
					foreign += len(x.Places().Foreign)
					for _, f := range x.Places().Foreign {
						if f.Pos.Source != 1 || b[f.Pos.Number-1].frame[22] != 55 || f.Why&OtherTTL == 0 || f.TTL != 55 || f.Usual != 62 {
							t.Errorf("foreign %+v", f)
						}
					}
				}
			}
			reordered, extent, late := got.Reordered, got.Extent, time.Duration(got.Late)
			if !sc.tso { // what was coalesced at one point is compared by its bytes
				reordered, extent, late = overtakes(c, a, b)
			}
			doubled := int64(0)
			for i := range w.wire {
				if w.wire[i].again > 0 {
					doubled++
				}
			}
			t.Logf("reordered %d of %d, by %d packets of %d, %v of %v; twice %d of %d; foreign %d of %d; %d matched, %d lost, %d only",
				got.Reordered, reordered, got.Extent, extent, time.Duration(got.Late), late, got.Twice, doubled, foreign, sc.forged, got.Matched, got.Lost, got.Only)
			if got.Reordered > reordered || got.Reordered*100 < reordered*95 || got.Extent > extent || time.Duration(got.Late) > late {
				t.Errorf("%d reordered by %d packets and %v at most, want %d by %d and %v", got.Reordered, got.Extent, time.Duration(got.Late), reordered, extent, late)
			}
			if got.Twice > doubled || got.Twice*100 < doubled*95 {
				t.Errorf("%d packets came twice, want %d", got.Twice, doubled)
			}
			if forged := sc.forged - sc.forged/3; foreign != forged { // every third conversation is no connection
				t.Errorf("%d foreign packets of %d", foreign, forged)
			}
		})
	}
}

// overtakes compares each packet of a direction with each other one: which arrived after one that was sent later. Only packets that both points have count.
func overtakes(c *couple, a, b []record) (n, extent int64, late time.Duration) {
	atA := map[int]int64{}
	for _, r := range a {
		for k := range r.n {
			atA[r.first+k] = r.time
		}
	}
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			var first, second []record
			wa, wb := f.way(d)
			seen := map[int]bool{}
			for _, k := range wb {
				if r := b[f.b.prints[k].number-1]; atA[r.first] != 0 && !seen[r.first] {
					second = append(second, r)
					seen[r.first] = true
				}
			}
			for _, k := range wa {
				if r := a[f.a.prints[k].number-1]; seen[r.first] {
					first = append(first, r)
				}
			}
			if c.ways[i][d] == BtoA {
				first, second = second, unique(first)
			}
			place := map[int]int{}
			for k, r := range first {
				if _, ok := place[r.first]; !ok {
					place[r.first] = k
				}
			}
			for k, r := range second {
				for j := range k {
					if place[second[j].first] > place[r.first] {
						n++
						extent, late = max(extent, int64(k-j)), max(late, time.Duration(r.time-second[j].time))
						break
					}
				}
			}
		}
	}
	return n, extent, late
}

func unique(list []record) (out []record) {
	seen := map[int]bool{}
	for _, r := range list {
		if !seen[r.first] {
			out = append(out, r)
		}
		seen[r.first] = true
	}
	return out
}
