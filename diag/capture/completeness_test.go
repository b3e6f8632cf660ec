package capture

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

func TestDropsReported(t *testing.T) {
	lossy := &trace.Info{Name: "a.pcapng", Interfaces: []trace.Interface{{Name: "eth0", HasStatistics: true, IfDrop: 7, OSDrop: -1}}}
	clean := &trace.Info{Name: "b.pcapng", Interfaces: []trace.Interface{{Name: "eth0", HasStatistics: true, IfDrop: 0, OSDrop: -1}}}
	silent := &trace.Info{Name: "c.pcap", Interfaces: []trace.Interface{{IfDrop: 9}}} // no statistics: unknown, not zero
	etl := &trace.Info{Name: "d.etl", Session: &trace.Session{EventsLost: 3}}
	got := DropsReported.Run(&diag.Input{Sources: []*trace.Info{lossy, clean, silent, etl}})
	if len(got) != 2 || !strings.Contains(got[0].Summary, "7 packets dropped by interface eth0") || !strings.Contains(got[1].Summary, "3 events lost") {
		t.Errorf("got %+v", got)
	}
}

// A capture that lost packets cannot show that an answer is missing.
func TestDropsWithholdSilence(t *testing.T) {
	conv := &flow.Conversation{Proto: proto.TCP, TCP: &flow.TCP{}}
	asked := false
	silence := &diag.Rule{ID: "tcp.syn.silent", Title: "x", WithheldBy: []string{DropsReported.ID}}
	silence.Run = func(in *diag.Input) []diag.Finding { asked = in.Withhold(silence, conv); return nil }
	in := &diag.Input{Sources: []*trace.Info{{Name: "d.etl", Session: &trace.Session{EventsLost: 3}}}}
	_, withheld := diag.Run([]*diag.Rule{silence, DropsReported}, in)
	if !asked || len(withheld) != 1 || withheld[0].Because != DropsReported.ID {
		t.Errorf("asked %v, withheld %+v", asked, withheld)
	}
}
