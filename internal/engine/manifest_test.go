package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/provider"
)

const sourceManifest = `<instrumentationManifest xmlns="http://schemas.microsoft.com/win/2004/08/events"><instrumentation><events>
<provider name="My-Source" guid="{11111111-2222-3333-4444-555555555555}"><events><event value="1" version="0" symbol="Hit" template="HitArgs"/></events>
<templates><template tid="HitArgs"><data name="count" inType="win:UInt32"/></template></templates></provider></events></instrumentation></instrumentationManifest>`

// The manifest of an EventSource may come in pieces, in any order, after events
// that need it. An event that nothing describes keeps its GUID, number, version and bytes.
func TestManifestBehindItsEvents(t *testing.T) {
	half := len(sourceManifest) / 2
	piece := func(n int, text string) string { // format, major, minor, magic, pieces in all, number
		return fmt.Sprintf("event 7 {11111111-2222-3333-4444-555555555555} 65534 v0 0101005b0200%02x00%x\n", n, text)
	}
	text := "trace windows=10.0.17763 pointer=8\n" +
		"0.1 event 7 {11111111-2222-3333-4444-555555555555} 1 v0 05000000\n" +
		"0.2 " + piece(1, sourceManifest[half:]) +
		"0.3 event 7 {22222222-2222-3333-4444-555555555555} 9 v3 00ff10\n" +
		"0.4 " + piece(0, sourceManifest[:half])
	path, err := fixture.File(t.TempDir(), "a.etl", text)
	if err != nil {
		t.Fatal(err)
	}
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	var got []string
	if err := run.Each(func(row *engine.Row) error {
		got = append(got, string(provider.AppendText(nil, row.Event)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"EventTrace/Header ", "Hit count=5 (0x5)", "manifest of the provider, ",
		"{22222222-2222-3333-4444-555555555555} event 9 version 3, 3 bytes: 00FF10", "manifest of the provider, ",
	}
	if len(got) != len(want) {
		t.Fatalf("%d events: %q", len(got), got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("event %d: got %q, want %q", i, got[i], want[i])
		}
	}
	if n := run.Case().Sources[0].Undecoded; n != 1 {
		t.Errorf("%d events without a layout, want 1", n)
	}
}
