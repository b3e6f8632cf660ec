package main

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSlicesOpen: the slice of the first finding of shared captures is a file that tshark and this program read, with as many packets as were
// written and a comment on each.
func TestSlicesOpen(t *testing.T) {
	need(t, "tshark")
	const enough = 40 // slices
	n := 0
	for _, dir := range []string{"rebuilt", "lab/ssrp", "link", "lab/points", "tcp"} {
		filepath.WalkDir(filepath.Join("..", "..", "..", "shared", "captures", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || n >= enough {
				return nil
			}
			for _, args := range [][]string{{}, {"--scrub"}} {
				out := filepath.Join(t.TempDir(), "slice.pcapng")
				var errs strings.Builder
				if code := run(t.Context(), append([]string{"slice", "--finding", "1", "-w", out, path}, args...), strings.NewReader(""), &errs, &errs); code != exitOK && code != exitDamaged {
					continue // nothing was found, or no trace
				}
				_, told, ok := strings.Cut(errs.String(), "wiretale: finding 1, ")
				var packets int
				if _, counted, _ := strings.Cut(told, ": "); ok {
					if _, err := fmt.Sscanf(counted, "%d packets", &packets); err != nil {
						t.Fatalf("%s: %s", path, errs.String())
					}
				}
				got, err := exec.Command("tshark", "-n", "-r", out, "-T", "fields", "-e", "frame.comment").Output()
				lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n")
				if err != nil || packets > 0 && len(lines) != packets {
					t.Errorf("%s %v: tshark reads %d packets of %d: %v", path, args, len(lines), packets, err)
				}
				for i, line := range lines {
					if packets > 0 && !strings.Contains(line, "frame ") {
						t.Errorf("%s %v: packet %d has the comment %q", path, args, i+1, line)
					}
				}
				var own strings.Builder
				if code := run(t.Context(), []string{"packets", out}, strings.NewReader(""), &own, &errs); code != exitOK || strings.Count(own.String(), "\n") != packets {
					t.Errorf("%s %v: exit code %d, %d packets of %d", path, args, code, strings.Count(own.String(), "\n"), packets)
				}
				n++
			}
			return nil
		})
	}
	if n == 0 {
		t.Skip("the shared captures are not here")
	}
	t.Logf("%d slices", n)
}
