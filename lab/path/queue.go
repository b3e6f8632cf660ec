// Package path is a path between two hosts: frames of one TAP device come out
// of another, late, at a rate, and not all of them. Kernels without
// sch_netem have nothing else for it.
package path

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Conditions are those of each direction of a path.
type Conditions struct {
	Delay   time.Duration
	Rate    float64       // bits a second, 0 for no limit
	Queue   int           // bytes that wait for the rate at most, 0 for no limit
	Loss    float64       // share of the frames that vanish
	Reorder float64       // share of the frames that come Late after their delay, and so behind others
	Late    time.Duration // of Reorder
	MTU     int           // bytes of the largest packet, without its Ethernet header; larger ones vanish, and nobody says so; 0 for no limit
	Seed    uint64        // of loss and reordering, so that they can be had again
}

// ParseConditions reads words such as delay=5ms rate=100M queue=65536 loss=0.02 reorder=0.01 late=3ms mtu=1400 seed=1.
func ParseConditions(text string) (Conditions, error) {
	var c Conditions
	for word := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "delay":
			c.Delay, err = time.ParseDuration(value)
		case "rate":
			c.Rate, err = rate(value)
		case "queue":
			c.Queue, err = strconv.Atoi(value)
		case "loss":
			c.Loss, err = strconv.ParseFloat(value, 64)
		case "reorder":
			c.Reorder, err = strconv.ParseFloat(value, 64)
		case "late":
			c.Late, err = time.ParseDuration(value)
		case "mtu":
			c.MTU, err = strconv.Atoi(value)
		case "seed":
			c.Seed, err = strconv.ParseUint(value, 10, 64)
		default:
			err = fmt.Errorf("unknown word")
		}
		if err == nil && !c.possible() {
			err = fmt.Errorf("out of range")
		}
		if err != nil {
			return c, fmt.Errorf("path: %s: %w", word, err)
		}
	}
	return c, nil
}

func (c *Conditions) possible() bool {
	share := func(v float64) bool { return v >= 0 && v < 1 } // NaN is none
	return c.Delay >= 0 && c.Late >= 0 && c.Queue >= 0 && c.MTU >= 0 && c.Rate >= 0 && share(c.Loss) && share(c.Reorder)
}

// rate reads bits a second, with k, M or G behind the number.
func rate(s string) (float64, error) {
	unit := 1.0
	if n := len(s); n > 0 {
		if u, ok := map[byte]float64{'k': 1e3, 'M': 1e6, 'G': 1e9}[s[n-1]]; ok {
			unit, s = u, s[:n-1]
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v * unit, err
}

// A Queue says of each frame of one direction when it comes out.
type Queue struct {
	Conditions
	Lost, Full int           // frames that vanished, frames that found the queue full
	free       time.Duration // time at which the rate has sent all that it took
	random     *rand.Rand
}

// NewQueue is an empty queue; direction tells the losses of two queues of a path apart.
func NewQueue(c Conditions, direction uint64) *Queue {
	return &Queue{Conditions: c, random: rand.New(rand.NewPCG(c.Seed, direction))}
}

// ethernetHeader is what frames have before their packet.
const ethernetHeader = 14

// Take says when a frame of n bytes that comes at the time now, counted from
// any start, comes out; false when it never does. Times must not go back.
//
// The frame waits until the rate has sent those before it, takes n*8/rate, and then the delay. A frame that finds more than
// Queue bytes unsent is dropped, as at the tail of a router's queue; one that is lost, or too large, vanishes behind the rate.
func (q *Queue) Take(now time.Duration, n int) (due time.Duration, ok bool) {
	out := now
	if q.Rate > 0 {
		waiting := max(0, q.free-now)
		if q.Queue > 0 && waiting.Seconds()*q.Rate/8+float64(n) > float64(q.Queue) {
			q.Full++
			return 0, false
		}
		q.free = now + waiting + time.Duration(float64(n)*8/q.Rate*1e9)
		out = q.free
	}
	if q.MTU > 0 && n > q.MTU+ethernetHeader || q.Loss > 0 && q.random.Float64() < q.Loss {
		q.Lost++
		return 0, false
	}
	out += q.Delay
	if q.Reorder > 0 && q.random.Float64() < q.Reorder {
		return out + q.Late, true
	}
	return out, true
}
