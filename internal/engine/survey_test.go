package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// layered notes how many layers and units a row has.
type layered struct{}

func (layered) Look(row *engine.Row, _ bool) engine.Note {
	if row.Packet == nil {
		return engine.Note{}
	}
	return engine.Note{Number: uint32(row.Packet.N), Text: unitsOf(row)}
}

func (layered) Plain([]byte, *flow.Sighting) (engine.Note, bool) { return engine.Note{}, false }

func unitsOf(row *engine.Row) (text []byte) {
	for _, u := range row.Packet.Units {
		text = fmt.Appendf(text, "%s %x,", u.Opened, u.Bytes)
	}
	return text
}

// TestSurveyWithKeys: a survey beside an analysis sees what keys open as a pass in order does, whatever the lanes learn from one another, and the
// analysis says what it says without.
func TestSurveyWithKeys(t *testing.T) {
	path, pem := resumed(t)
	keys := new(secrets.Store)
	if err := keys.Read(bytes.NewReader(pem), "server.pem"); err != nil {
		t.Fatal(err)
	}
	var want []string
	opened := 0
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{Secrets: keys, Applications: stream.NewChoice(stream.Rules{})})
	if err != nil {
		t.Fatal(err)
	}
	err = run.Each(func(row *engine.Row) error {
		want = append(want, fmt.Sprintf("%d %s", row.Packet.N, unitsOf(row)))
		opened += len(row.Packet.Units)
		return nil
	})
	run.Close()
	if err != nil || opened < 100 {
		t.Fatalf("%d messages: the capture tests nothing (%v)", opened, err)
	}
	for _, workers := range []int{1, 2, 8, 8, 8} {
		for _, opt := range []engine.Options{{Workers: workers, Secrets: keys}, opening(workers, keys)} { // a choice for requests alone, and one that adds layers
			alone, err := engine.Analyse(context.Background(), []string{path}, opt)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			numbered := 0
			opt.Survey = func(int) *engine.Survey {
				return &engine.Survey{
					Applications: stream.NewChoice(stream.Rules{}), Begin: func(*trace.Info) {}, End: func(*trace.Info) {},
					Looker: func(int) engine.Looker { return layered{} },
					Take: func(_ *trace.Batch, said []engine.Said) error {
						for _, s := range said {
							got = append(got, fmt.Sprintf("%d %s", s.Number, s.Text))
						}
						return nil
					},
					Number: func(_ int, numbers []int) { numbered += len(numbers) },
				}
			}
			c, err := engine.Analyse(context.Background(), []string{path}, opt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("with %d workers: in order (-) and surveyed (+):\n%.2000s", workers, diff)
			}
			if numbered != c.Conversations.Len() {
				t.Errorf("%d conversations have numbers, the case has %d", numbered, c.Conversations.Len())
			}
			if alone, got := said(t, alone), said(t, c); !bytes.Equal(got, alone) {
				t.Errorf("with %d workers: without a survey (-) and beside one (+):\n%.2000s", workers, cmp.Diff(string(alone), string(got)))
			}
		}
	}
}
