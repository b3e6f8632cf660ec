package diag_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

func at(source int, seconds int64) flow.Moment {
	return flow.Moment{Pos: trace.Pos{Source: source, Number: seconds + 1}, Time: seconds * 1e9}
}

func TestWaitedIsAUnion(t *testing.T) {
	in := &diag.Input{Sources: []*trace.Info{{}, {Untimed: true}}}
	span := func(source int, from, to int64) diag.Interval {
		return diag.Interval{From: at(source, from), To: at(source, to)}
	}
	for _, c := range []struct {
		name string
		all  []diag.Interval
		want time.Duration
		ok   bool
	}{
		{"none", nil, 0, false},
		{"one", []diag.Interval{span(0, 1, 4)}, 3 * time.Second, true},
		{"at once", []diag.Interval{span(0, 2, 5), span(0, 1, 4)}, 4 * time.Second, true},
		{"one in another", []diag.Interval{span(0, 1, 9), span(0, 2, 3)}, 8 * time.Second, true},
		{"touching", []diag.Interval{span(0, 1, 2), span(0, 2, 3)}, 2 * time.Second, true},
		{"apart", []diag.Interval{span(0, 1, 2), span(0, 8, 9)}, 2 * time.Second, true},
		{"no times", []diag.Interval{{From: at(0, 1), To: flow.Moment{Time: trace.NoTime}}}, 0, false},
		{"a clock that stands", []diag.Interval{span(1, 1, 4)}, 0, false},
		{"backwards", []diag.Interval{span(0, 4, 1)}, 0, false},
	} {
		if got, ok := in.Waited(c.all); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

// Times over a step of the clock mean nothing, and a coarse clock cannot tell short ones from none.
func TestTimesOfABadClock(t *testing.T) {
	in := &diag.Input{Sources: make([]*trace.Info, 4), Recordings: []diag.Recording{
		{Source: 0, Steps: []diag.Step{{At: at(0, 5), Back: time.Hour}}},
		{Source: 1, Steps: []diag.Step{{At: at(1, 8), Back: time.Hour, Ahead: at(1, 4)}}},
		{Source: 2, Tick: 600 * time.Millisecond},
		{Source: 2, Interface: 1},
	}}
	for i := range in.Sources {
		in.Sources[i] = &trace.Info{}
	}
	for _, c := range []struct {
		name             string
		source           int
		from, to         int64
		elapsed, charged bool
	}{
		{"before a step", 0, 1, 4, true, true},
		{"up to a step", 0, 4, 5, false, false},
		{"over a step", 0, 1, 9, false, false},
		{"behind a step", 0, 5, 9, true, true},
		{"into times that are ahead", 1, 1, 5, false, false},
		{"out of them", 1, 7, 9, false, false},
		{"among them", 1, 4, 7, true, true},
		{"around them", 1, 1, 9, true, true},
		{"one tick", 2, 1, 2, true, false},
		{"two ticks", 2, 1, 3, true, true},
		{"another source", 3, 1, 2, true, true},
	} {
		d, ok := in.Elapsed(at(c.source, c.from), at(c.source, c.to))
		if ok != c.elapsed || ok && d != time.Duration(c.to-c.from)*time.Second {
			t.Errorf("%s: elapsed %v, %v; want %v", c.name, d, ok, c.elapsed)
		}
		d, ok = in.Waited([]diag.Interval{{From: at(c.source, c.from), To: at(c.source, c.to)}})
		if ok != c.charged || !ok && d != 0 {
			t.Errorf("%s: waited %v, %v; want %v", c.name, d, ok, c.charged)
		}
	}
	if in.Tick(2) != 600*time.Millisecond || in.Tick(0) != 0 {
		t.Errorf("ticks %v and %v", in.Tick(2), in.Tick(0))
	}
}

func TestFilters(t *testing.T) {
	streams := func(numbers ...int) (cs []*flow.Conversation) {
		for _, n := range numbers {
			cs = append(cs, &flow.Conversation{Proto: proto.TCP, Stream: n})
		}
		return cs
	}
	udp := &flow.Conversation{Proto: proto.UDP, Stream: 7}
	for _, c := range []struct{ got, want string }{
		{diag.StreamFilter(streams(3)), "tcp.stream == 3"},
		{diag.StreamFilter(streams(5, 3, 3)), "tcp.stream in {3, 5}"},
		{diag.StreamFilter(streams(1, 2)), "tcp.stream in {1, 2}"},
		{diag.StreamFilter(streams(4, 1, 2, 3, 9)), "tcp.stream in {1..4, 9}"},
		{diag.StreamFilter(append(streams(4), udp)), "tcp.stream == 4 || udp.stream == 7"},
		{diag.StreamFilter(streams(4, -1)), ""},
		{diag.StreamFilter(nil), ""},
		{diag.AllOf("a", "", "b || c"), "a && (b || c)"},
		{diag.AllOf("a || b", ""), "a || b"},
		{diag.AnyOf("a && b", "c"), "(a && b) || c"},
		{diag.FromHost(netip.MustParseAddr("10.0.0.1")), "ip.src == 10.0.0.1"},
		{diag.ToHost(netip.MustParseAddr("fe80::1%eth0")), "ipv6.dst == fe80::1"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{diag.Count(1, "packet"), "1 packet"}, {diag.Count(int64(2), "reply"), "2 replies"}, {diag.Count(0, "port"), "0 ports"},
		{diag.Duration(300), "300 ns"}, {diag.Duration(36_900), "36.9 µs"}, {diag.Duration(3_078_000_000), "3.08 s"}, {diag.Duration(214 * time.Millisecond), "214 ms"},
		{diag.List([]string{"a"}, 3), "a"}, {diag.List([]string{"a", "b", "c"}, 3), "a, b and c"}, {diag.List([]string{"a", "b", "c"}, 2), "a, b and 1 more"}, {diag.List(nil, 2), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestValidateFindsWhatIsMissing(t *testing.T) {
	r := &diag.Rule{ID: "a.b", Title: "t", Page: "# T\n\n## What you see\n\n## Why\n\nx\n", Run: func(*diag.Input) []diag.Finding { return nil }}
	if err := diag.Validate([]*diag.Rule{r}); err == nil {
		t.Error("an empty section and five missing ones, and no error")
	}
}
