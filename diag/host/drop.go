package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

//go:embed drop_reason.md
var dropPage string

// DropReason: the host says that it dropped packets, and why (E12).
var DropReason = &diag.Rule{ID: "host.drop_reason", Title: "the host dropped packets", Page: dropPage, Run: dropReason}

// A dropKey is one cause: a reason at a place.
type dropKey struct {
	source            int
	reason, component string
}

// in names the cause: "Filtered in filter.sys (Filter)".
func (k dropKey) in() string {
	if k.component == "" {
		return k.reason
	}
	return k.reason + " in " + k.component
}

// dropReason has one finding for each cause that hit connections, one note for
// each source on all other drops, and one for each component that counted more than the trace has.
func dropReason(in *diag.Input) []diag.Finding {
	if in.Session == nil {
		return nil
	}
	hits, rest := map[dropKey][]*session.Drop{}, map[int][]*session.Drop{}
	var keys []dropKey
	for _, d := range in.Session.Drops {
		switch k := keyOf(d); {
		case d.Packets == 0: // counted where they were reported first
		case isReleased(d):
		case nobodyListens(d): // host.no_endpoint has them
		case !matters(d, k.reason):
			rest[k.source] = append(rest[k.source], d)
		default:
			if hits[k] == nil {
				keys = append(keys, k)
			}
			hits[k] = append(hits[k], d)
		}
	}
	var out []diag.Finding
	for _, k := range keys {
		f := hit(k, hits[k])
		attempts(in, &f, hits[k])
		out = append(out, f)
	}
	for i := range in.Sources {
		if len(rest[i]) > 0 {
			out = append(out, noise(i, rest[i]))
		}
	}
	return append(out, counted(in.Session)...)
}

func keyOf(d *session.Drop) dropKey {
	reason := d.Reason
	switch {
	case reason == "" && d.Code != 0:
		reason = fmt.Sprintf("reason %d, which has no text here", d.Code)
	case reason == "":
		reason = "unknown reason"
	}
	return dropKey{d.Source, reason, d.Component}
}

// matters reports whether the drop hit a connection or an attempt to connect, and not with a segment that the stack had done with.
func matters(d *session.Drop, reason string) bool {
	if isOrdinary(reason) || d.Conv != nil && d.Conv.TCP == nil {
		return false
	}
	if d.Conv == nil { // the packet never came to the recorder
		return d.SYNs > 0 && d.From.IsValid()
	}
	t := d.Conv.TCP
	return t.Established || (t.SYN.Seen() || d.SYNs > 0) && !t.SYNACK.Seen()
}

// packets adds up the drops, with records that prove them. Drops come in order
// of their first record, so the first records of all are among those of the first drops.
func packets(list []*session.Drop) (n int64, where []trace.Pos) {
	for _, d := range list {
		n += d.Packets
		if len(where) < maxWhere {
			for _, m := range d.Where {
				where = append(where, m.Pos)
			}
		}
	}
	slices.SortFunc(where, inOrder)
	return n, where
}

// maxWhere is how many records of drops are collected: a few more than a finding lists.
const maxWhere = 40

// hit is the finding on drops that cost a connection something.
func hit(k dropKey, list []*session.Drop) diag.Finding {
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Proven, Source: k.source}
	n, where := packets(list)
	f.Count, f.Where = countOf(n), where
	seen := map[*flow.Conversation]bool{}
	for _, d := range list {
		if d.Conv != nil && !seen[d.Conv] {
			seen[d.Conv] = true
			f.Conversations = append(f.Conversations, d.Conv)
		}
	}
	at := ""
	if k.component != "" {
		at = " in " + k.component
	}
	f.Summary = fmt.Sprintf("the host dropped %s of %s%s: %s", diag.Count(n, "packet"), ofWhom(list, f.Conversations), at, k.reason)
	if at := locations(list); at != "" {
		f.Facts = []diag.Fact{{Name: "location", Value: at}}
	}
	f.Fix = []string{advise(k.reason)}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f
}

// maxLocations bounds the places in a driver that a finding names.
const maxLocations = 4

// locations lists codes of places in the driver. They have no public text, but whoever has the driver's source can find them.
func locations(list []*session.Drop) string {
	var codes []string
	for _, d := range list {
		for _, l := range d.Locations {
			code := fmt.Sprintf("0x%08X", l)
			if len(codes) < maxLocations && !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	return strings.Join(codes, ", ")
}

// attempts makes it an error, with its cost, when connections were not made because of the drops.
func attempts(in *diag.Input, f *diag.Finding, list []*session.Drop) {
	var waits []diag.Interval
	for _, d := range list {
		if d.Conv == nil {
			if d.SYNs > 1 {
				waits = append(waits, diag.Interval{From: d.First, To: d.Last})
			}
			continue
		}
		switch t := d.Conv.TCP; {
		case t.Established || t.SYNACK.Seen():
		case t.SYNs > 1:
			waits = append(waits, diag.Interval{From: t.SYN, To: t.LastSYN})
		case d.SYNs > 1: // none of them left the host: the reports are all that there is
			waits = append(waits, diag.Interval{From: d.First, To: d.Last})
		}
	}
	if len(waits) == 0 {
		return
	}
	f.Severity = diag.Error
	f.Summary += "; the attempts to connect got no answer"
	if in.Charge(f, waits) {
		f.Summary += " in " + diag.Duration(f.Cost)
	}
}

// ofWhom are the connections that packets were dropped of, also those of which no packet is in the trace.
func ofWhom(list []*session.Drop, cs []*flow.Conversation) string {
	if len(cs) > 0 {
		return conversations(cs)
	}
	pairs := diag.Distinct(list, func(d *session.Drop) string { return fmt.Sprintf("%v - %v", d.From, d.To) })
	return diag.List(pairs, 3)
}

func conversations(cs []*flow.Conversation) string {
	if len(cs) == 1 {
		return fmt.Sprintf("%v - %v", cs[0].Ends[0], cs[0].Ends[1])
	}
	return fmt.Sprintf("%d connections", len(cs))
}

// noise is one note on all drops that hit no connection: broadcasts, packets for others, segments that the stack had done with.
func noise(source int, list []*session.Drop) diag.Finding {
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: source}
	n, where := packets(list)
	f.Count, f.Where = countOf(n), where
	causes, counts, reasons := map[dropKey][]*session.Drop{}, map[dropKey]int64{}, map[string]bool{}
	for _, d := range list {
		k := keyOf(d)
		causes[k] = append(causes[k], d)
		counts[k] += d.Packets
		reasons[k.reason] = true
	}
	keys := make([]dropKey, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b dropKey) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.in(), b.in())) })
	for _, k := range keys[:min(len(keys), 10)] {
		value := fmt.Sprint(counts[k])
		if at := locations(causes[k]); at != "" {
			value += ", location " + at
		}
		f.Facts = append(f.Facts, diag.Fact{Name: k.in(), Value: value})
	}
	f.Summary = fmt.Sprintf("the host reports %s that no connection missed (%s)", diag.Count(n, "dropped packet"), keys[0].in())
	if len(reasons) > 1 {
		f.Summary = fmt.Sprintf("the host reports %s that no connection missed, for %d reasons, most often: %s", diag.Count(n, "dropped packet"), len(reasons), keys[0].in())
	}
	f.Fix = []string{"nothing: broadcasts and packets for others are dropped all the time; one packet may be reported by several layers"}
	return f
}
