package point

import (
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// compared runs two lists of records through everything.
func compared(a, b []record) *Result {
	pa, ra, ta := recorded(0, a)
	pb, rb, tb := recorded(1, b)
	var convs flow.Conversations
	convs.Add(ta)
	base := convs.Len()
	convs.Add(tb)
	rb.Number(base)
	return Analyse([]Point{*pa, *pb}, []*Recorder{ra, rb}, &convs)
}

// TestAlike gives both points many packets that nothing tells apart, some of which are missing at either: what is
// matched must be right, and it must take no longer than so many packets do.
func TestAlike(t *testing.T) {
	const n = 50_000
	a, b := [4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2}
	zeros := make([]byte, 100)
	frame := ipFrame(a, b, 17, 0, 64, udpDatagram(1000, 2000, zeros))
	var atA, atB []record
	for i := range n {
		r := record{simStart + int64(i)*1000, frame, len(frame), i + 1, 1}
		if i%7 != 0 {
			atA = append(atA, r)
		}
		if i%5 != 0 {
			r.time += int64(time.Second)
			atB = append(atB, r)
		}
	}
	r := compared(atA, atB)
	for _, m := range r.Pairs[0].Meetings {
		if m.Ways[0].Matched+m.Ways[1].Matched > 0 {
			t.Errorf("%d packets matched, though nothing tells which is which", m.Ways[0].Matched)
		}
		if w := &m.Ways[0]; w.Lost+w.Only > 0 || w.Alike != [2]int64{int64(len(atA)), int64(len(atB))} {
			t.Errorf("%d packets lost and %d new, %v undecided: which of them is lost nobody knows", w.Lost, w.Only, w.Alike)
		}
	}
}

// TestRepeats are packets that are alike but far apart: the clock of the others tells which is which.
func TestRepeats(t *testing.T) {
	sc := &scene{offset: time.Hour, forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 3, exchanges: 20}
	c, a, b, w := simulate(sc, 7)
	score(t, c, a, b, w)
	n := 0
	for i := range c.found {
		for d := range 2 {
			for _, h := range c.found[i].hits[d] {
				if h.kind == ordered {
					n++
				}
			}
		}
	}
	if n == 0 {
		t.Error("no packet was matched by order")
	}
}

// TestTwice compares a capture with itself.
func TestTwice(t *testing.T) {
	sc := &scene{forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 9, exchanges: 5, ids: true}
	_, a, _, _ := simulate(sc, 3)
	p := compared(a, a).Pairs[0]
	matched := int64(0)
	for _, m := range p.Meetings {
		for d := range 2 {
			w := &m.Ways[d]
			matched += w.Matched
			if w.Lost+w.Only > 0 {
				t.Errorf("%d packets are lost between a capture and itself, %d come from nowhere", w.Lost, w.Only)
			}
		}
	}
	if matched != int64(len(a)) {
		t.Errorf("%d of %d packets are matched with themselves", matched, len(a))
	}
	if s := p.Clock.Segments; len(s) != 1 || s[0].At(simStart) != 0 {
		t.Errorf("clock %+v, want no offset", s)
	}
}

// TestYearsApart has a clock that was never set, and one that is beyond what a difference can say: of that nothing is said.
func TestYearsApart(t *testing.T) {
	for _, off := range []time.Duration{-52 * 365 * 24 * time.Hour, 200 * 365 * 24 * time.Hour} {
		sc := &scene{offset: off, forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 6, exchanges: 5, ids: true}
		c, a, b, w := simulate(sc, 5)
		score(t, c, a, b, w)
		if off < 0 {
			clocks(t, c, w)
		} else if len(c.pair.Clock.Segments) > 0 {
			t.Errorf("clock %+v, want none", c.pair.Clock.Segments)
		}
	}
}

// TestOtherDay compares two captures of the same hosts and ports, on different days: nothing of one is in the other.
func TestOtherDay(t *testing.T) {
	sc := &scene{forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 12, exchanges: 5, ids: true}
	var day []record
	_, first, _, _ := simulate(sc, 11)
	_, second, _, _ := simulate(sc, 12)
	for _, r := range second {
		r.time += int64(24 * time.Hour)
		day = append(day, r)
	}
	r := compared(first, day)
	p := r.Pairs[0]
	for _, m := range p.Meetings {
		if a := r.Conv(m.A); a.TCP != nil {
			t.Errorf("%v - %v is called the same connection on both days", a.Ends[0], a.Ends[1])
		}
	}
	if p.Contradicted == 0 {
		t.Error("no conversation is called the same endpoints with other packets")
	}
}

// TestBound gives a recorder more than it has room for: both points keep the same packets.
func TestBound(t *testing.T) {
	sc := &scene{forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 30, exchanges: 20, ids: true, offset: time.Minute}
	_, a, b, _ := simulate(sc, 9)
	pa, ra, ta := recorded(0, a)
	pb, rb, tb := recorded(1, b)
	rb.thin(3)
	var convs flow.Conversations
	convs.Add(ta)
	base := convs.Len()
	convs.Add(tb)
	rb.Number(base)
	r := Analyse([]Point{*pa, *pb}, []*Recorder{ra, rb}, &convs)
	if r.Sampled != 3 {
		t.Fatalf("level %d, want 3", r.Sampled)
	}
	var w Way
	for _, m := range r.Pairs[0].Meetings {
		for d := range 2 {
			w.Matched, w.Lost, w.Only = w.Matched+m.Ways[d].Matched, w.Lost+m.Ways[d].Lost, w.Only+m.Ways[d].Only
		}
	}
	if w.Matched < int64(len(a))/16 || w.Lost+w.Only > 0 {
		t.Errorf("%d of %d packets matched in a sample of an eighth, %d lost, %d new", w.Matched, len(a), w.Lost, w.Only)
	}
}

// TestNoClock gives samples that no clock has: the search for one ends.
func TestNoClock(t *testing.T) {
	var samples []sample
	for i := range 20_000 {
		at := int64(i) * second
		samples = append(samples, sample{uint32(2 * i), uint32(2 * i), at, int64(i*7919%1000) * second, false}, sample{uint32(2*i + 1), uint32(2*i + 1), at + 1, int64(i*104729%1000) * second, true})
	}
	if c := fit(samples, [2]int64{}, 1); len(c.Segments) > maxSegments {
		t.Errorf("%d segments", len(c.Segments))
	}
}
