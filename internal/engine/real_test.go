package engine_test

import (
	"context"
	"os"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

const shared = "../../../shared/captures"

// TestRealWindowsTrace reads a netsh trace of Windows 10 through everything.
func TestRealWindowsTrace(t *testing.T) {
	file := shared + "/etl/small-system-misc-ping.etl"
	if _, err := os.Stat(file); err != nil {
		t.Skip("../shared/captures is not here: no real Windows trace to read")
	}
	run, err := engine.Open(context.Background(), []string{file}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	manifest, classic, whole, afd, afdNamed, outside := 0, 0, 0, 0, 0, 0
	session := run.Infos()[0].Session
	err = run.Each(func(row *engine.Row) error {
		if row.Record.Time < session.Start || row.Record.Time > session.End {
			outside++
		}
		if row.Event == nil || row.Event.Def == nil {
			return nil
		}
		if row.Record.Event.Header != trace.HeaderEvent {
			classic++
			return nil
		}
		manifest++
		if !row.Event.Short && len(row.Event.Extra) == 0 {
			whole++
		}
		if row.Event.Provider.Short == "Winsock-AFD" || row.Event.Provider.Name == "Microsoft-Windows-Winsock-AFD" {
			afd++
			if row.Object.Process != nil && row.Object.Process.Name != "" {
				afdNamed++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c := run.Case()
	if manifest != 605 || whole != 605 {
		t.Errorf("%d manifest events, %d of them decoded to their last byte; want 605", manifest, whole)
	}
	// The records of the kernel and of the merge have a layout too.
	if classic != 1006 || c.Sources[0].Undecoded != 0 {
		t.Errorf("%d classic events with a layout, %d events without one; want 1006 and 0", classic, c.Sources[0].Undecoded)
	}
	if afd != 115 || afdNamed != 115 {
		t.Errorf("%d AFD events, %d with the name of their process; want 115", afd, afdNamed)
	}
	if outside > 0 {
		t.Errorf("%d records outside the session", outside)
	}
	if c.Sources[0].Packets != 43 {
		t.Errorf("%d packets, want 43", c.Sources[0].Packets)
	}
	found := false
	for _, i := range c.Sources[0].Info.Interfaces {
		found = found || i.Name == "Ethernet" && i.MTU == 1500
	}
	if !found {
		t.Error("the interface Ethernet was not found")
	}
	for _, f := range c.Findings {
		t.Logf("%v %v %s: %s", f.Severity, f.Confidence, f.Rule.ID, f.Summary)
	}
}
