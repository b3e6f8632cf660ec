package capture

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
)

//go:embed time_coarse.md
var coarsePage string

// TimeCoarse: the clock of the recorder advances in large steps (Q11).
var TimeCoarse = &diag.Rule{ID: "cap.time.coarse", Title: "the recorder's clock advances in large steps", Page: coarsePage, Quality: true, Run: timeCoarse}

func timeCoarse(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i := range in.Sources {
		type clock struct {
			tick time.Duration
			on   []string
			diag.Recording
		}
		var clocks []*clock // by tick, in order of the interfaces
		all := 0
		for _, r := range in.Recordings {
			if r.Source != i {
				continue
			}
			all++
			if r.Tick == 0 {
				continue
			}
			var c *clock
			for _, have := range clocks {
				if have.tick == r.Tick {
					c = have
				}
			}
			if c == nil {
				c = &clock{tick: r.Tick}
				clocks = append(clocks, c)
			}
			c.on = append(c.on, diag.Interface(in.Sources[i], r.Interface))
			c.Stamps += r.Stamps
			c.Ticks = append(c.Ticks, r.Ticks...)
		}
		for _, c := range clocks {
			where := ""
			if len(c.on) < all {
				where = " on " + diag.List(c.on, 3)
			}
			out = append(out, coarse(i, c.tick, where, &c.Recording))
		}
	}
	return out
}

func coarse(source int, tick time.Duration, where string, r *diag.Recording) diag.Finding {
	f := diag.Finding{
		Severity: diag.Note, Confidence: diag.Proven, Source: source, Where: positions(r.Ticks),
		Summary: fmt.Sprintf("the clock%s advances in steps of %s: shorter times cannot be told from 0", where, exactly(tick)),
		Facts: []diag.Fact{
			{Name: "times that differ from the one before", Value: fmt.Sprint(r.Stamps) + ", all of them by whole steps"},
			{Name: "costs that are not judged", Value: "below " + exactly(2*tick) + "; longer ones are right to " + exactly(tick)},
		},
		Fix: []string{"record with the performance counter (dumpcap, pktmon, netsh trace on Windows 8 and later) when milliseconds matter"},
		Why: "the clock advances in steps of " + exactly(tick),
	}
	sortByNumber(f.Where)
	return f
}

// exactly prints milliseconds with all their digits: "15.625 ms".
func exactly(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%06d", d/time.Millisecond, d%time.Millisecond), "0"), ".") + " ms"
}
