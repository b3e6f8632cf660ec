package point

import (
	"fmt"
	"testing"
	"time"
)

var scenes = []scene{
	{name: "plain", offset: 3 * time.Millisecond, ids: true},
	{name: "microseconds", offset: 7 * time.Microsecond, ids: true},
	{name: "hours behind", offset: -5*time.Hour - 123456789, ids: true},
	{name: "without identification", offset: time.Second},
	{name: "drift", offset: 40 * time.Millisecond, drift: 100, ids: true, minimum: 300 * time.Second},
	{name: "slow drift", offset: 40 * time.Millisecond, drift: -3, ids: true, minimum: 300 * time.Second},
	{name: "set", offset: time.Second, steps: []step{{60 * time.Second, -2 * time.Second}, {120 * time.Second, 500 * time.Millisecond}}, ids: true, minimum: 180 * time.Second},
	{name: "loss", offset: time.Second, loss: 0.1, ids: true},
	{name: "loss without identification", offset: time.Second, loss: 0.1},
	{name: "capture loss", offset: time.Second, missed: 0.05, ids: true},
	{name: "both losses", offset: -time.Second, loss: 0.05, missed: 0.05},
	{name: "nat", offset: 20 * time.Second, nat: true, ids: true},
	{name: "nat without identification", offset: 20 * time.Second, nat: true},
	{name: "nat, loss, snap", offset: 20 * time.Second, nat: true, loss: 0.05, missed: 0.05, snap: 96, ids: true},
	{name: "renumbered", offset: time.Minute, renumber: true, ids: true},
	{name: "nat, renumbered", offset: time.Minute, renumber: true, nat: true, ids: true},
	{name: "segmentation", offset: time.Second, tso: true, ids: true},
	{name: "segmentation, loss", offset: time.Second, tso: true, loss: 0.03, ids: true},
	{name: "segmentation, nat, snap, losses", offset: time.Second, tso: true, nat: true, snap: 96, loss: 0.02, missed: 0.02, ids: true},
	{name: "altered", offset: time.Second, alter: 0.05, ids: true},
	{name: "altered, loss, without identification", offset: time.Second, alter: 0.05, loss: 0.03},
	{name: "NAT at both ends, receive offload", offset: time.Second, nat: true, both: true, lro: true, ids: true},
	{name: "NAT at both ends, receive offload, loss, snap", offset: -time.Hour, nat: true, both: true, lro: true, loss: 0.02, missed: 0.01, snap: 96, ids: true},
	{name: "a queue of 742 ms", offset: time.Second, queue: 742 * time.Millisecond, ids: true, minimum: 30 * time.Second},
	{name: "a queue of 742 ms, loss, without identification", offset: time.Second, queue: 742 * time.Millisecond, loss: 0.03, minimum: 30 * time.Second},
	{name: "held up", offset: time.Second, held: 0.004},
	{name: "held up, loss", offset: time.Second, held: 0.004, loss: 0.03},
	{name: "snap", offset: time.Second, snap: 96},
	{name: "asymmetric", offset: time.Second, forth: 30 * time.Millisecond, ids: true},
	{name: "everything", offset: time.Hour, drift: 50, steps: []step{{100 * time.Second, 3 * time.Second}}, loss: 0.1, missed: 0.05, nat: true, tso: true, snap: 96, ids: true, minimum: 200 * time.Second},
}

// TestSimulated holds matching and clocks to a truth that is known: at least 95 % of what both points recorded is matched, nothing is matched
// that is not the same, and the offset is right to half the asymmetry of the path and 10 microseconds.
func TestSimulated(t *testing.T) {
	table := newTable("common", "matched", "recall %", "false", "lost", "located", "precision %", "offset error")
	t.Run("scenes", func(t *testing.T) {
		for i := range scenes {
			sc := scenes[i]
			sc.conversations, sc.exchanges = 30, 12
			sc.back, sc.jitter = 10*time.Millisecond, 300*time.Microsecond
			if sc.forth == 0 {
				sc.forth = sc.back
			}
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				c, a, b, w := simulate(&sc, uint64(i))
				row := append(score(t, c, a, b, w), "-", "-", "-")
				if sc.missed == 0 {
					row = append(row[:4], losses(t, c, a, b, w)...)
				}
				table.put(i, sc.name, append(row, clocks(t, c, w))...)
			})
		}
	})
	t.Log(table)
}

// score compares matches with the truth.
func score(t *testing.T, c *couple, a, b []record, w *world) (row []any) {
	t.Helper()
	atB := map[int]bool{}
	for _, r := range b {
		for k := range r.n {
			atB[r.first+k] = true
		}
	}
	common, matched, wrong := 0, 0, map[hitKind]int{}
	place := map[int]int{}
	for i := range w.wire {
		place[w.wire[i].first] = i
	}
	for _, r := range a {
		for k := range r.n {
			if !atB[r.first+k] {
				continue
			}
			if k == r.n-1 || r.n == 1 {
				common++
			}
		}
	}
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			for _, h := range f.hits[d] {
				x, y := a[f.a.prints[h.a].number-1], b[f.b.prints[h.b].number-1]
				if y.first+y.n <= x.first || y.first >= x.first+x.n || (h.kind == altered) != w.wire[place[y.first]].altered && h.kind != ranged {
					wrong[h.kind]++
					continue
				}
				matched++
			}
		}
	}
	if len(c.pair.Possible)+len(c.pair.Relays) > 0 {
		t.Errorf("%d conversations are called possible, %d relayed", len(c.pair.Possible), len(c.pair.Relays))
	}
	if len(wrong) > 0 {
		t.Errorf("false pairs: %v", wrong)
	}
	if matched*100 < common*95 {
		t.Errorf("matched %d of %d common records", matched, common)
	}
	return []any{common, matched, percent(matched, common), len(wrong)}
}

func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n)*100/float64(of))
}

// losses holds what is called lost, or seen at one point only, to the truth.
func losses(t *testing.T, c *couple, a, b []record, w *world) (row []any) {
	t.Helper()
	lost := map[int]bool{}
	for i := range w.wire {
		lost[w.wire[i].first] = w.wire[i].lost
	}
	right, wrong, only, all := 0, 0, int64(0), int64(0)
	for i := range c.pair.Meetings {
		for d := range 2 {
			x := &c.pair.Meetings[i].Ways[d]
			only, all = only+x.Only, all+x.Lost
			for _, pos := range x.Places().LostAt {
				list := a
				if pos.Source == 1 {
					list = b
				}
				r := list[pos.Number-1]
				any := false
				for k := range r.n {
					any = any || lost[r.first+k]
				}
				if any {
					right++
				} else {
					wrong++
				}
			}
		}
	}
	if wrong*99 > right || only > 0 {
		t.Errorf("%d of %d packets are called lost that are not, %d are called new that are not", wrong, right+wrong, only)
	}
	truly := int64(0)
	for _, is := range lost {
		if is {
			truly++
		}
	}
	if !w.tso && all*100 < truly*90 { // what is lost near the end of the captures is not judged
		t.Errorf("%d packets are called lost, and %d are", all, truly)
	}
	return []any{truly, all, percent(right, right+wrong)}
}

// clocks compares the offset with the truth.
func clocks(t *testing.T, c *couple, w *world) (worst time.Duration) {
	t.Helper()
	allowed := (w.forth-w.back).Abs()/2 + 10*time.Microsecond + w.queue/200 // a queue is empty for moments
	if len(c.pair.Clock.Segments) != len(w.steps)+1 {
		t.Errorf("%d segments of the clock, want %d: %+v", len(c.pair.Clock.Segments), len(w.steps)+1, c.pair.Clock.Segments)
	}
	for i := range c.pair.Clock.Segments {
		s := &c.pair.Clock.Segments[i]
		for k := range int64(11) {
			at := s.From + (s.To-s.From)/10*k
			off := time.Duration(s.At(at) - (w.clockB(time.Duration(at-simStart)) - at))
			worst = max(worst, off.Abs())
			if e := s.ErrorAt(at); off.Abs() > time.Duration(e) || e > s.Error {
				t.Errorf("segment %d: off by %v, beyond its error of %v, of %v in all", i, off, time.Duration(e), time.Duration(s.Error))
			}
		}
	}
	for i, s := range c.pair.Clock.Steps() {
		want := w.steps[min(i, len(w.steps)-1)]
		at := simStart + int64(want.at)
		if s.After > at || s.Before < at-int64(time.Millisecond) || time.Duration(s.By-int64(want.by)).Abs() > time.Duration(s.Error) {
			t.Errorf("set by %v ± %v between %v and %v, want %v at %v", time.Duration(s.By), time.Duration(s.Error), time.Duration(s.After-simStart), time.Duration(s.Before-simStart), want.by, want.at)
		}
	}
	if worst > allowed {
		t.Errorf("offset off by %v, allowed %v", worst, allowed)
	}
	return worst
}
