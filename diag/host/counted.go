package host

import (
	"fmt"
	"math"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// counted tells of drops that a component counted and the trace has no record
// of: pktmon was told to log flows only, some components only, or a filter left them out.
func counted(s *session.Session) []diag.Finding {
	type key struct {
		source int
		id     uint16
	}
	seen := map[key]uint64{}
	for _, d := range s.Drops {
		if d.By == "PktMon" {
			seen[key{d.Source, d.ID}] += uint64(d.Reports)
		}
	}
	var out []diag.Finding
	for i := range s.Counted {
		c := &s.Counted[i]
		n, had := c.In+c.Out, seen[key{c.At.Pos.Source, c.ID}]
		if n <= had {
			continue
		}
		n -= had
		out = append(out, diag.Finding{
			Severity: diag.Note, Confidence: diag.Proven, Source: c.At.Pos.Source, Where: []trace.Pos{c.At.Pos}, Count: countOf(n),
			Summary: fmt.Sprintf("component %d %s counted %d drops (%d packets coming in, %d going out), %d of which this trace has no record of", c.ID, c.Component, c.In+c.Out, c.In, c.Out, n),
			Fix:     []string{"record the drops with their reasons: pktmon start --capture --type drop"},
		})
	}
	return out
}

// countOf is a number as Finding.Count takes it on any machine.
func countOf[N int64 | uint64](n N) int { return int(min(n, math.MaxInt32)) }
