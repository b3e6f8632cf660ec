package lznt1

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/xca"
)

const (
	cluster = 4096
	unit    = 16 // clusters that NTFS compresses together
)

// What NTFS-3G compresses, which is LZNT1, comes back: files are copied into
// the image of a compressed volume, and the clusters that it used are read raw.
func TestNTFS(t *testing.T) {
	image := filepath.Join(t.TempDir(), "volume")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	run(t, "mkntfs", "-F", "-C", "-q", "-c", fmt.Sprint(cluster), image)
	files := xca.Samples()
	if b, err := os.ReadFile("/bin/sh"); err == nil {
		files = append(files, xca.Sample{Name: "machine code", Data: b})
	}
	compressed := 0
	for i, f := range files {
		if len(f.Data) < cluster { // lies in the file's own record, not compressed
			continue
		}
		name := fmt.Sprint("f", i)
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "ntfscp", image, path, name)
		compressed += checkUnits(t, f, image, run(t, "ntfsinfo", "-v", "-F", name, image))
	}
	if compressed < 10 {
		t.Errorf("%d compressed units: the test does not test", compressed)
	}
	t.Logf("%d compressed units", compressed)
}

func run(t *testing.T, name string, arg ...string) string {
	t.Helper()
	tool, err := exec.LookPath(name)
	if err != nil {
		if tool, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Skipf("%s (Debian: ntfs-3g) is not installed: %v", name, err)
		}
	}
	out, err := exec.Command(tool, arg...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// checkUnits reads the units of a file by the runs that ntfsinfo lists, and returns how many are compressed.
func checkUnits(t *testing.T, f xca.Sample, image, listing string) (compressed int) {
	places := clusters(listing)
	volume, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer volume.Close()
	for at := 0; at < len(f.Data); at += unit * cluster {
		want := f.Data[at:min(at+unit*cluster, len(f.Data))]
		var raw []byte
		for i := range unit {
			if lcn, ok := places[at/cluster+i]; ok {
				b := make([]byte, cluster)
				if _, err := volume.ReadAt(b, lcn*cluster); err != nil {
					t.Fatal(err)
				}
				raw = append(raw, b...)
			}
		}
		switch len(raw) {
		case 0: // a hole: zeros
			raw = make([]byte, len(want))
		case unit * cluster:
		default:
			compressed++
			if raw, err = Decompress(nil, raw, len(want)); err != nil {
				t.Errorf("%s at byte %d: %v", f.Name, at, err)
			}
		}
		if !bytes.Equal(raw[:min(len(want), len(raw))], want) {
			t.Errorf("%s at byte %d: what was read differs", f.Name, at)
		}
	}
	return compressed
}

// clusters is where each cluster of the file's data lies: the last list of runs, lines of VCN, LCN and length in hexadecimal.
func clusters(listing string) map[int]int64 {
	places := map[int]int64{}
	_, runs, _ := strings.Cut(listing, "Dumping attribute $DATA")
	for line := range strings.Lines(runs) {
		var vcn, n int
		var lcn int64
		if c, _ := fmt.Sscanf(strings.TrimSpace(line), "0x%x 0x%x 0x%x", &vcn, &lcn, &n); c == 3 {
			for i := range n {
				places[vcn+i] = lcn + int64(i)
			}
		}
	}
	return places
}
