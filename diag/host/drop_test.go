package host

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

func TestDropsAreGroupedByReason(t *testing.T) {
	open := &flow.Conversation{TCP: &flow.TCP{Established: true}}
	at := func(n int64) flow.Moment { return flow.Moment{Pos: trace.Pos{Number: n}} }
	in := &diag.Input{Session: &session.Session{Drops: []session.Drop{
		{At: at(1), Reason: "Inspection drop", Count: 2},
		{At: at(2), Reason: "Checksum is invalid", Conv: open},
		{At: at(3), Reason: "Inspection drop"},
	}}}
	got := dropReason(in)
	if len(got) != 2 || got[0].Count != 3 || len(got[0].Where) != 2 || !strings.Contains(got[0].Summary, "3 packets: Inspection drop") {
		t.Fatalf("got %+v", got)
	}
	// Noise that hits nothing is a note; a drop of an open connection is more.
	if got[0].Severity != diag.Note || got[1].Severity != diag.Warning || len(got[1].Conversations) != 1 {
		t.Errorf("severities %v, %v", got[0].Severity, got[1].Severity)
	}
	if got := dropReason(&diag.Input{Session: &session.Session{}}); len(got) != 0 {
		t.Errorf("no drops, but %+v", got)
	}
}
