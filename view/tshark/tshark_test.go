package tshark

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// frame is a TCP segment with options.
const frame = "ffffffffffff00155d010203" + "0800" + "4500003c000100004006" + "0000" + "0a000001" + "0a000002" +
	"c3510050" + "00000001" + "00000000" + "a002faf000000000" + "020405b40402080a0000000100000000" + "01030307"

// printed is what both writers make of a frame.
func printed(t testing.TB, data []byte) (list, lines []byte) {
	t.Helper()
	rec := &trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: len(data), Interface: -1, Numbered: true, Time: 1e18}
	row := &engine.Row{Record: rec, Packet: &packet.Packet{}, Sighting: &flow.Sighting{}}
	var d packet.Decoder
	d.Decode(rec, row.Packet)
	flow.NewTracker(0).Add(row.Packet, row.Sighting)
	var a, b bytes.Buffer
	for _, w := range []*Writer{NewJSON(&a, nil, time.UTC), NewEK(&b, nil, time.UTC)} {
		for range 2 {
			if err := w.Print(row, true); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	return a.Bytes(), b.Bytes()
}

func check(t testing.TB, data []byte) {
	t.Helper()
	list, lines := printed(t, data)
	var objects []any
	if err := json.Unmarshal(list, &objects); err != nil || len(objects) != 2 {
		t.Errorf("%d objects, %v in %s", len(objects), err, list)
	}
	for line := range bytes.Lines(lines) {
		if !json.Valid(line) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if n := bytes.Count(lines, []byte("\n")); n != 4 {
		t.Errorf("%d lines, want 4", n)
	}
}

// TestCutFrames: a frame cut at every byte is JSON.
func TestCutFrames(t *testing.T) {
	data, err := hex.DecodeString(frame)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(data) + 1 {
		check(t, data[:n:n])
	}
}

func FuzzJSON(f *testing.F) {
	data, err := hex.DecodeString(frame)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}
