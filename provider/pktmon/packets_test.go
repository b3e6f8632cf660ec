package pktmon_test

import (
	"os"
	"testing"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/all"
	"github.com/wiretale/wiretale/provider/pktmon"
	"github.com/wiretale/wiretale/trace"
)

func TestRealTrace(t *testing.T) {
	const file = "../../../shared/captures/etl/pktmon-20348.etl"
	if _, err := os.Stat(file); err != nil {
		t.Skip("../shared/captures is not here: no real pktmon trace to read")
	}
	r, err := etl.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	registry := provider.NewRegistry(all.All()...)
	registry.SetBuild(20348)
	p := pktmon.Packets{Reason: func(code uint32) string { return registry.MapText(pktmon.GUID, "DropReason", uint64(code)) }}
	early := func(h *trace.EventHeader) bool { return registry.Wants(h) || pktmon.Learns(h) }
	err = r.Prepass(early, func(rec *trace.Record) {
		if !registry.Learn(rec) {
			p.Learn(rec)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	components := p.Use(r.Info().Interfaces)
	events, packets, drops := 0, 0, 0
	for rec, err := range trace.Records(r) {
		if err != nil {
			t.Fatal(err)
		}
		if !pktmon.Carries(rec.Event) {
			continue
		}
		events++
		var out trace.Record
		if !p.Next(rec, &out) {
			t.Errorf("record %d carries no packet", rec.Pos.Number)
			continue
		}
		packets++
		if want := 34 + len(out.Data); len(rec.Data) != want {
			t.Errorf("record %d: %d bytes, used %d", rec.Pos.Number, len(rec.Data), want)
		}
		if d := out.Meta.Drop; d != nil {
			drops++
			if d.ReasonText == "" || d.Component == "" {
				t.Errorf("record %d: drop %+v", rec.Pos.Number, d)
			}
		}
	}
	t.Logf("%d events, %d packets, %d drops, %d components", events, packets, drops, len(components))
	if events == 0 || packets != events || len(components) == 0 || p.Short > 0 {
		t.Errorf("%d events, %d packets, %d components, %d short", events, packets, len(components), p.Short)
	}
}
