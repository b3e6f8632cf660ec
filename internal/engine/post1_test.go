package engine_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/provider"
)

func post1(t *testing.T) string {
	t.Helper()
	traces, err := fixture.Load("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPost1 reads the first post's trace through everything and holds it against the listing.
func TestPost1(t *testing.T) {
	path := post1(t)
	ctx := context.Background()
	c, err := engine.Analyse(ctx, []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Sources[0].Info.Untimed {
		t.Error("the listing has no times, but the trace is not known to have none")
	}
	run, err := engine.Open(ctx, []string{path}, engine.Options{Case: c})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	texts, packets, owned := map[int64]string{}, 0, 0
	err = run.Each(func(row *engine.Row) error {
		n := row.Record.Pos.Number
		if !(n >= 50 && n <= 63 || n >= 196 && n <= 252) {
			return nil
		}
		if row.Object.Process != nil && row.Object.Process.Name == "tcpserver.exe" {
			owned++
		} else {
			t.Errorf("frame %d: owner %+v", n, row.Object.Process)
		}
		if row.Packet != nil {
			packets++
			return nil
		}
		texts[n] = string(provider.AppendText(nil, row.Event))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packets != 9 || len(texts) != 62 || owned != 71 {
		t.Errorf("%d packets, %d events, %d rows owned by tcpserver.exe; want 9, 62, 71", packets, len(texts), owned)
	}
	compareWithListing(t, texts)
	for _, f := range c.Findings {
		t.Logf("%v %v %s: %s", f.Severity, f.Confidence, f.Rule.ID, f.Summary)
	}
	wantFindings(t, c, "cap.tx_csum_offload", "192.168.1.212", "host.abort_reason", "the client closed", "host.abort_reason", "benign")
	if len(c.Session.Joins) < 16 {
		t.Errorf("%d joins, want the 16 of the listing", len(c.Session.Joins))
	}
}

func compareWithListing(t *testing.T, texts map[int64]string) {
	b, err := os.ReadFile("../../../shared/golden/post1_events.tsv")
	if err != nil {
		t.Log("../shared/golden is not here: the texts are compared with the fixture's only by writing it")
		return
	}
	equal := 0
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "\t")
		n, err := strconv.ParseInt(cells[0], 10, 64)
		if err != nil || texts[n] == "" {
			continue
		}
		if texts[n] != cells[7] {
			t.Errorf("frame %d:\n got %s\nwant %s", n, texts[n], cells[7])
			continue
		}
		equal++
	}
	if equal != 62 {
		t.Errorf("%d of 62 texts equal", equal)
	}
}

func wantFindings(t *testing.T, c *engine.Case, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		found := false
		for _, f := range c.Findings {
			found = found || f.Rule.ID == pairs[i] && strings.Contains(f.Summary, pairs[i+1])
		}
		if !found {
			t.Errorf("no finding %s that says %q", pairs[i], pairs[i+1])
		}
	}
}
