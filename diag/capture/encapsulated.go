package capture

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed multi_encap.md
var multiEncapPage string

// MultiEncapsulation: packets were recorded inside a tunnel and outside of it (Q17). They count once.
var MultiEncapsulation = &diag.Rule{ID: "cap.multi_encap", Title: "packets were recorded inside a tunnel and outside of it", Page: multiEncapPage, Quality: true, Run: multiEncapsulation}

func multiEncapsulation(in *diag.Input) []diag.Finding {
	bySource := gather(in, func(k flow.CopyKind) bool { return k == flow.CopyTunnelled })
	var out []diag.Finding
	for i := range in.Sources {
		s := bySource[i]
		if s == nil || s.count() == 0 {
			continue
		}
		n := s.count()
		f := diag.Finding{
			Severity: diag.Note, Confidence: diag.Proven, Source: i, Count: int(n), Conversations: s.convs, Where: s.where(),
			Summary:  fmt.Sprintf("%s of %s %s recorded inside a tunnel and outside of it, or in two tunnels: each counts once, for what the tunnel carries", diag.Count(n, "packet"), connections(s.convs), isOrAre(n)),
			RuledOut: []string{"retransmissions: the inner packet is equal, its IP identification or its place included"},
			Fix:      []string{"capture on one side of the tunnel: on the host's or container's interface for what the application sees, on the uplink for sizes and loss on the wire"},
		}
		f.Filter = diag.FrameFilter(f.Where)
		out = append(out, f)
	}
	return out
}
