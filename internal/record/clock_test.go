//go:build linux

package record

import "testing"

// TestClockSteps: a clock that is set is told once, with how far; one that drifts, and a reading that was interrupted, are not.
func TestClockSteps(t *testing.T) {
	mono, real, uncertain := int64(1e9), int64(5e18), int64(100)
	c := &clock{offset: real - mono, read: func() (int64, int64, int64) { return mono, real, uncertain }}
	pass := func(m, r int64) int64 {
		mono, real = mono+m, real+r
		_, _, step := c.check()
		return step
	}
	for _, x := range []struct {
		what               string
		mono, real, unsure int64
		want               int64
	}{
		{"nothing", 1e9, 1e9, 100, 0},
		{"a drift below a step", 1e9, 1e9 + 500e3, 100, 0},
		{"an interrupted reading", 1e9, 1e9 + 900e3, 2e6, 0},
		{"set ahead by an hour", 1e6, 3600e9 + 1e6, 100, 3600e9 + 1400e3},
		{"nothing more", 1e9, 1e9, 100, 0},
		{"set back by two seconds", 1e6, -2e9 + 1e6, 100, -2e9},
		{"nothing after that", 1e9, 1e9, 100, 0},
	} {
		uncertain = x.unsure
		if got := pass(x.mono, x.real); got != x.want {
			t.Errorf("%s: %d, not %d", x.what, got, x.want)
		}
	}
}
