package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// selected are the rows that pass, with what a listing needs of them, and the times of the others, in order.
func selected(t *testing.T, path, text string, workers, limit int) (rows []string) {
	t.Helper()
	f, err := filter.Compile(text, filter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opt := engine.Options{Workers: workers}
	if f.Applications() {
		opt.Applications = stream.NewChoice(stream.Rules{})
	}
	run, err := engine.Open(context.Background(), []string{path}, opt)
	if errors.Is(err, trace.ErrUnknownFormat) || errors.Is(err, trace.ErrTruncated) { // no trace, or one cut before its table of frames
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	enough := errors.New("enough")
	visited := 0
	err = run.Select(engine.Selection{
		Match: func() func(*engine.Row) bool { return f.Matcher().Match },
		Pair:  pairOf(f),
		Visit: func(row *engine.Row) error {
			line := fmt.Sprintf("%d %d %d %d", row.Source, row.Record.Pos.Number, row.Record.Pos.Offset, row.Record.Time)
			if p := row.Packet; p != nil {
				line += fmt.Sprintf(" %s %v %v %d %d %x", p.Protocols(nil), p.Src, p.Dst, p.SrcPort, p.DstPort, p.Payload)
				for i := range p.Notes {
					line += fmt.Sprint(" ", p.Notes[i])
				}
				for _, unit := range p.Units {
					line += fmt.Sprintf(" %x %s", unit.Bytes, unit.Opened)
				}
			}
			if s := row.Sighting; s != nil && s.TCP {
				line += fmt.Sprintf(" %d %d %d %d %v %d %v %v", s.RelSeq, s.RelAck, s.NextSeq, s.Window, s.Duplicate, s.Checksum, s.Analysis, s.Conv.Ends)
			}
			rows = append(rows, line)
			if visited++; visited == limit {
				return enough
			}
			return nil
		},
		Skip: func(at int64) { rows = append(rows, fmt.Sprint(at)) },
	})
	if err != nil && !errors.Is(err, enough) {
		t.Fatal(err)
	}
	return rows
}

func pairOf(f *filter.Filter) func() func(*engine.Row) bool {
	pair := f.Pair()
	if pair == nil {
		return nil
	}
	return func() func(*engine.Row) bool { return pair.Matcher().Match }
}

// TestSelectionIsTheSame: rows that several workers find are those of a pass in order.
func TestSelectionIsTheSame(t *testing.T) {
	const root = "../../../shared/captures"
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	var files []string
	for _, group := range []string{"formats", "link", "tcp", "app", "bad", "etl", "tso"} {
		found, err := filepath.Glob(filepath.Join(root, group, "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	compared := 0
	for _, path := range files {
		if st, err := os.Stat(path); err != nil || st.IsDir() || st.Size() > 1<<20 {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			for _, text := range []string{"", "tcp.len > 0 and tcp.seq > 1", "not tcp", "ip.addr#2 or frame contains 00:00:00",
				"tcp.dstport in {1..1023} and tcp.len > 0", "ip.src == 192.168.0.0/16 and !(tcp.flags.syn == 1)", "udp.port == 53 or ipv6",
				"tls or http.request or http.time > 0.01", "tls.handshake.extensions_server_name or http.response.code >= 200 or tcp.len > 1000 and not data"} {
				want := selected(t, path, text, 1, 0)
				for _, workers := range []int{2, 8} {
					if got := selected(t, path, text, workers, 0); !slices.Equal(got, want) {
						t.Errorf("%q: %d workers: %s", text, workers, firstDifference(got, want))
					}
				}
				if n := len(want); n > 3 {
					if got := selected(t, path, text, 2, 3); len(got) > n || !slices.Equal(got, want[:len(got)]) {
						t.Errorf("%q: three rows: %s", text, firstDifference(got, want))
					}
				}
				compared += len(want)
			}
		})
	}
	t.Logf("%d rows compared", compared)
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("row %d: %.300s, want %.300s", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d rows, want %d", len(got), len(want))
}
