package diagtest

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

func byNumber(a, b trace.Pos) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
}

// A claim is a filter with the frames that it must show.
type claim struct {
	rule, filter string
	frames       []int64
}

// filters checks with tshark that the filter of every finding is one, and
// shows every packet that proves the finding. Records that are no packets (events) cannot be shown.
//
// Of a case of several files, each is asked for its own frames: a filter of frame numbers would be wrong in the others.
//
// Starting tshark takes longer than all else here, so it is asked once for the frames that any filter fails to show.
func filters(t *testing.T, path string, source int, c *engine.Case) {
	if c.Sources[source].Packets == 0 {
		return
	}
	if !slices.ContainsFunc(withParts(c.Findings), func(f diag.Finding) bool { return f.Filter != "" }) {
		return
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed: the filters of the findings were not tried")
	}
	capture, numbers := asCapture(t, path)
	var claims []claim
	for _, f := range withParts(c.Findings) {
		if f.Filter == "" {
			continue
		}
		cl := claim{rule: f.Rule.ID, filter: f.Filter}
		for _, pos := range f.Where {
			if n, ok := numbers[pos.Number]; ok && pos.Source == source {
				cl.frames = append(cl.frames, n)
			}
		}
		claims = append(claims, cl)
	}
	for _, err := range lacking(capture, claims) {
		t.Error(err)
	}
}

// lacking says which filters are none, or do not show their frames.
func lacking(capture string, claims []claim) (errs []error) {
	if shown, err := tshark(capture, failing(claims)); err == nil && len(shown) == 0 {
		return nil
	}
	for _, cl := range claims {
		shown, err := tshark(capture, cl.filter)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, n := range cl.frames {
			if !slices.Contains(shown, n) {
				errs = append(errs, fmt.Errorf("%s: the filter %s does not show frame %d of the packets, which proves it; it shows %v", cl.rule, cl.filter, n, shown))
			}
		}
	}
	return errs
}

// failing is a filter that shows the frames that a claim lacks. It has the
// filter of a claim without frames as well, for tshark to read.
func failing(claims []claim) string {
	var parts []string
	for _, cl := range claims {
		frames := []string{"0"}
		for _, n := range cl.frames {
			frames = append(frames, strconv.FormatInt(n, 10))
		}
		parts = append(parts, fmt.Sprintf("(frame.number in {%s} && !(%s))", strings.Join(frames, ", "), cl.filter))
	}
	return strings.Join(parts, " || ")
}

// Select runs tshark with a display filter and returns the numbers of the frames that it shows.
func Select(t *testing.T, path, filter string) []int64 {
	t.Helper()
	shown, err := tshark(path, filter)
	if err != nil {
		t.Error(err)
	}
	return shown
}

func tshark(path, filter string) ([]int64, error) {
	cmd := exec.Command("tshark", "-n", "-r", path, "-Y", filter, "-T", "fields", "-e", "frame.number")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("tshark -Y %q: %w\n%s", filter, err, errs.String())
	}
	var shown []int64
	for line := range strings.Lines(string(out)) {
		n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			return nil, err
		}
		shown = append(shown, n)
	}
	return shown, nil
}

// asCapture gives the file itself when it is a capture; of an event trace, its
// packets as one. The map leads from a record's number to the frame's.
func asCapture(t *testing.T, path string) (string, map[int64]int64) {
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	events := filepath.Ext(path) == ".etl"
	var w pcapng
	numbers := map[int64]int64{}
	err = run.Each(func(row *engine.Row) error {
		events = events || row.Event != nil
		if row.Packet == nil {
			return nil
		}
		numbers[row.Record.Pos.Number] = int64(len(numbers) + 1)
		w.add(row.Record)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !events {
		return path, numbers
	}
	path = filepath.Join(t.TempDir(), "packets.pcapng")
	if err := os.WriteFile(path, w.out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, numbers
}

// A pcapng is a capture with an interface for each link type: pktmon sees
// packets with and without one.
type pcapng struct {
	out   []byte
	links []trace.LinkType
}

func (w *pcapng) add(rec *trace.Record) {
	le := binary.LittleEndian
	if w.out == nil {
		w.block(0x0a0d0d0a, append(le.AppendUint16(le.AppendUint32(nil, 0x1a2b3c4d), 1), 0, 0, 255, 255, 255, 255, 255, 255, 255, 255))
	}
	i := slices.Index(w.links, rec.Link)
	if i < 0 {
		i = len(w.links)
		w.links = append(w.links, rec.Link)
		b := le.AppendUint32(le.AppendUint32(nil, uint32(rec.Link)), 0)
		w.block(1, append(b, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0)) // if_tsresol: nanoseconds
	}
	b := le.AppendUint32(nil, uint32(i))
	b = le.AppendUint32(le.AppendUint32(b, uint32(uint64(rec.Time)>>32)), uint32(rec.Time))
	b = append(le.AppendUint32(le.AppendUint32(b, uint32(len(rec.Data))), uint32(rec.WireLen)), rec.Data...)
	w.block(6, b)
}

func (w *pcapng) block(kind uint32, body []byte) {
	le := binary.LittleEndian
	body = append(body, make([]byte, -len(body)&3)...)
	n := uint32(len(body) + 12)
	w.out = append(le.AppendUint32(le.AppendUint32(w.out, kind), n), body...)
	w.out = le.AppendUint32(w.out, n)
}
