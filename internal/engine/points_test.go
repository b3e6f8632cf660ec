package engine

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/wiretale/wiretale/internal/point"
)

// pointsOf compares captures that are there for verification.
func pointsOf(t *testing.T, opt Options, paths ...string) *point.Result {
	t.Helper()
	for i := range paths {
		paths[i] = filepath.Join("../../../shared/captures", paths[i])
		if _, err := os.Stat(paths[i]); err != nil {
			t.Skip("no captures to verify with: ", err)
		}
	}
	opt.Points = true
	c, err := Analyse(context.Background(), paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	return c.Points
}

// TestPost3Clock: the server's clock ticks at 64 Hz and only questions are at both points, so that offset and time on the way are
// known together, to half a tick less what the seven questions rule out.
func TestPost3Clock(t *testing.T) {
	r := pointsOf(t, Options{}, "rebuilt/post3_client.pcapng", "rebuilt/post3_server.pcapng")
	p := &r.Pairs[0]
	if r.Points[1].Tick != 15_625_000 {
		t.Errorf("tick of the server %d ns, want 15625000", r.Points[1].Tick)
	}
	if len(p.Meetings) != 7 || len(p.Clock.Segments) != 1 {
		t.Fatalf("%d conversations and %d segments, want 7 and 1", len(p.Meetings), len(p.Clock.Segments))
	}
	s := &p.Clock.Segments[0]
	if s.Bound != point.AtMost || s.Sum < 531_450_000 || s.Sum > 531_453_000 || s.SumError < 2_929_000 || s.SumError > 2_931_000 {
		t.Errorf("clock %+v, want 531.4515 ms ± 2.9295 ms, questions only", s)
	}
	w, n := p.Total(point.AtoB)
	if w.Matched != 7 || w.Lost != 0 || w.Only != 0 || n != 7 {
		t.Errorf("from client to server %+v, want 7 matched and nothing else", w)
	}
}

// TestLabPoints: what the points of the lab saw, by tcpdump's counts at each of them.
func TestLabPoints(t *testing.T) {
	for _, c := range []struct {
		name             string
		points           [2]string
		conversations    int      // at least: the points of one link have others
		matched, lost    [2]int64 // client to server, server to client
		how              point.How
		least, uncertain int64 // the error of the clock
	}{
		{"echo", [2]string{"client", "server"}, 1, [2]int64{8, 6}, [2]int64{}, point.SameEnds, 10e6, 11e6},
		{"nat_echo", [2]string{"client", "server"}, 1, [2]int64{8, 6}, [2]int64{}, point.SameNumbers, 10e6, 11e6},
		{"loss2pct", [2]string{"client", "server"}, 1, [2]int64{2075, 580}, [2]int64{45, 12}, point.SameEnds, 10e6, 11e6},
		{"loss2pct", [2]string{"client", "rtr_in"}, 1, [2]int64{2120, 580}, [2]int64{}, point.SameEnds, 0, 1e6},
		{"loss2pct", [2]string{"rtr_out", "server"}, 1, [2]int64{2075, 580}, [2]int64{45, 12}, point.SameEnds, 10e6, 11e6},
		{"zero_window", [2]string{"client", "server"}, 1, [2]int64{1043, 86}, [2]int64{}, point.SameEnds, 10e6, 11e6},
		{"rate20mbit_bufferbloat", [2]string{"client", "server"}, 1, [2]int64{4147, 2256}, [2]int64{}, point.SameEnds, 10e6, 11e6},
	} {
		t.Run(c.name+" "+c.points[0]+" "+c.points[1], func(t *testing.T) {
			r := pointsOf(t, Options{}, "lab/points/"+c.name+"."+c.points[0]+".pcap", "lab/points/"+c.name+"."+c.points[1]+".pcap")
			p := &r.Pairs[0]
			if len(p.Meetings) < c.conversations || p.Meetings[0].How != c.how {
				t.Errorf("%d conversations, the first by %v", len(p.Meetings), p.Meetings[0].How)
			}
			for i, course := range []point.Course{point.AtoB, point.BtoA} {
				if w, _ := p.Total(course); w.Matched != c.matched[i] || w.Lost != c.lost[i] || w.Only != 0 {
					t.Errorf("way %d: %d matched, %d lost, %d only at the second; want %d, %d, 0", i, w.Matched, w.Lost, w.Only, c.matched[i], c.lost[i])
				}
			}
			if len(p.Clock.Segments) != 1 || p.Clock.Segments[0].Error < c.least || p.Clock.Segments[0].Error > c.uncertain {
				t.Errorf("clock %+v", p.Clock.Segments)
			}
		})
	}
}

// TestPointsInLanes: how a capture is read does not change what points say.
func TestPointsInLanes(t *testing.T) {
	a, b := "lab/points/loss2pct.client.pcap", "lab/points/loss2pct.server.pcap"
	one := pointsOf(t, Options{Workers: 1}, a, b)
	three := pointsOf(t, Options{Workers: 3}, a, b)
	for i := range one.Pairs {
		x, y := &one.Pairs[i], &three.Pairs[i]
		if !reflect.DeepEqual(x.Clock, y.Clock) || !reflect.DeepEqual(x.Meetings[0].Ways, y.Meetings[0].Ways) {
			t.Errorf("pair %d: %+v and %+v", i, x.Clock, y.Clock)
		}
	}
}
