package path

import (
	"testing"
	"time"
)

const ms = time.Millisecond

func TestDelayAndRate(t *testing.T) {
	q := NewQueue(Conditions{Delay: 5 * ms, Rate: 8e6, Queue: 3000}, 0) // a byte a microsecond
	for i, c := range []struct {
		now  time.Duration
		n    int
		due  time.Duration
		full bool
	}{
		{0, 1000, 6 * ms, false},
		{0, 1000, 7 * ms, false},
		{0, 1000, 8 * ms, false},
		{0, 1000, 0, true}, // 3000 bytes wait
		{1 * ms, 1000, 9 * ms, false},
		{1 * ms, 1, 0, true},
		{20 * ms, 500, 20*ms + 500*time.Microsecond + 5*ms, false}, // the queue is empty again
	} {
		due, ok := q.Take(c.now, c.n)
		if ok == c.full || due != c.due {
			t.Errorf("frame %d: %v %v, want %v full %v", i, due, ok, c.due, c.full)
		}
	}
	if q.Full != 2 || q.Lost != 0 {
		t.Errorf("full %d, lost %d", q.Full, q.Lost)
	}
}

func TestLossIsTheSameAgain(t *testing.T) {
	lost := func(seed, direction uint64) (which []int) {
		q := NewQueue(Conditions{Loss: 0.02, Seed: seed}, direction)
		for i := range 10_000 {
			if due, ok := q.Take(time.Duration(i), 1); !ok {
				which = append(which, i)
			} else if due != time.Duration(i) {
				t.Fatalf("frame %d at %v", i, due)
			}
		}
		if q.Lost != len(which) {
			t.Errorf("counted %d of %d", q.Lost, len(which))
		}
		return which
	}
	a, b, other, back := lost(1, 0), lost(1, 0), lost(2, 0), lost(1, 1)
	if len(a) < 150 || len(a) > 250 {
		t.Errorf("%d of 10,000 lost, want about 200", len(a))
	}
	same := func(x, y []int) bool {
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	if !same(a, b) || same(a, other) || same(a, back) {
		t.Error("losses must follow seed and direction")
	}
}

func TestTooLargeVanishes(t *testing.T) {
	q := NewQueue(Conditions{MTU: 1400}, 0)
	for _, c := range []struct {
		n  int
		ok bool
	}{{1414, true}, {1415, false}, {60, true}} {
		if _, ok := q.Take(0, c.n); ok != c.ok {
			t.Errorf("%d bytes: %v", c.n, ok)
		}
	}
	if q.Lost != 1 {
		t.Errorf("lost %d", q.Lost)
	}
}

func TestSomeAreLate(t *testing.T) {
	q := NewQueue(Conditions{Delay: ms, Reorder: 0.05, Late: 3 * ms, Seed: 4}, 0)
	late := 0
	for i := range 2000 {
		now := time.Duration(i) * 100 * time.Microsecond
		switch due, ok := q.Take(now, 100); {
		case !ok:
			t.Fatal("nothing is lost")
		case due == now+4*ms:
			late++
		case due != now+ms:
			t.Fatalf("frame %d at %v", i, due)
		}
	}
	if late < 60 || late > 140 {
		t.Errorf("%d of 2000 late, want about 100", late)
	}
}

func TestParseConditions(t *testing.T) {
	got, err := ParseConditions("delay=5.25ms rate=100M queue=65536 loss=0.02 reorder=0.01 late=3ms mtu=1400 seed=7")
	want := Conditions{Delay: 5250 * time.Microsecond, Rate: 100e6, Queue: 65536, Loss: 0.02, Reorder: 0.01, Late: 3 * ms, MTU: 1400, Seed: 7}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"delay", "delay=5", "delay=-1s", "rate=x", "rate=-1", "rate=NaN", "queue=1.5", "loss=1", "loss=-0.1", "seed=x", "jitter=1ms", "rate=", "reorder=1", "reorder=NaN", "late=-1ms", "mtu=-1", "mtu=x"} {
		if c, err := ParseConditions(bad); err == nil {
			t.Errorf("%s: %+v", bad, c)
		}
	}
}
