package diag_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// What several points have of one cause is one finding; what is of other conversations, of the other end, or of the recording is not.
func TestOneCauseAtSeveralPoints(t *testing.T) {
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1000"), netip.MustParseAddrPort("10.0.0.2:80")}
	behind := [2]netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:7000"), ends[1]} // as the second source has them, behind NAT
	convs := []*flow.Conversation{{ID: 0, Ends: ends}, {ID: 1, Ends: ends}, {ID: 2, Source: 1, Ends: behind}, {ID: 3, Source: 1, Ends: behind}}
	points := &point.Result{Pairs: []point.Pair{{A: 0, B: 1, Meetings: []point.Meeting{{A: 0, B: 2}}}}}
	found := func(cost time.Duration, end int, list ...*flow.Conversation) diag.Finding {
		c := list[0]
		return diag.Finding{Severity: diag.Error, Confidence: diag.Proven, Cost: cost, Source: c.Source, Host: c.Ends[end].Addr().String(), Conversations: list,
			Where: []trace.Pos{{Source: c.Source, Number: int64(cost)}}}
	}
	for _, c := range []struct {
		name      string
		quality   bool
		points    *point.Result
		list      []diag.Finding
		findings  int
		elsewhere int // of the first
	}{
		{"the same conversation", false, points, []diag.Finding{found(1, 0, convs[2]), found(2, 0, convs[0])}, 1, 1},
		{"nobody compared the points", false, nil, []diag.Finding{found(1, 0, convs[2]), found(2, 0, convs[0])}, 2, 0},
		{"another conversation", false, points, []diag.Finding{found(2, 0, convs[0]), found(1, 0, convs[3])}, 2, 0},
		{"one of several", false, points, []diag.Finding{found(2, 0, convs[0], convs[1]), found(1, 0, convs[2])}, 1, 1},
		{"more than the first has", false, points, []diag.Finding{found(2, 0, convs[0]), found(1, 0, convs[2], convs[3])}, 2, 0},
		{"the other end", false, points, []diag.Finding{found(2, 0, convs[0]), found(1, 1, convs[2])}, 2, 0},
		{"twice at one point", false, points, []diag.Finding{found(3, 0, convs[0]), found(2, 0, convs[0]), found(1, 0, convs[2])}, 2, 1},
		{"of the recording", true, points, []diag.Finding{found(2, 0, convs[0]), found(1, 0, convs[2])}, 2, 0},
	} {
		rule := &diag.Rule{ID: "test.cause", Quality: c.quality, Run: func(*diag.Input) []diag.Finding { return c.list }}
		got, _ := diag.Run([]*diag.Rule{rule}, &diag.Input{Points: c.points})
		if len(got) != c.findings || len(got[0].Elsewhere) != c.elsewhere {
			t.Errorf("%s: %d findings, the first at %d other points; want %d and %d", c.name, len(got), len(got[0].Elsewhere), c.findings, c.elsewhere)
			continue
		}
		if c.elsewhere > 0 && (got[0].Cost != c.list[0].Cost && got[0].Cost != c.list[1].Cost || got[0].Elsewhere[0].Cost >= got[0].Cost || got[0].Elsewhere[0].Where[0].Source == got[0].Where[0].Source) {
			t.Errorf("%s: %v first, %+v elsewhere", c.name, got[0].Cost, got[0].Elsewhere)
		}
	}
}

// What rules have of one place in the same conversations is one finding, the costliest; what is elsewhere, or of more conversations, is not.
func TestOneCauseOfSeveralRules(t *testing.T) {
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1000"), netip.MustParseAddrPort("10.0.0.2:80")}
	a, b, other := &flow.Conversation{ID: 0, Ends: ends}, &flow.Conversation{ID: 1, Source: 1, Ends: ends}, &flow.Conversation{ID: 2, Ends: ends}
	points := &point.Result{Pairs: []point.Pair{{A: 0, B: 1, Meetings: []point.Meeting{{A: 0, B: 1}}}}}
	const here, there = "client and server", "client and router"
	at := func(between string, cost time.Duration, list ...*flow.Conversation) diag.Finding {
		return diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Cost: cost, Between: between, Source: list[0].Source, Conversations: list}
	}
	place := func(list ...*flow.Conversation) diag.Finding {
		f := at(here, 0, list...)
		f.Severity, f.Source = diag.Warning, -1
		return f
	}
	for _, c := range []struct {
		name               string
		points             *point.Result
		place, loss, retry diag.Finding
		findings, parts    int // parts of the first
	}{
		{"one place", points, place(a, b), at(here, 2, a), at(here, 1, a), 1, 2},
		{"one place, as another point has it", points, place(a, b), at(here, 2, b), at(here, 1, a), 1, 2},
		{"the second is costlier", points, place(a, b), at(here, 1, a), at(here, 2, a), 1, 2},
		{"nobody compared the points", nil, place(a, b), at(here, 2, a), at(here, 1, a), 3, 0},
		{"another place", points, place(a, b), at(here, 2, a), at(there, 1, a), 2, 1},
		{"the place is not known", points, place(a, b), at("", 2, a), at("", 1, a), 3, 0},
		{"the place has more", points, place(a, b, other), at(here, 2, a), at(here, 1, a), 2, 1},
		{"the place has more, and all are told", points, place(a, b, other), at(here, 2, a), at(here, 1, other), 2, 1},
		{"not of what is lost there", points, place(a, b), at(here, 2, a), at(here, 1, other), 2, 1},
	} {
		rule := func(id string, f diag.Finding, places ...string) *diag.Rule {
			return &diag.Rule{ID: id, Places: places, Run: func(*diag.Input) []diag.Finding { return []diag.Finding{f} }}
		}
		got, _ := diag.Run([]*diag.Rule{rule("test.place", c.place, "test.loss", "test.retry"), rule("test.loss", c.loss), rule("test.retry", c.retry)}, &diag.Input{Points: c.points})
		if len(got) != c.findings || len(got[0].Parts) != c.parts || got[0].Cost != 2 {
			t.Errorf("%s: %d findings, the first of cost %d with %d parts; want %d of cost 2 with %d", c.name, len(got), got[0].Cost, len(got[0].Parts), c.findings, c.parts)
			continue
		}
		for _, p := range got[0].Parts {
			if p.Rule.ID == "test.place" && got[0].Severity != diag.Warning {
				t.Errorf("%s: it is a %v, and a part a %v", c.name, got[0].Severity, p.Severity)
			}
		}
	}
}
