package contrast_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/stream"
)

const lab = "../../../shared/captures/lab/smb"

// TestLab compares copies of one file by Samba that differ in size and depth alone, captured at the client and at the server.
func TestLab(t *testing.T) {
	if _, err := os.Stat(lab); err != nil {
		t.Skip("../shared/captures is not here: no real runs to compare")
	}
	captured := func(name string) *contrast.Input {
		c, err := engine.Analyse(context.Background(), []string{filepath.Join(lab, name+".pcapng.gz")}, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Requests: true})
		if err != nil {
			t.Fatal(err)
		}
		return &contrast.Input{Requests: &c.Requests, Conversations: c.Conversations}
	}
	for _, end := range []string{"_client", "_server"} {
		two, sixteen, large := captured("smb202_64k_out2_12M"+end), captured("smb202_64k_out16_12M"+end), captured("smb302_1M_out16_12M"+end)
		for _, tt := range []struct {
			what       string
			slow, good *contrast.Input
			kind       contrast.Kind // that makes most of the difference
			share      float64
			ratio      [2]float64
		}{
			{"64 KiB, 2 and 16 open", two, sixteen, contrast.Depth, 0.85, [2]float64{6.5, 8}},
			{"64 KiB with 2 open, 1 MiB with 16", two, large, contrast.RequestSize, 0.5, [2]float64{5, 17}},
		} {
			c, err := contrast.Compare(tt.slow, tt.good)
			if err != nil {
				t.Fatal(err)
			}
			if f := c.Factors[0]; f.Kind != tt.kind || f.Share < tt.share || c.Ratio < tt.ratio[0] || c.Ratio > tt.ratio[1] || c.Finding == nil {
				t.Errorf("%s%s: ratio %.3f, %+v", tt.what, end, c.Ratio, c.Factors)
			}
			if slow := &c.Runs[contrast.Slow]; slow.Depth != 2 || slow.Size() != 65536 {
				t.Errorf("%s%s: the slow run has %d open of %.0f bytes", tt.what, end, slow.Depth, slow.Size())
			}
		}
		c, err := contrast.Compare(two, large)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Factors) < 2 || c.Factors[1].Kind != contrast.Depth || !c.Runs[contrast.Good].Estimated {
			t.Errorf("1 MiB%s: %+v", end, c.Factors) // its packets are cut at 250 bytes: most headers are missing
		}
	}
}
