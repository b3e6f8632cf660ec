package main

import (
	"crypto/sha256"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestObjectsAreTsharks: files have the names and the content that tshark gives them.
func TestObjectsAreTsharks(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	if _, err := os.Stat(captures); err != nil {
		t.Skipf("needs the shared captures: %v", err)
	}
	for _, file := range []string{"app/zeek_100-continue.pcap", "app/zeek_http_proxy.pcap", "app/pcpp_four_ipv6_http_streams.pcap", "smb2/zeek_smb2readwrite.pcap", "smb2/suri_smb2-delete.pcap"} {
		path := filepath.Join(captures, file)
		theirs, ours := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
		exec.Command(tshark, "-n", "-q", "-r", path, "--export-objects", "http,"+theirs, "--export-objects", "smb,"+theirs).Run()
		if code := run(t.Context(), []string{"export", "objects", "-q", path, "-o", ours}, nil, io.Discard, io.Discard); code != exitOK {
			t.Errorf("%s: exit code %d", file, code)
		}
		want, got := filesIn(t, theirs), filesIn(t, ours)
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%s: %d objects, tshark has %d", file, len(got), len(want))
		}
		for name, sum := range want {
			if got[name] != sum {
				t.Errorf("%s: %s is another file, or missing", file, name)
			}
		}
	}
}

// filesIn are the files of a directory with what is in them.
func filesIn(t *testing.T, dir string) map[string][32]byte {
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][32]byte{}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = sha256.Sum256(b)
	}
	return all
}
