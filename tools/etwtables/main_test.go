package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shared = "../../../shared/etw"

// The embedded tables are what this program makes of the facts: run go generate ./provider when they are not.
func TestTablesAreFresh(t *testing.T) {
	if _, err := os.Stat(shared); err != nil {
		t.Skip("../shared/etw is not here: ", err)
	}
	files, err := generate(shared)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../provider", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("provider/%s is stale, run go generate ./provider (-want +got):\n%.2000s", name, diff)
		}
	}
	onDisk, err := filepath.Glob("../../provider/*/*.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range onDisk {
		folder, file := filepath.Base(filepath.Dir(path)), filepath.Base(path)
		if _, ok := files[folder+"/"+file]; !ok && (file == "events.tsv" || file == "maps.tsv") && known(t, folder) {
			t.Errorf("%s is not made by the generator any more", path)
		}
	}
}

func known(t *testing.T, folder string) bool {
	h, err := readHand()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range h.providers {
		if p.folder == folder {
			return true
		}
	}
	return false
}

func TestBuildRange(t *testing.T) {
	tests := []struct {
		first, last string
		from, to    int
	}{
		{"Win7-7600", "W11-26H1", 0, 0},
		{"Win7-7600", "W10-17134", 0, 17762},
		{"1809", "W11-26H1", 17763, 0},
		{"W10-18990", "W10-18990", 18990, 19040},
		{"1803", "W10-17134", 17134, 17762},
	}
	for _, tt := range tests {
		from, to, err := buildRange(tt.first, tt.last)
		if err != nil || from != tt.from || to != tt.to {
			t.Errorf("%s to %s: got %d to %d, %v; want %d to %d", tt.first, tt.last, from, to, err, tt.from, tt.to)
		}
	}
	if _, _, err := buildRange("W11-26H1", "Win7-7600"); err == nil {
		t.Error("a range that runs backwards was accepted")
	}
}

func TestEventName(t *testing.T) {
	for symbol, want := range map[string]string{
		"TcpTcbStateChange": "TcpTcbStateChange", "TcpDataTransferSend1332_V1": "TcpDataTransferSend",
		"UdpEndpointSendMessages_V1": "UdpEndpointSendMessages", "task_01332": "", "": "",
	} {
		if got := eventName(symbol, 1332); got != want {
			t.Errorf("%q: got %q, want %q", symbol, got, want)
		}
	}
}

func TestCheckRefusesUnknownLengths(t *testing.T) {
	p := provider{json: "X"}
	if err := check(p, []variant{{id: 1, fields: []field{{name: "A", in: "bin"}, {name: "B", in: "u8"}}}}); err == nil {
		t.Error("bytes without a length before another field were accepted")
	}
	if err := check(p, []variant{{id: 1, fields: []field{{name: "A", in: "bin", length: "N"}}}}); err == nil {
		t.Error("a length field that does not exist was accepted")
	}
	if err := check(p, []variant{{id: 1, fields: []field{{name: "N", in: "u8"}, {name: "A", in: "bin", length: "N"}}}}); err != nil {
		t.Error(err)
	}
}
