package capture

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed midstream.md
var midstreamPage string

// Midstream: connections began before the capture (Q9).
var Midstream = &diag.Rule{ID: "cap.midstream", Title: "connections began before the capture", Page: midstreamPage, Quality: true, Run: midstream}

// maxStreams is how many conversations a filter names: it shows all records that are listed as proof.
const maxStreams = 40

func midstream(in *diag.Input) []diag.Finding {
	bySource := map[int]*diag.Finding{}
	for c := range in.Conversations.With(flow.Headless) {
		if !beganBefore(c) {
			continue
		}
		f := bySource[c.Source]
		if f == nil {
			f = &diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: c.Source}
			bySource[c.Source] = f
		}
		f.Conversations = append(f.Conversations, c)
		f.Where = append(f.Where, c.First.Pos)
	}
	var out []diag.Finding
	for i := range in.Sources {
		f := bySource[i]
		if f == nil {
			continue
		}
		f.Count = len(f.Conversations)
		f.Filter = diag.StreamFilter(f.Conversations[:min(f.Count, maxStreams)])
		f.Summary = fmt.Sprintf("%s began before the capture: window scale and handshake time are not known for %s", connections(f.Conversations), itOrThem(f.Count))
		f.Fix = []string{"start the capture before the application connects"}
		out = append(out, *f)
	}
	return out
}

// beganBefore reports whether a headless connection carried data, and so began before the capture.
func beganBefore(c *flow.Conversation) bool {
	return !c.TCP.SYN.Seen() && !c.TCP.SYNACK.Seen() && c.Dir[0].Payload+c.Dir[1].Payload > 0
}

func connections(cs []*flow.Conversation) string {
	if len(cs) == 1 {
		return fmt.Sprintf("the connection %v - %v", cs[0].Ends[0], cs[0].Ends[1])
	}
	return fmt.Sprintf("%d connections", len(cs))
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

//go:embed pid_unreliable.md
var pidPage string

// PIDUnreliable: the process in an event's header is not the owner (Q15).
var PIDUnreliable = &diag.Rule{ID: "cap.pid.unreliable", Title: "the process of an event's header is not the owner", Page: pidPage, Quality: true, Run: pidUnreliable}

func pidUnreliable(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i, s := range in.Sources {
		if s.Session == nil || in.Session == nil {
			continue
		}
		f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: i}
		for c := range in.Conversations.All() {
			if e := in.Session.Endpoints[c.ID]; c.Source == i && e != nil && e.Process != nil && e.Foreign > 0 {
				f.Count += int(e.Foreign)
				f.Conversations = append(f.Conversations, c)
				f.Where = append(f.Where, e.ForeignFirst.Pos)
			}
		}
		if f.Count == 0 {
			continue
		}
		f.Summary = fmt.Sprintf("%d records of %s carry another process in their header than the owner: the header names whatever was interrupted; owners here come from sockets and control blocks", f.Count, connections(f.Conversations))
		f.Fix = []string{"do not read the process column of other tools as the owner"}
		out = append(out, f)
	}
	return out
}
