package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/fixture"
)

const golden = "../../../shared/golden"

// table reads a golden file by column name.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(golden, name))
	if os.IsNotExist(err) {
		t.Skip("../shared/golden is not here: nothing to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		out = append(out, m)
	}
	return out
}

// post1 runs wiretale on the rebuilt trace of the first post, which is added to the arguments.
func post1(t *testing.T, args ...string) string {
	t.Helper()
	traces, err := fixture.Load("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	if code := run(t.Context(), append(args, path), strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

// objects are the JSON objects of one kind.
func objects(t *testing.T, text, kind string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m["kind"] == kind {
			out = append(out, m)
		}
	}
	return out
}

func frame(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	return fmt.Sprint(m["frame"])
}

// TestPost1Listing: the 71 rows of the post, 62 of 62 event texts as the post
// prints them, the owner on each, and no time.
func TestPost1Listing(t *testing.T) {
	want := table(t, "post1_events.tsv")
	lines := strings.Split(strings.TrimRight(post1(t, "timeline", "--columns", "netmon"), "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d rows, want %d", len(lines), len(want))
	}
	const columns = 6 // number, process, source, destination, protocol, description: no time
	events := 0
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			t.Fatalf("%d columns, want %d: %q", len(cells), columns, line)
		}
		if cells[0] != want[i]["frame"] || cells[1] != "tcpserver.exe (2704)" || cells[4] != want[i]["module"] {
			t.Errorf("row %v, want frame %s of tcpserver.exe (2704) by %s", cells[:5], want[i]["frame"], want[i]["module"])
		}
		if want[i]["provider"] == "packet" {
			continue
		}
		events++
		if diff := cmp.Diff(want[i]["message"], cells[5]); diff != "" {
			t.Errorf("frame %s (-want +got):\n%s", cells[0], diff)
		}
	}
	if events != 62 {
		t.Errorf("%d events, want 62", events)
	}
}

// TestPost1Packets: the descriptions of the packets are those of the post,
// but for the window: the post shows scale 0 or none where 8 was negotiated.
func TestPost1Packets(t *testing.T) {
	want := map[string]string{}
	for _, row := range table(t, "post1_events.tsv") {
		if row["provider"] == "packet" {
			want[row["frame"]] = row["message"]
		}
	}
	scaled := strings.NewReplacer("Win=513 (scale factor 0x0) = 513", "Win=513", "Win=513", "Win=513 (scale factor 0x8) = 131328")
	for line := range strings.Lines(post1(t, "timeline", "--columns", "netmon")) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		message, ok := want[cells[0]]
		if !ok {
			continue
		}
		delete(want, cells[0])
		message = scaled.Replace(strings.Replace(message, "Win=513 (scale factor 0x0) = 513", "Win=513", 1))
		if diff := cmp.Diff(message, cells[5]); diff != "" {
			t.Errorf("frame %s (-want +got):\n%s", cells[0], diff)
		}
	}
	for f := range want {
		t.Errorf("frame %s is missing", f)
	}
}

// TestPost1Calls: the 13 API calls.
func TestPost1Calls(t *testing.T) {
	want := table(t, "post1_api.tsv")
	got := objects(t, post1(t, "-T", "jsonl"), "api_call")
	if len(got) != len(want) {
		t.Fatalf("%d calls, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g["api"] != w["api"] || frame(g["enter"]) != w["enter_frame"] || frame(g["exit"]) != w["exit_frame"] || g["outcome"] != w["outcome"] {
			t.Errorf("call %d: %v from %s to %s, %v; want %s from %s to %s, %s", i+1, g["api"], frame(g["enter"]), frame(g["exit"]), g["outcome"],
				w["api"], w["enter_frame"], w["exit_frame"], w["outcome"])
		}
		if g["time"] != nil || g["duration_ns"] != nil {
			t.Errorf("call %d has a time, and the listing has none: %v", i+1, g)
		}
	}
}

// TestPost1States: the path of the control block.
func TestPost1States(t *testing.T) {
	want := table(t, "post1_states.tsv")
	got := objects(t, post1(t, "-T", "jsonl"), "state")
	if len(got) != len(want) {
		t.Fatalf("%d transitions, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g["from"] != w["from"] || g["to"] != w["to"] || frame(g["at"]) != w["frame"] || fmt.Sprintf("%.0f", g["snd_nxt"]) != w["snd_nxt"] {
			t.Errorf("transition %d: %v, want %v", i+1, g, w)
		}
	}
}

// TestPost1Joins: each of the 16 joins that were found by hand, with its kind.
func TestPost1Joins(t *testing.T) {
	have := map[string]string{}
	for _, j := range objects(t, post1(t, "-T", "jsonl"), "join") {
		have[fmt.Sprint(j["what"], "|", j["from"])] = fmt.Sprint(j["join"])
	}
	for _, w := range table(t, "post1_joins.tsv") {
		kind, ok := have[w["what"]+"|"+w["from"]]
		if !ok || kind != w["join_kind"] {
			t.Errorf("%s of %s: %q, want %q", w["what"], w["from"], kind, w["join_kind"])
		}
	}
}

// TestPost1Summary: the numbers of the post's conversation.
func TestPost1Summary(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(golden, "post1_summary.json"))
	if os.IsNotExist(err) {
		t.Skip("../shared/golden is not here: nothing to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	convs := objects(t, post1(t, "-T", "jsonl"), "conversation")
	if len(convs) != 1 {
		t.Fatalf("%d conversations, want 1", len(convs))
	}
	c := convs[0]
	client, server, life := c["a"].(map[string]any), c["b"].(map[string]any), c["tcp"].(map[string]any)
	data := want["data_packets"].(map[string]any)
	first := func(name string) any { return data[name].([]any)[0] }
	got := map[string]any{
		"client": client["address"], "server": server["address"], "bytes_client_to_server": client["payload"], "bytes_server_to_client": server["payload"],
		"packets": c["packets"], "retransmissions": c["retransmissions"], "resets": life["rsts"], "closed_first": life["closed_first"],
		"client_data": client["last_data"].(map[string]any)["frame"], "server_data": server["last_data"].(map[string]any)["frame"],
		"client_fin": client["fin"].(map[string]any)["frame"], "server_fin": server["fin"].(map[string]any)["frame"],
		"window": client["window"], "process": c["process"].(map[string]any)["name"], "duration": c["duration_ns"], "rtt": c["rtt_ns"],
	}
	head := func(s any) string { return strings.Fields(s.(string))[0] }
	expect := map[string]any{
		"client": head(want["client"]), "server": head(want["server"]), "bytes_client_to_server": want["bytes_client_to_server"],
		"bytes_server_to_client": want["bytes_server_to_client"], "packets": want["packets"], "retransmissions": want["retransmissions"],
		"resets": want["resets"], "closed_first": "a", "client_data": first("client_to_server"), "server_data": first("server_to_client"),
		"client_fin": 227.0, "server_fin": 239.0, "window": 131328.0, "process": "tcpserver.exe", "duration": nil, "rtt": nil,
	}
	if diff := cmp.Diff(expect, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}
