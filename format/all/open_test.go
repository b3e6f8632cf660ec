package all_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

// capture is a small pcap file: three packets whose bytes do not compress away.
func capture() []byte {
	b := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00")
	for i := range 3 {
		b = append(b, byte(i), 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 40, 0, 0, 0)
		for j := range 40 {
			b = append(b, byte(i*j*7+j*j))
		}
	}
	return b
}

func count(t *testing.T, path string) (int, error) {
	t.Helper()
	rd, err := all.Open(path, all.Options{})
	if err != nil {
		return 0, err
	}
	defer rd.Close()
	var rec trace.Record
	for n := 0; ; n++ {
		if err := rd.Next(&rec); err != nil {
			return n, err
		}
	}
}

func TestCompressedAndCut(t *testing.T) {
	for name, open := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
		"lz4":  func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) },
	} {
		var b bytes.Buffer
		z := open(&b)
		z.Write(capture())
		z.Close()
		path := filepath.Join(t.TempDir(), "x")
		for cut := b.Len(); cut > b.Len()-4; cut-- {
			os.WriteFile(path, b.Bytes()[:cut], 0o600)
			n, err := count(t, path)
			if cut == b.Len() && (n != 3 || err != io.EOF) {
				t.Errorf("%s: %d records, %v", name, n, err)
			}
			if cut < b.Len() && !errors.Is(err, trace.ErrTruncated) {
				t.Errorf("%s cut at %d of %d: %d records, %v", name, cut, b.Len(), n, err)
			}
		}
	}
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

// TestCutInCompressedHeader: a gzip file that ends before its data says so.
func TestCutInCompressedHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap.gz")
	whole := gzipped(string(capture()))
	for n := 2; n < 12; n++ {
		os.WriteFile(path, []byte(whole[:n]), 0o600)
		if _, err := all.Open(path, all.Options{}); !errors.Is(err, trace.ErrTruncated) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestNotATrace(t *testing.T) {
	dir := t.TempDir()
	for content, looks := range map[string]string{
		"": "an empty file", "PK\x03\x04xxxx": "a ZIP archive", "hello, text\n": "text", "\x00\x01\x02\x03": "binary data",
		"\x89PNG\r\n": "a PNG picture", "%PDF-1.4": "a PDF document", "ElfFile\x00": "a Windows event log", "MSCF\x00": "a Windows cabinet",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an OLE compound file", "\xff\xfeP\x00": "UTF-16 text", strings.Repeat("x", 257) + "ustar": "a tar archive",
		" \n<!doctype HTML>\n": "an HTML page", "<a>": "an XML document",
		"{\"a\": 1}": "JSON", "[]": "JSON", "0000  45 00 00 1c": "a hex dump",
		"\"No.\",\"Time\",\"Source\"": "a packet list", "# c\nCLIENT_RANDOM 00ff 11": "a TLS key log", "-----BEGIN CERTIFICATE": "a PEM key",
		"15:04:05.123456 IP 10.0.0.1.80 > 10.0.0.2.99: Flags [S]":    "what tcpdump printed",
		"2024-01-01 15:04:05.123456 ARP, Request who-has":            "what tcpdump printed",
		"    1   0.000000  10.0.0.1 → 10.0.0.2 TCP 74 80 → 99 [SYN]": "what tshark printed",
		gzipped("hello"):                "gzip compressed, inside text",
		gzipped(gzipped("hello")):       "gzip compressed, inside gzip compressed data",
		gzipped("\x28\xb5\x2f\xfdxxxx"): "gzip compressed, inside zstd compressed data",
	} {
		path := filepath.Join(dir, "f")
		os.WriteFile(path, []byte(content), 0o600)
		_, err := all.Open(path, all.Options{})
		var u *all.UnknownError
		if !errors.Is(err, trace.ErrUnknownFormat) || !errors.As(err, &u) || !strings.HasPrefix(u.Looks, looks) {
			t.Errorf("%q: %v, want %q", content, err, looks)
		} else if u.Hint == "" {
			t.Errorf("%q: no hint", content)
		}
	}
	if _, err := all.Open(dir, all.Options{}); !errors.Is(err, trace.ErrUnknownFormat) {
		t.Errorf("a directory: %v", err)
	}
}
