package engine_test

import (
	"context"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/flow"
)

// A length of 0 at its word is the same in every way that a capture is followed: in order, by workers, and for a selection of its rows.
func TestLengthAsSentEverywhere(t *testing.T) {
	traces, err := fixture.Load("../../testdata/post4.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 4} {
		for asSent, packets := range map[bool]int64{false: 12, true: 11} {
			opt := engine.Options{Workers: workers, LengthAsSent: asSent}
			c, err := engine.Analyse(context.Background(), []string{path}, opt)
			if err != nil {
				t.Fatal(err)
			}
			conv := c.Conversations.At(0)
			lost := conv.Dir[0].Trouble.Verdict(flow.AckLostSegment) != nil
			if n := conv.Dir[0].Packets + conv.Dir[1].Packets; n != packets || lost != asSent {
				t.Errorf("%d workers, as sent %v: %d packets, acknowledgement of a lost segment %v", workers, asSent, n, lost)
			}
			rows := int64(0)
			run, err := engine.Open(context.Background(), []string{path}, opt)
			if err != nil {
				t.Fatal(err)
			}
			err = run.Select(engine.Selection{
				Match: func() func(*engine.Row) bool {
					return func(row *engine.Row) bool { return row.Sighting != nil && row.Sighting.TCP }
				},
				Visit: func(*engine.Row) error { rows++; return nil },
				Skip:  func(int64) {},
			})
			run.Close()
			if err != nil || rows != packets {
				t.Errorf("%d workers, as sent %v: %d rows selected, %v", workers, asSent, rows, err)
			}
		}
	}
}
