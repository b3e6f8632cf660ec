package host

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

//go:embed drop_reason.md
var dropPage string

// DropReason: the host says that it dropped packets, and why (E12).
var DropReason = &diag.Rule{ID: "host.drop_reason", Title: "the host dropped packets", Page: dropPage, Run: dropReason}

func dropReason(in *diag.Input) []diag.Finding {
	if in.Session == nil {
		return nil
	}
	return append(reported(in.Session.Drops), counted(in.Session)...)
}

// A cause is what drops of one finding have in common.
type cause struct {
	source            int
	reason, component string
}

func causeOf(d *session.Drop) cause {
	reason := d.Reason
	switch {
	case reason == "" && d.Code != 0:
		reason = fmt.Sprintf("reason %d, which has no text here", d.Code)
	case reason == "":
		reason = "unknown reason"
	}
	return cause{d.At.Pos.Source, reason, d.Component}
}

// reported groups the drops that the trace has a record of.
func reported(drops []session.Drop) []diag.Finding {
	index := map[cause]int{}
	var out []diag.Finding
	for i := range drops {
		d := &drops[i]
		k := causeOf(d)
		at, ok := index[k]
		if !ok {
			at = len(out)
			index[k] = at
			out = append(out, diag.Finding{
				Severity: diag.Note, Confidence: diag.Proven, Source: k.source,
				Fix: []string{"follow the reason: policy, missing listener, damaged header or lack of resources"},
			})
		}
		f := &out[at]
		if !d.Again { // one packet that several listeners refuse is one packet
			f.Count += int(max(d.Count, 1))
			f.Where = append(f.Where, d.At.Pos)
		}
		if d.Conv != nil && !slices.Contains(f.Conversations, d.Conv) {
			f.Conversations = append(f.Conversations, d.Conv)
		}
		if d.Conv != nil && d.Conv.TCP != nil && d.Conv.TCP.Established {
			f.Severity = diag.Warning
		}
		place(f, d.Location)
	}
	for k, i := range index {
		at := ""
		if k.component != "" {
			at = " in " + k.component
		}
		out[i].Summary = fmt.Sprintf("the host dropped %s%s: %s", packets(out[i].Count), at, k.reason)
	}
	return out
}

// maxLocations bounds the places in a driver that a finding names.
const maxLocations = 4

// place adds the code of the place in the driver. It has no public text, but whoever has the driver's source can find it.
func place(f *diag.Finding, location uint32) {
	if location == 0 {
		return
	}
	code := fmt.Sprintf("0x%08X", location)
	if len(f.Facts) == 0 {
		f.Facts = []diag.Fact{{Name: "location", Value: code}}
		return
	}
	v := &f.Facts[0].Value
	if n := strings.Count(*v, "0x"); n < maxLocations && !strings.Contains(*v, code) {
		*v += ", " + code
	}
}

func packets(n int) string {
	if n == 1 {
		return "1 packet"
	}
	return fmt.Sprintf("%d packets", n)
}

// counted tells of drops that a component counted and the trace has no record
// of: pktmon was told to log flows only, some components only, or a filter left them out.
func counted(s *session.Session) []diag.Finding {
	type key struct {
		source int
		id     uint16
	}
	seen := map[key]uint64{}
	for i := range s.Drops {
		if d := &s.Drops[i]; d.By == "PktMon" {
			seen[key{d.At.Pos.Source, d.ID}]++
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
			Severity: diag.Note, Confidence: diag.Proven, Source: c.At.Pos.Source, Where: []trace.Pos{c.At.Pos}, Count: int(min(n, math.MaxInt32)),
			Summary: fmt.Sprintf("component %d %s counted %d drops (%d packets coming in, %d going out), %d of which this trace has no record of", c.ID, c.Component, c.In+c.Out, c.In, c.Out, n),
			Fix:     []string{"record the drops with their reasons: pktmon start --capture --type drop"},
		})
	}
	return out
}
