package secrets

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto/tls"
)

// keyLogOf is a key log with so many sessions.
func keyLogOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CLIENT_RANDOM %064x %096x\n", i, 3*i)
	}
	return b.String()
}

func TestShelfFindsAll(t *testing.T) {
	const n = 5000
	var s Store
	if err := s.Read(strings.NewReader(keyLogOf(n)), "dir/a.keys"); err != nil {
		t.Fatal(err)
	}
	if s.Len() != n {
		t.Fatalf("%d secrets", s.Len())
	}
	for i := range n {
		of, want := make([]byte, randomLen), make([]byte, masterLen)
		binary.BigEndian.PutUint64(of[randomLen-8:], uint64(i))
		binary.BigEndian.PutUint64(want[masterLen-8:], uint64(3*i))
		if got := s.Secret(tls.SecretMaster, of); !bytes.Equal(got, want) {
			t.Fatalf("secret %d is %x", i, got)
		}
		if got, want := s.From(tls.SecretMaster, of), fmt.Sprintf("a.keys, line %d", i+1); got != want {
			t.Fatalf("from %q, not %q", got, want)
		}
	}
	if s.Secret(tls.SecretMaster, []byte("another")) != nil || s.From(tls.SecretPremaster, make([]byte, randomLen)) != "" {
		t.Error("what is not there was found")
	}
}

// The last line for a session holds, and says where it is from.
func TestShelfReplaces(t *testing.T) {
	var s Store
	of := make([]byte, randomLen)
	text := keyLogOf(1) + fmt.Sprintf("CLIENT_RANDOM %064x %096x\n", 0, 7)
	if err := s.Read(strings.NewReader(text), "a"); err != nil {
		t.Fatal(err)
	}
	if got := s.Secret(tls.SecretMaster, of); s.Len() != 1 || got[masterLen-1] != 7 || s.From(tls.SecretMaster, of) != "a, line 2" {
		t.Errorf("%d secrets, %x from %q", s.Len(), got, s.From(tls.SecretMaster, of))
	}
}

// A line of a key log is 176 bytes; what is kept of it should not be more.
func TestKeyLogIsSmall(t *testing.T) {
	const n = 100_000
	text := keyLogOf(n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var s Store
	if err := s.Read(strings.NewReader(text), "a"); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
	t.Logf("%d bytes a line", each)
	if each > 176 {
		t.Errorf("%d bytes a line", each)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(text)
}

func BenchmarkKeyLog(b *testing.B) {
	text := keyLogOf(10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var s Store
		if err := s.Read(strings.NewReader(text), "a"); err != nil {
			b.Fatal(err)
		}
	}
}
