package point

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// A line of points: packets pass them one after another, and back.
type route struct {
	name   string
	clocks []simClock
	forth  []time.Duration // from each point to the next
	back   []time.Duration
	jitter time.Duration
	length time.Duration
	oneWay bool
	think  time.Duration // at the last point, before it answers
	// skip leaves out what a point has of a conversation, and late moves its times there: another recorder with another clock.
	skip func(point, conv int) bool
	late func(point, conv int) time.Duration
}

// A simClock is what a point's clock shows.
type simClock struct {
	offset time.Duration
	drift  float64 // parts per million
	steps  []step
	tick   time.Duration
}

func (c *simClock) at(t time.Duration) int64 {
	b := int64(t) + int64(c.offset) + int64(float64(t)*c.drift/1e6)
	for _, s := range c.steps {
		if t >= s.at {
			b += int64(s.by)
		}
	}
	b += simStart
	if c.tick > 0 {
		b -= b % int64(c.tick)
	}
	return b
}

// A truth is a record with the true time it was made at.
type truth struct {
	record
	at time.Duration
}

const routeConversations = 3

// run makes the records of each point, in the order in which they were made.
func (ro *route) run(seed uint64) [][]truth {
	rnd := rand.New(rand.NewPCG(seed, 2))
	out := make([][]truth, len(ro.clocks))
	put := func(point, conv int, at time.Duration, frame []byte) {
		if ro.skip != nil && ro.skip(point, conv) {
			return
		}
		shown := ro.clocks[point].at(at)
		if ro.late != nil {
			shown += int64(ro.late(point, conv))
		}
		out[point] = append(out[point], truth{record{shown, frame, len(frame), 0, 1}, at})
	}
	wait := func(d time.Duration) time.Duration {
		return d + time.Duration(rnd.ExpFloat64()*float64(ro.jitter))
	}
	id := uint16(0)
	for n, t := 0, time.Duration(0); t < ro.length; n++ {
		t += 10*ms + time.Duration(rnd.IntN(60_000_000))
		conv := n % routeConversations
		a, b := [4]byte{10, 0, 0, 1}, [4]byte{10, 0, 1, byte(1 + conv)}
		id++
		at := t
		for i := range ro.clocks {
			put(i, conv, at, ipFrame(a, b, 17, id, byte(64-i), udpDatagram(5000, 6000, fmt.Appendf(nil, "question %d of the client", n))))
			if i < len(ro.forth) {
				at += wait(ro.forth[i])
			}
		}
		at += ro.think
		for i := len(ro.clocks) - 1; i >= 0 && !ro.oneWay; i-- {
			put(i, conv, at, ipFrame(b, a, 17, id, byte(64-(len(ro.clocks)-1-i)), udpDatagram(6000, 5000, fmt.Appendf(nil, "answer %d of the server", n))))
			if i > 0 {
				at += wait(ro.back[i-1])
			}
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i], func(a, b truth) int { return int(a.at - b.at) })
	}
	return out
}

func (ro *route) analyse(t *testing.T, seed uint64) (*Result, [][]truth) {
	t.Helper()
	all := ro.run(seed)
	var points []Point
	var prints []*Recorder
	var convs flow.Conversations
	for i, list := range all {
		records := make([]record, len(list))
		for k := range list {
			records[k] = list[k].record
		}
		p, r, tr := recorded(i, records)
		p.Tick = int64(ro.clocks[i].tick)
		r.Number(convs.Len())
		convs.Add(tr)
		points, prints = append(points, *p), append(prints, r)
	}
	return Analyse(points, prints, &convs), all
}

var (
	ms     = time.Millisecond
	routes = []route{
		{name: "four points", clocks: []simClock{{}, {offset: 300 * ms}, {offset: -2 * time.Second}, {offset: time.Hour}},
			forth: []time.Duration{ms, 2 * ms, 10 * ms}, back: []time.Duration{ms, 2 * ms, 10 * ms}},
		{name: "drift", clocks: []simClock{{}, {offset: 300 * ms, drift: 80}, {offset: -2 * time.Second, drift: -50}, {offset: time.Hour, drift: 20}},
			forth: []time.Duration{ms, 2 * ms, 10 * ms}, back: []time.Duration{ms, 2 * ms, 10 * ms}, length: 200 * time.Second},
		{name: "set back", clocks: []simClock{{}, {offset: 300 * ms, steps: []step{{15 * time.Second, -5 * time.Second}}}, {offset: -2 * time.Second}},
			forth: []time.Duration{ms, 2 * ms}, back: []time.Duration{ms, 2 * ms}},
		{name: "the first is set", clocks: []simClock{{steps: []step{{15 * time.Second, -5 * time.Second}}}, {offset: 300 * ms}, {offset: -2 * time.Second}},
			forth: []time.Duration{ms, 2 * ms}, back: []time.Duration{ms, 2 * ms}},
		{name: "two are set, and drift", clocks: []simClock{{}, {drift: 50, steps: []step{{5 * time.Second, 3 * time.Second}, {25 * time.Second, -9 * time.Second}}}, {drift: -50, steps: []step{{15 * time.Second, -2 * time.Second}}}},
			forth: []time.Duration{5 * ms, 2 * ms}, back: []time.Duration{ms, 2 * ms}},
		{name: "a coarse clock", clocks: []simClock{{}, {offset: time.Second, tick: 15625 * time.Microsecond}, {offset: 2 * time.Second}},
			forth: []time.Duration{ms, ms}, back: []time.Duration{ms, ms}},
		{name: "over a third only", clocks: []simClock{{}, {offset: 300 * ms}, {offset: -2 * time.Second}}, forth: []time.Duration{ms, 2 * ms}, back: []time.Duration{ms, 2 * ms},
			skip: func(point, conv int) bool { return point == 0 && conv == 1 || point == 2 && conv != 1 }},
		{name: "asymmetric", clocks: []simClock{{}, {offset: 300 * ms}, {offset: -2 * time.Second}}, forth: []time.Duration{20 * ms, 2 * ms}, back: []time.Duration{ms, 30 * ms}},
	}
)

// TestTimebase holds the one clock of several points to the truth: each record lies within its error, and the error is no more than
// half of the way there and back, the tick, and what jitter leaves.
func TestTimebase(t *testing.T) {
	for i := range routes {
		ro := routes[i]
		ro.jitter, ro.length = 200*time.Microsecond, max(ro.length, 40*time.Second)
		t.Run(ro.name, func(t *testing.T) {
			r, all := ro.analyse(t, uint64(i))
			ref := r.Reference()
			if ref < 0 || len(ro.clocks[ref].steps) > 0 {
				t.Fatalf("the clock of all is that of point %d", ref)
			}
			for k := range r.Pairs {
				p := &r.Pairs[k]
				for _, s := range p.Clock.Steps() {
					t.Logf("%d-%d: step %v..%v by %v ± %v", p.A, p.B, time.Duration(s.After-simStart), time.Duration(s.Before-simStart), time.Duration(s.By), time.Duration(s.Error))
					if x := ro.step(p.A, p.B, s); x == nil {
						t.Errorf("points %d and %d: no clock is set like %+v", p.A, p.B, s)
					}
				}
			}
			if len(r.Contradictions) > 0 {
				t.Errorf("contradictions: %+v", r.Contradictions)
			}
			for k, list := range all {
				b := r.Clock(k)
				if b.Bound != Both || !b.Linked {
					t.Errorf("point %d: %v, linked %v", k, b.Bound, b.Linked)
				}
				half := ro.clocks[k].tick + ro.clocks[ref].tick + 2*ms
				for h := min(k, ref); h < max(k, ref); h++ {
					half += (ro.forth[h] + ro.back[h]) / 2
				}
				worst, beyond := time.Duration(0), 0
				for n, rec := range list {
					at, e := b.At(int64(n+1), rec.time)
					off := time.Duration(at - ro.clocks[ref].at(rec.at))
					if off.Abs() > time.Duration(e) {
						t.Fatalf("point %d record %d at %v: off by %v, beyond its error of %v", k, n+1, rec.at, off, time.Duration(e))
					}
					worst = max(worst, off.Abs())
					if k != ref && time.Duration(e) > half {
						beyond++
					}
				}
				if k == ref {
					continue
				}
				t.Logf("point %d: off by %v at most, %d of %d with an error above %v, %+v", k, worst, beyond, len(list), half, b.Stretches)
				if beyond*50 > len(list) {
					t.Errorf("point %d: %d of %d records have an error above %v", k, beyond, len(list), half)
				}
			}
		})
	}
}

// step is the step of either clock that s is, nil when there is none: the same to its error, and between the same packets.
func (ro *route) step(a, b int, s Step) *step {
	for i, sign := range map[int]time.Duration{a: -1, b: 1} {
		for k := range ro.clocks[i].steps {
			x := &ro.clocks[i].steps[k]
			before, after := ro.clocks[a].at(x.at-1), ro.clocks[a].at(x.at)
			if (time.Duration(s.By)-sign*x.by).Abs() <= time.Duration(s.Error) && s.After <= before+int64(50*ms) && s.Before >= after-int64(50*ms) {
				return x
			}
		}
	}
	return nil
}

// TestOneWay has questions only: what is said holds but for the time on the way, and says so.
func TestOneWay(t *testing.T) {
	for _, drift := range []float64{0, 60, -40} {
		ro := route{clocks: []simClock{{}, {offset: time.Second, drift: drift}}, forth: []time.Duration{10 * ms}, jitter: 200 * time.Microsecond, length: 300 * time.Second, oneWay: true}
		r, all := ro.analyse(t, 7)
		b := r.Clock(1)
		if b.Bound != AtMost {
			t.Fatalf("bound %v, want %v", b.Bound, AtMost)
		}
		worst := time.Duration(0)
		for n, rec := range all[1] {
			at, _ := b.At(int64(n+1), rec.time)
			worst = max(worst, (time.Duration(at-ro.clocks[0].at(rec.at)) + 10*ms).Abs())
		}
		if worst > 100*time.Microsecond {
			t.Errorf("drift %v: times are off by %v besides the way", drift, worst)
		}
	}
}

// TestContradiction has a point that stamps one conversation by another clock: the pair that only that one tells of is named.
func TestContradiction(t *testing.T) {
	ro := route{clocks: []simClock{{}, {offset: 300 * ms}, {offset: -2 * time.Second}}, forth: []time.Duration{ms, 2 * ms}, back: []time.Duration{ms, 2 * ms}, length: 20 * time.Second,
		skip: func(point, conv int) bool { return point == (conv+2)%3 }, // 0 and 1, 1 and 2, 2 and 0
		late: func(point, conv int) time.Duration { return time.Duration(point) * time.Duration(conv/2) * 500 * ms }}
	r, _ := ro.analyse(t, 1)
	if len(r.Contradictions) != 1 {
		t.Fatalf("%+v, want one pair", r.Contradictions)
	}
	c := r.Contradictions[0]
	if p := r.Pairs[c.Pair]; p.A != 0 || p.B != 2 || time.Duration(c.By) < 900*ms || time.Duration(c.By) > 1100*ms {
		t.Errorf("points %d and %d are called contradictory by %v", p.A, p.B, time.Duration(c.By))
	}
}
