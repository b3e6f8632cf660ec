package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
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

// TestLabGone: each of four points tells where what a side of the connection sent is lost, also where all of it passed.
func TestLabGone(t *testing.T) {
	var paths []string
	for _, p := range []string{"client", "rtr_in", "rtr_out", "server"} {
		paths = append(paths, "lab/points/loss2pct."+p+".pcap")
	}
	r := pointsOf(t, Options{}, paths...)
	told := map[int]bool{}
	for end, list := range r.Gone() {
		want := []int64{45, 12}[end.Side]
		if len(list) != 1 || r.Points[list[0].A].Name != "rtr_out" || r.Points[list[0].B].Name != "server" || list[0].Lost != want {
			t.Errorf("side %d as source %d has it: %+v, want %d between rtr_out and server", end.Side, end.Conv.Source, list, want)
			continue
		}
		told[end.Conv.Source] = true
		if g := &list[0]; end.Side == 0 && !g.Has(g.Conv.TCP.SYN) {
			t.Errorf("the first SYN of %v is not among what is lost", g.Conv.Ends)
		}
	}
	if len(told) != 4 {
		t.Errorf("%d points tell, want 4", len(told))
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

// TestLabPlaces: where the points of the lab lost or rewrote packets, by its labels, and nothing on the healthy ones. From both ends, and
// from all four points.
func TestLabPlaces(t *testing.T) {
	ends, all := []string{"client", "server"}, []string{"client", "rtr_in", "rtr_out", "server"}
	for _, c := range []struct {
		name   string
		points []string
		want   string // what the summary of the one finding about a path says; "" when there is none
	}{
		{"echo", ends, ""}, {"echo", all, ""},
		{"nat_echo", ends, `^between client and server packets are rewritten: source address 10.7.1.2 is 10.7.2.1$`},
		{"nat_echo", all, `^between rtr_in and rtr_out packets are rewritten: source address 10.7.1.2 is 10.7.2.1$`},
		{"refused", ends, ""}, {"refused", all, ""},
		{"zero_window", ends, ""}, {"zero_window", all, ""},
		{"nagle_delack", ends, ""}, {"nagle_delack", all, ""},
		{"rate20mbit_bufferbloat", ends, `^packets from client to server wait: all of them up to 126 ms more than the fastest, .*; from server to client it is .* µs at most$`},
		{"rate20mbit_bufferbloat", all, `^packets from rtr_out to server wait: all of them up to 126 ms more than the fastest, .*; from server to rtr_out it is .* µs at most$`},
		{"reject_icmp", ends, ""}, {"reject_icmp", all, ""},
		{"loss2pct", ends, `^lost between client and server: 45 of 2120 packets .* from client to server and 12 of 592 packets .* from server to client$`},
		{"loss2pct", all, `^lost between rtr_out and server: 45 of 2120 packets .* from rtr_out to server and 12 of 592 packets .* from server to rtr_out$`},
		{"syn_dropped", ends, `:7000: .* seen at client, none at server`},
		{"syn_dropped", all, `:7000: .* seen at client and rtr_in, none at rtr_out and server`},
		{"pmtu_hole", ends, `^lost between client and server: 17 of 31 packets .* from client to server$`},
	} {
		t.Run(fmt.Sprint(c.name, len(c.points)), func(t *testing.T) {
			var paths []string
			for _, p := range c.points {
				paths = append(paths, "lab/points/"+c.name+"."+p+".pcap")
			}
			places(t, c.want, paths...)
		})
	}
	t.Run("ssrp", func(t *testing.T) {
		places(t, `^16 of 16 SQL Browser queries of 10.1.0.5 to 10.2.0.20:1434 were answered by 10.2.0.10, .*; none of the answers is at client`, "lab/ssrp/client.pcap", "lab/ssrp/server.pcap")
	})
	t.Run("post 3", func(t *testing.T) {
		places(t, `^7 of 7 SQL Browser queries of 192.168.1.7 to 192.168.29.47:1434 were answered by 192.168.29.49, .*; none of the answers is at client`,
			"rebuilt/post3_client.pcapng", "rebuilt/post3_server.pcapng")
	})
	for _, halves := range []string{"twosided/zeek_sshhalf__%s.pcap", "twosided/ndpi_tls12uni__%s.pcapng"} { // one tap, a file for each way
		t.Run(halves, func(t *testing.T) { places(t, "", fmt.Sprintf(halves, "c2s"), fmt.Sprintf(halves, "s2c")) })
	}
}

// places holds the findings about paths and replies to one that is wanted, or none.
func places(t *testing.T, want string, paths ...string) {
	t.Helper()
	for i := range paths {
		paths[i] = filepath.Join("../../../shared/captures", paths[i])
		if _, err := os.Stat(paths[i]); err != nil {
			t.Skip("no captures to verify with: ", err)
		}
	}
	c, err := Analyse(context.Background(), paths, Options{Points: true})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	list := c.Findings
	for _, f := range c.Findings {
		list = append(list, f.Parts...)
	}
	for _, f := range list {
		if !strings.HasPrefix(f.Rule.ID, "path.") && !strings.HasPrefix(f.Rule.ID, "reply.") && !strings.HasPrefix(f.Rule.ID, "clock.") && f.Rule.ID != "ssrp.other_address" {
			continue
		}
		if ok, _ := regexp.MatchString(want, f.Summary); ok && want != "" {
			found = true
			continue
		}
		t.Errorf("not wanted: %s: %s", f.Rule.ID, f.Summary)
	}
	if !found && want != "" {
		t.Errorf("nothing says %s", want)
	}
}
