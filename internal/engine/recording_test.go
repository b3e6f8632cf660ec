package engine

import (
	"math"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// watched looks at packets of these times, in the order of a file.
func watched(times ...int64) *watch {
	ws := watches{}
	w := ws.of(0)
	for i, t := range times {
		w.look(flow.Moment{Pos: trace.Pos{Number: int64(i + 1)}, Time: t}, 60, 60)
	}
	w.settle()
	return w
}

func TestTimesThatGoBack(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct {
		name  string
		times []int64
		steps []int64 // numbers of the first packet after each
		late  int64
	}{
		{"in order", []int64{1 * ms, 2 * ms, 2 * ms, 9 * ms}, nil, 0},
		{"queues", []int64{10 * ms, 10*ms - 1000, 10 * ms, 9 * ms}, nil, 0},
		{"set back", []int64{9000 * ms, 9001 * ms, 1000 * ms, 1001 * ms, 1002 * ms}, []int64{3}, 0},
		{"set back by little", []int64{500 * ms, 501 * ms, 301 * ms, 302 * ms, 303 * ms, 400 * ms, 480 * ms, 502 * ms}, []int64{3}, 0},
		{"slewed", []int64{500 * ms, 480 * ms, 481 * ms, 482 * ms, 483 * ms}, nil, 4},
		{"written late", []int64{500 * ms, 100 * ms, 101 * ms, 102 * ms, 501 * ms}, nil, 3},
		{"two streams in turns", []int64{900 * ms, 100 * ms, 901 * ms, 101 * ms, 902 * ms}, nil, 2},
		{"twice", []int64{90000 * ms, 60000 * ms, 60001 * ms, 60002 * ms, 30000 * ms, 30001 * ms, 30002 * ms}, []int64{2, 5}, 0},
		{"a pause while behind", []int64{90000 * ms, 30000 * ms, 30001 * ms, 30002 * ms, 99999 * ms}, []int64{2}, 0},
		{"ahead and back", []int64{1000 * ms, 90000 * ms, 90001 * ms, 1010 * ms, 1011 * ms, 95000 * ms}, []int64{4}, 0},
		{"last packet", []int64{90000 * ms, 1}, nil, 1},
		{"no time", []int64{trace.NoTime, 5 * ms, trace.NoTime, 6 * ms}, nil, 0},
		{"absurd", []int64{math.MaxInt64, math.MinInt64 + 1, math.MaxInt64, 0}, nil, 2},
	} {
		w := watched(c.times...)
		var steps []int64
		for _, s := range w.told.Steps {
			steps = append(steps, s.At.Pos.Number)
		}
		if len(steps) != len(c.steps) || w.told.Late != c.late {
			t.Errorf("%s: steps at %v, %d late, want %v, %d", c.name, steps, w.told.Late, c.steps, c.late)
			continue
		}
		for i := range steps {
			if steps[i] != c.steps[i] {
				t.Errorf("%s: steps at %v, want %v", c.name, steps, c.steps)
			}
		}
	}
}

func TestTick(t *testing.T) {
	seven := []int64{111, 124, 149, 163, 163, 163} // steps between the requests of a real trace
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(1 + i*i%7)
	}
	for _, c := range []struct {
		name        string
		step, round int64 // times are whole steps, cut to round
		counts      []int64
		want        time.Duration
	}{
		{"64 Hz", 15_625_000, 1000, seven, 15_625_000},
		{"64 Hz of a PC", 15_600_100, 100, seven, 15_600_100},
		{"64 Hz of a PC in microseconds", 15_600_100, 1000, seven, 15_600_100},
		{"old hardware layer", 10_014_400, 1000, seven, 10_014_400},
		{"few", 15_625_000, 1000, seven[:5], 0},
		{"whole seconds", 1_000_000_000, 1000, seven, 0},
		{"eighths of a second", 125_000_000, 1000, seven, 0},
		{"milliseconds, few", 1_000_000, 1000, seven, 0},
		{"milliseconds", 1_000_000, 1000, hundred, 1_000_000},
		{"an odd step", 3_333_000, 1000, hundred, 3_333_000},
		{"microseconds", 1000, 1000, hundred, 0},
		{"0.4 ms", 400_000, 1000, hundred, 0},
	} {
		var k ticks
		at, last := int64(0), int64(0)
		for _, n := range c.counts {
			at += n * c.step
			now := at / c.round * c.round
			k.add(now-last, flow.Moment{})
			last = now
		}
		if got := k.tick(); got != c.want {
			t.Errorf("%s: tick %v, want %v", c.name, got, c.want)
		}
	}
}
