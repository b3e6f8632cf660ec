package capture

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed duplicates.md
var duplicatesPage string

// Duplicates: packets were recorded twice (Q4). They count once in all that other rules look at, so it silences none.
var Duplicates = &diag.Rule{ID: "cap.duplicates", Title: "packets were recorded more than once", Page: duplicatesPage, Quality: true, Run: duplicates}

// minDuplicates is the share of the records, in percent, from which copies are
// worth saying when none of them looks like a retransmission.
const minDuplicates = 1

// copies is what one source has of packets that were recorded again.
type copies struct {
	convs    []*flow.Conversation
	kinds    [flow.CopyKinds]flow.CopiesOf
	resent   int64 // would be taken for retransmissions
	records  int64 // of all conversations, copies included
	reported int64 // segments that the receivers themselves report as received twice
}

// gather sums the copies by source; of says which kinds count.
func gather(in *diag.Input, of func(flow.CopyKind) bool) map[int]*copies {
	bySource := map[int]*copies{}
	for c := range in.Conversations.With(flow.Copied) {
		s := bySource[c.Source]
		if s == nil {
			s = &copies{}
			bySource[c.Source] = s
		}
		s.records += c.Copies.Count()
		s.add(c, of)
	}
	for _, h := range in.Hosts {
		if s := bySource[h.Source]; s != nil {
			s.records += h.Sent.Packets
		}
	}
	return bySource
}

// add takes in a conversation. Where a packet came by again and again with
// ever lower TTL, the network has a loop, and its records are no fault of the capture.
func (s *copies) add(c *flow.Conversation, of func(flow.CopyKind) bool) {
	if c.Copies == nil || c.Copies.Looped > 0 {
		return
	}
	n := int64(0)
	for k := range c.Copies.Kinds {
		if from := &c.Copies.Kinds[k]; of(flow.CopyKind(k)) && from.Count > 0 {
			n += from.Count
			join(&s.kinds[k], from)
		}
	}
	if n == 0 {
		return
	}
	s.convs = append(s.convs, c)
	s.resent += min(n, c.Copies.Resent)
	for i := range c.Dir {
		if t := c.Dir[i].Trouble; t != nil {
			s.reported += int64(t.DuplicateSACKs)
		}
	}
}

func join(to, from *flow.CopiesOf) {
	if to.Count == 0 {
		to.Hops = from.Hops
	}
	to.Count += from.Count
	to.Hops = [2]uint8{min(to.Hops[0], from.Hops[0]), max(to.Hops[1], from.Hops[1])}
	to.Longest = max(to.Longest, from.Longest)
	if room := maxPairs - len(to.Examples); room > 0 {
		to.Examples = append(to.Examples, from.Examples[:min(room, len(from.Examples))]...)
	}
}

// maxPairs is how many copies of each kind are named as proof, each with the record that it repeats.
const maxPairs = 5

func (s *copies) count() (n int64) {
	for k := range s.kinds {
		n += s.kinds[k].Count
	}
	return n
}

// where are the records that prove it: 20 at most, in order.
func (s *copies) where() []trace.Pos {
	var list []trace.Pos
	for i := range maxPairs {
		for k := range s.kinds {
			if e := s.kinds[k].Examples; i < len(e) && len(list)+2 <= 20 {
				list = append(list, e[i].First, e[i].Again)
			}
		}
	}
	return distinct(list)
}

func duplicates(in *diag.Input) []diag.Finding {
	bySource := gather(in, func(k flow.CopyKind) bool { return k != flow.CopyTunnelled })
	var out []diag.Finding
	for i := range in.Sources {
		s := bySource[i]
		if s == nil || s.count() == 0 || s.resent == 0 && s.count()*100 < minDuplicates*s.records {
			continue
		}
		out = append(out, s.duplicates(i))
	}
	return out
}

func (s *copies) duplicates(source int) diag.Finding {
	n := s.count()
	f := diag.Finding{
		Severity: diag.Note, Confidence: diag.Proven, Source: source, Count: int(n), Conversations: s.convs, Where: s.where(),
		RuledOut: []string{"retransmissions: what a hop does not rewrite is equal, the IP identification or the place included, and no timer is as short"},
	}
	f.Filter = diag.FrameFilter(f.Where)
	var parts []string
	for k := range s.kinds {
		if c := &s.kinds[k]; c.Count > 0 {
			parts = append(parts, kindText(flow.CopyKind(k), c))
			f.Facts = append(f.Facts, diag.Fact{Name: kindNames[k], Value: diag.Count(c.Count, "packet") + ", up to " + diag.Duration(time.Duration(c.Longest)) + " apart"})
			f.Fix = append(f.Fix, kindFix[k])
		}
	}
	f.Facts = append(f.Facts, diag.Fact{Name: "share of the records", Value: fmt.Sprintf("%.1f %%", 100*float64(n)/float64(s.records))})
	f.Summary = fmt.Sprintf("%s %s recorded again: %s", diag.Count(n, "packet"), isOrAre(n), diag.List(parts, 4))
	if s.resent > 0 {
		f.Summary += fmt.Sprintf("; they count once here, while other tools take %d of them for retransmissions", s.resent)
	}
	if s.reported > 0 && 2*s.reported >= s.resent {
		// The receivers got them twice: then the network made the copies, not the capture.
		f.Severity, f.Confidence = diag.Warning, diag.Likely
		f.Summary += fmt.Sprintf("; the receivers report %s as received twice, so the network delivers them twice", diag.Count(s.reported, "segment"))
		f.Fix = append(f.Fix, "look for a loop, a bridge that floods, or a link aggregation that sends on both links")
	}
	return f
}

func isOrAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

var kindNames = [flow.CopyKinds]string{
	flow.CopyMirrored: "mirrored twice", flow.CopyRouted: "both sides of a router", flow.CopyInterface: "two interfaces",
	flow.CopyRelinked: "another link or VLAN", flow.CopyTunnelled: "inside and outside of a tunnel",
}

var kindFix = [flow.CopyKinds]string{
	flow.CopyMirrored:  "mirror one port, or one direction of each port; do not merge captures of the same place (editcap -d removes exact copies)",
	flow.CopyRouted:    "capture on one side of the router, unless its two sides are the question",
	flow.CopyInterface: "capture on one interface (tcpdump -i eth0) and not on all of them",
	flow.CopyRelinked:  "mirror one VLAN or one port, and not the trunk with it",
}

func kindText(k flow.CopyKind, c *flow.CopiesOf) string {
	switch k {
	case flow.CopyRouted:
		hops := fmt.Sprint(c.Hops[0])
		if c.Hops[0] != c.Hops[1] {
			hops = fmt.Sprintf("%d to %d", c.Hops[0], c.Hops[1])
		}
		return fmt.Sprintf("%d on both sides of a router (TTL differs by %s)", c.Count, hops)
	case flow.CopyInterface:
		return fmt.Sprintf("%d on two interfaces", c.Count)
	case flow.CopyRelinked:
		return fmt.Sprintf("%d with other link-layer addresses or another VLAN", c.Count)
	}
	return fmt.Sprintf("%d in the same place, as a port mirrored both ways shows them", c.Count)
}
