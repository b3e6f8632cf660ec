package xpress_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/xca"
	"github.com/wiretale/wiretale/internal/xca/xpress"
)

// What wimlib compresses as XPRESS, which is LZ77 with Huffman coding, comes back.
func TestHuffmanOfWimlib(t *testing.T) {
	tool, err := exec.LookPath("wimlib-imagex")
	if err != nil {
		t.Skip("wimlib-imagex (Debian: wimtools) is not installed: ", err)
	}
	files := xca.Samples()
	for _, name := range []string{"huffman.go", "wim_test.go", "/bin/sh"} { // text and machine code
		if b, err := os.ReadFile(name); err == nil {
			files = append(files, xca.Sample{Name: filepath.Base(name), Data: b})
		}
	}
	for _, chunk := range []string{"4096", "32768", "65536"} {
		t.Run(chunk, func(t *testing.T) {
			dir := t.TempDir()
			from, wim := filepath.Join(dir, "in"), filepath.Join(dir, "out.wim")
			if err := os.Mkdir(from, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if err := os.WriteFile(filepath.Join(from, f.Name), f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.Command(tool, "capture", from, wim, "--compress=XPRESS:100", "--chunk-size="+chunk, "--no-acls", "--threads=1").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			b, err := os.ReadFile(wim)
			if err != nil {
				t.Fatal(err)
			}
			checkWIM(t, b, files)
		})
	}
}

// checkWIM decompresses every compressed resource of a WIM file and looks for each file among them.
func checkWIM(t *testing.T, b []byte, files []xca.Sample) {
	le := binary.LittleEndian
	chunkSize := int(le.Uint32(b[20:]))
	table := resource(b[48:]) // of the lookup table, which is never compressed
	found, packed := map[string]bool{}, 0
	for e := b[table.at : table.at+table.size]; len(e) >= 50; e = e[50:] { // entries: resource, part, references, SHA-1
		r := resource(e)
		data := b[r.at : r.at+r.size]
		if r.compressed {
			var chunks int
			data, chunks = unpack(t, data, r.original, chunkSize)
			packed += chunks
		}
		for _, f := range files {
			if bytes.Equal(data, f.Data) {
				found[f.Name] = true
			}
		}
	}
	if packed == 0 {
		t.Error("no chunk is compressed: the test does not test")
	}
	t.Logf("%d compressed chunks", packed)
	for _, f := range files {
		if !found[f.Name] {
			t.Errorf("%s is not among what was decompressed", f.Name)
		}
	}
}

// wimResource is a RESHDR_DISK_SHORT: 56 bits of size, 8 of flags, 64 of place, 64 of original size.
type wimResource struct {
	at, size, original int
	compressed         bool
}

func resource(b []byte) wimResource {
	le := binary.LittleEndian
	word := le.Uint64(b)
	return wimResource{
		size: int(word & (1<<56 - 1)), compressed: word>>56&4 != 0, at: int(le.Uint64(b[8:])), original: int(le.Uint64(b[16:])),
	}
}

// unpack decompresses a resource: 32-bit places of all chunks but the first, then the chunks. One as long as what it holds is stored.
func unpack(t *testing.T, b []byte, size, chunkSize int) (out []byte, packed int) {
	n := (size + chunkSize - 1) / chunkSize
	body := b[4*(n-1):]
	for i := range n {
		from, to := 0, len(body)
		if i > 0 {
			from = int(binary.LittleEndian.Uint32(b[4*(i-1):]))
		}
		if i < n-1 {
			to = int(binary.LittleEndian.Uint32(b[4*i:]))
		}
		want := min(chunkSize, size-i*chunkSize)
		if to-from == want {
			out = append(out, body[from:to]...)
			continue
		}
		got, err := xpress.Huffman(nil, body[from:to], want)
		if err != nil {
			t.Errorf("chunk %d: %d bytes of %d: %v", i, len(got), want, err)
		}
		out = append(out, got...)
		packed++
	}
	return out, packed
}
