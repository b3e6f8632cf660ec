package path

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/point"
)

//go:embed injected.md
var injectedPage string

// Injected: packets arrive that their sender did not send past the first point (X5). Of resets fw.rst_injected has the finding.
var Injected = &diag.Rule{ID: "path.injected", Title: "packets come from something on the way, in the name of another", Page: injectedPage, WithheldBy: []string{"cap.drops.reported", "cap.gaps"}}

func init() { Injected.Run = injected } // Run names the rule: a literal would be a cycle

func injected(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	hops := in.Hops()
	for i := range hops {
		if f := foreign(in, &hops[i]); f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// foreign is the finding about a hop, nil when all packets are from their senders.
func foreign(in *diag.Input, h *point.Hop) *diag.Finding {
	a, b := in.Points.Points[h.From].Name, in.Points.Points[h.To].Name
	f := diag.Finding{Severity: diag.Error, Confidence: diag.Likely, Source: -1}
	var why point.Why
	var first point.Foreign
	for i := range h.Passages {
		m := &h.Passages[i]
		list := m.Way().Places().Foreign
		if len(list) == 0 {
			continue
		}
		atA, atB := in.Points.Conv(m.Meeting.A), in.Points.Conv(m.Meeting.B)
		if in.Withhold(Injected, atA) || in.Withhold(Injected, atB) {
			continue
		}
		before := f.Count
		for _, x := range list {
			if x.Flags&flagRST != 0 && atA.TCP != nil {
				continue
			}
			if f.Count++; f.Count == 1 {
				first = x
			}
			why |= x.Why
			f.Where = append(f.Where, x.Pos)
		}
		if f.Count > before {
			f.Conversations = append(f.Conversations, atA, atB)
		}
	}
	if f.Count == 0 {
		return nil
	}
	f.Summary = fmt.Sprintf("%s at %s did not pass %s, as all others of that sender did%s", diag.Count(f.Count, "packet"), b, a, reasons(why, first))
	if why&(why-1) != 0 || f.Count >= minLost {
		f.Confidence = diag.Proven
	}
	if why&point.OtherTTL != 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "routers that its TTL has passed, if it began as usual", Value: fmt.Sprintf("%d; %d of the others", passed(first.TTL), passed(first.Usual))})
	}
	f.RuledOut = []string{
		"a loss of the recorder at " + a + ": all else of these connections is at both points, and nothing is missing in its numbers",
		"segmentation, and a packet that came twice: its bytes are in no other packet",
	}
	f.Fix = []string{fmt.Sprintf("find the device between %s and %s that answers for others: a filter, a cache, a captive portal", a, b), "its log says which rule matched"}
	f.Where, f.Filter, f.Conversations = ordered(f.Where), between(f.Conversations), unique(f.Conversations)
	return &f
}

const flagRST = 4 // RFC 9293, 3.1

// reasons say what tells that a packet is foreign.
func reasons(why point.Why, x point.Foreign) (text string) {
	if why&point.OtherTTL != 0 {
		text += fmt.Sprintf("; its TTL is %d, that of the others %d", x.TTL, x.Usual)
	}
	if why&point.OtherBytes != 0 {
		text += "; the sender sent other content under the same numbers"
	}
	if why&point.SentOn != 0 {
		text += "; the sender went on after it"
	}
	return text
}

// passed is how many routers lowered a TTL that began at one of the usual values.
func passed(ttl uint8) int {
	for _, start := range []int{32, 64, 128} {
		if int(ttl) <= start {
			return start - int(ttl)
		}
	}
	return 255 - int(ttl)
}
