package diag

import "testing"

func TestUncertain(t *testing.T) {
	for _, c := range []struct {
		ns, err, step int64
		want          string
	}{
		{531_451_500, 2_929_500, 1000, "531.5 ms ± 2.9 ms"},
		{-531_451_500, 2_929_500, 1000, "-531.5 ms ± 2.9 ms"},
		{18_000_531_451_500, 2_929_500, 1, "5 h 0 min 0.5315 s ± 2.9 ms"},
		{12_345, 10, 1, "12.345 µs ± 10 ns"},
		{12_345, 150, 1, "12.35 µs ± 150 ns"},
		{4, 5_000_000, 1, "0.0 ms ± 5.0 ms"},
		{1_000_000_000, 20_000_000, 1, "1.000 s ± 20 ms"},
		{0, 0, 1, "0 ns ± 0 ns"},
	} {
		if got := Uncertain(c.ns, c.err, c.step); got != c.want {
			t.Errorf("%d ± %d (step %d): got %q, want %q", c.ns, c.err, c.step, got, c.want)
		}
	}
	for _, c := range []struct {
		drift, slow, fast int64
		want              string
	}{{50_123, 49_000, 51_000, "+50.1 ppm ± 1.1 ppm"}, {-20_500, -20_510, -20_490, "-20.500 ppm ± 0.010 ppm"}, {100, -5, 500, ""}} {
		if got := Drift(c.drift, c.slow, c.fast); got != c.want {
			t.Errorf("drift %d: got %q, want %q", c.drift, got, c.want)
		}
	}
}
