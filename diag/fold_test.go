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
	points := &point.Result{Pairs: []point.Pair{{A: 0, B: 1, Meetings: []point.Meeting{{A: convs[0], B: convs[2]}}}}}
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
