package path

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/point"
)

//go:embed reorder.md
var reorderPage string

// Reorder: packets overtake each other between two points (X6).
var Reorder = &diag.Rule{ID: "path.reorder", Title: "packets overtake each other on the way", Page: reorderPage, Run: reorder}

const (
	// minReordered is how many packets must be overtaken: two may have been recorded by two processors at once.
	minReordered = 3
	// minExtent is how far a segment must fall behind to be taken for lost (RFC 5681, 3.2: three duplicate acknowledgements).
	minExtent = 3
)

func reorder(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	hops := in.Hops()
	for i := range hops {
		h := &hops[i]
		w := h.Total()
		if !h.Known || w.Reordered < minReordered {
			continue
		}
		out = append(out, overtaken(in.Points, h, &w))
	}
	return out
}

func overtaken(r *point.Result, h *point.Hop, w *point.Way) diag.Finding {
	a, b := r.Points[h.From].Name, r.Points[h.To].Name
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: -1, Count: int(w.Reordered)}
	if w.Twice > 0 || w.Copied {
		f.Confidence = diag.Likely // of a packet that came twice the earlier copy may be missing
	}
	f.Summary = fmt.Sprintf("%d of %s (%.1f %%) from %s to %s arrive after one that was sent later, by up to %s",
		w.Reordered, diag.Count(w.Matched, "packet"), 100*float64(w.Reordered)/float64(w.Matched), a, b, diag.Count(w.Extent, "packet"))
	if w.Late > coarse(r, h) {
		f.Summary += " and " + diag.Duration(time.Duration(w.Late))
	}
	f.Fix = []string{"where packets of one connection are spread over several links or radio queues, choose the link by a hash of addresses and ports (not packet by packet)"}
	if w.Extent >= minExtent {
		f.Severity = diag.Warning
		f.Fix = append(f.Fix, "senders take segments that fall so far behind for lost: RACK (RFC 8985) waits a quarter of a round trip, older stacks do not")
	}
	f.RuledOut = []string{"the recorder at " + a + ": the identifications, where there are any, are in the order of its records"}
	for i := range h.Passages {
		if x := h.Passages[i].Way(); x.Reordered > 0 {
			f.Conversations = append(f.Conversations, r.Conv(h.Passages[i].Meeting.A), r.Conv(h.Passages[i].Meeting.B))
			f.Where = append(f.Where, x.Places().ReorderedAt...)
		}
	}
	f.Where, f.Filter, f.Conversations = ordered(f.Where), between(f.Conversations), unique(f.Conversations)
	return f
}
