package capture

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed gaps.md
var gapsPage string

// Gaps: bytes are missing from the capture, not from the network (Q2).
var Gaps = &diag.Rule{ID: "cap.gaps", Title: "bytes are missing from the capture, not from the network", Page: gapsPage, Quality: true, Run: gaps}

// minMissing is the share of the bytes of one direction, as one in so many, from which a conversation has gaps.
const minMissing = 1000

// gapRules are silenced for connections of which the capture lacks bytes: what else it lacks is not known.
var gapRules = []string{"tcp.loss.fast", "tcp.loss.rto", "mtu.blackhole"}

func gaps(in *diag.Input) []diag.Finding {
	bySource := map[int]*diag.Finding{}
	missing, sent := map[int]int64{}, map[int]int64{}
	for c := range in.Conversations.With(flow.Gappy) {
		hit := false
		for i := range c.Dir {
			d := &c.Dir[i]
			if d.Trouble == nil || d.Trouble.Missing == nil || d.Trouble.Missing.Bytes*minMissing <= d.Payload+d.Trouble.Missing.Bytes {
				continue
			}
			f := bySource[c.Source]
			if f == nil {
				f = &diag.Finding{Severity: diag.Warning, Confidence: diag.Proven, Source: c.Source, Silences: gapRules}
				bySource[c.Source] = f
			}
			m := d.Trouble.Missing
			f.Count += int(m.Times)
			f.Where = append(f.Where, positions(m.Examples)...)
			missing[c.Source] += m.Bytes
			sent[c.Source] += d.Payload + m.Bytes
			hit = true
		}
		if hit {
			f := bySource[c.Source]
			f.Conversations = append(f.Conversations, c)
		}
	}
	var out []diag.Finding
	for i := range in.Sources {
		if f := bySource[i]; f != nil {
			describeGaps(f, missing[i], sent[i])
			out = append(out, *f)
		}
	}
	return out
}

func describeGaps(f *diag.Finding, missing, sent int64) {
	f.Where = distinct(f.Where)
	f.Filter = diag.AllOf(diag.StreamFilter(f.Conversations[:min(len(f.Conversations), maxStreams)]), "tcp.analysis.lost_segment")
	share := fmt.Sprintf("%.1f %%", 100*float64(missing)/float64(sent))
	f.Summary = fmt.Sprintf("the capture lacks %s of %s (%s of that direction, in %s): the receiver acknowledged them and nobody sent them again",
		diag.Count(missing, "byte"), connections(f.Conversations), share, diag.Count(f.Count, "place"))
	f.Why = "the capture lacks " + share + " of the bytes"
	f.RuledOut = []string{"loss in the network: it would have been repaired by a retransmission"}
	f.Facts = []diag.Fact{{Name: "bytes missing", Value: fmt.Sprint(missing)}, {Name: "places", Value: fmt.Sprint(f.Count)}}
	f.Fix = []string{
		"capture again with larger buffers, a filter or a snap length, or at the host: a mirror port drops what does not fit its line",
		"check that all paths of the traffic pass the place of the capture",
	}
	f.NextCapture = []string{"tcpdump -i eth0 -s 128 -B 65536 -w out.pcap host A and host B"}
}
