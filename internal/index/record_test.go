package index_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// TestRecords: all that is known of a record is what a pass over everything says of it.
func TestRecords(t *testing.T) {
	for n, paths := range traces(t) {
		x, c := analysed(t, paths, engine.Options{})
		if n%2 == 0 {
			x.InParts()
		}
		run, err := engine.Open(context.Background(), paths, engine.Options{Case: c, Applications: stream.NewChoice(stream.Rules{})})
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		err = run.Each(func(row *engine.Row) error {
			if !row.Record.Numbered {
				return nil
			}
			at++
			if at > 12 && at%97 != 0 { // each takes a pass
				return nil
			}
			want := details(row, run.Info(row.Source))
			got := ""
			err := x.Record(context.Background(), at-1, func(row *engine.Row, info *trace.Info) error {
				got = details(row, info)
				return nil
			})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				return fmt.Errorf("row %d (-want +got): %v\n%s", at-1, err, diff)
			}
			return nil
		})
		run.Close()
		if err != nil {
			t.Fatalf("%v: %v", paths, err)
		}
	}
}

// traces are cases of all kinds: the fixtures of the rules, and the small captures of the shared folder.
func traces(t testing.TB) [][]string {
	cases := fixtures(t, "*/*.txtar")
	if _, err := os.Stat(captures); err == nil {
		for _, path := range files(t, 60_000) {
			if run, err := engine.Open(context.Background(), []string{path}, engine.Options{}); err == nil {
				run.Close()
				cases = append(cases, []string{path})
			}
		}
	}
	return cases
}

// details is all that views say of a row.
func details(row *engine.Row, info *trace.Info) string {
	var b strings.Builder
	var walk func(depth int, list []view.Node)
	walk = func(depth int, list []view.Node) {
		for i := range list {
			n := &list[i]
			fmt.Fprintln(&b, strings.Repeat(" ", depth), n.Name, n.Label(), n.Note, n.Buffer, n.Offset, n.Length)
			walk(depth+1, n.Children)
		}
	}
	walk(0, view.Tree(row, info, !info.Untimed))
	for _, buffer := range view.Buffers(row) {
		fmt.Fprintf(&b, "%s %x\n", buffer.Name, buffer.Bytes)
	}
	fmt.Fprintln(&b, row.Source, row.Record.Pos, row.Findings, words(row))
	return b.String()
}

// TestNarrow: a pass over the part that has a conversation says of its rows what a pass over everything does.
func TestNarrow(t *testing.T) {
	sources := 0
	for n, paths := range traces(t) {
		if n%4 != 0 { // each takes a pass for every conversation
			continue
		}
		x, c := analysed(t, paths, engine.Options{})
		parts := x.InParts()
		if sources += parts; parts == 0 {
			continue
		}
		opt := engine.Options{Case: c, Applications: stream.NewChoice(stream.Rules{})}
		whole := told(t, paths, opt, nil)
		for i := 0; i < c.Conversations.Len(); i += 1 + c.Conversations.Len()/4 {
			conv := c.Conversations.At(i)
			narrow, only := x.Narrow(opt, []*flow.Conversation{conv})
			got := told(t, narrow, only, conv)
			want := map[string]string{}
			for place, text := range whole {
				if strings.HasSuffix(place, fmt.Sprint(" of ", conv.ID)) {
					want[place] = text
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
				t.Fatalf("%v: conversation %d (-whole +part):\n%s", paths, i, diff)
			}
		}
	}
	if sources == 0 {
		t.Error("no source was read in parts")
	}
}

// told is what a pass says of the rows of a conversation, or with nil of any, by their places.
func told(t *testing.T, paths []string, opt engine.Options, conv *flow.Conversation) map[string]string {
	t.Helper()
	run, err := engine.Open(context.Background(), paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	rows := map[string]string{}
	err = run.Each(func(row *engine.Row) error {
		if o := row.Object.Conv; o != nil && (conv == nil || o == conv) && row.Record.Numbered {
			if p := row.Packet; p != nil && (p.Tunnel > 0 || p.QuotedSrc.IsValid()) { // a part has no numbers of the streams around it
				row.Sighting.NStreams = 0
			}
			rows[fmt.Sprint(row.Source, " ", row.Record.Pos.Number, " of ", o.ID)] = details(row, run.Info(row.Source)) + fmt.Sprintf("%+v", row.Object.Process)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
