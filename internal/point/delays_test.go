package point

import (
	"testing"
	"time"
)

// TestQueue names the direction that waits, and how long; without a queue it names none.
func TestQueue(t *testing.T) {
	for _, queue := range []time.Duration{0, 742 * time.Millisecond} {
		sc := &scene{queue: queue, offset: time.Hour, drift: 20, ids: true, conversations: 30, exchanges: 12, forth: 10 * ms, back: 10 * ms, jitter: 300 * time.Microsecond, minimum: 30 * time.Second}
		c, _, _, _ := simulate(sc, 5)
		if q := c.pair.Queue(BtoA); q != nil {
			t.Errorf("queue of %v: the way back is said to wait: %+v", queue, q)
		}
		q := c.pair.Queue(AtoB)
		switch {
		case queue == 0 && q != nil:
			t.Errorf("a queue where there is none: %+v", q)
		case queue == 0:
		case q == nil:
			t.Fatalf("no queue of %v, periods %+v", queue, c.pair.Over[0].Periods)
		case time.Duration(q.Most) > queue+5*ms || time.Duration(q.Most) < queue*9/10 || q.Least > q.Most || time.Duration(q.Other) > 5*ms || q.Steady:
			t.Errorf("queue of %v: least %v, most %v, the other way %v", queue, time.Duration(q.Least), time.Duration(q.Most), time.Duration(q.Other))
		default:
			t.Logf("queue of %v: least %v, most %v, the other way %v, to %v", queue, time.Duration(q.Least), time.Duration(q.Most), time.Duration(q.Other), time.Duration(q.Error))
		}
	}
}
