package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/fixture"
)

// TestFileBegunAnew: live goes on with the capture that has the name of the one before, or was written over it, and says so. What it
// was told of each is there; half a record at the end of the one before is no end.
func TestFileBegunAnew(t *testing.T) {
	capture := func(server, name string) string {
		path, err := fixture.File(t.TempDir(), name, `
0.000 packet 0 out 10.0.0.1:50000 > `+server+`:445 S seq=100 mss=1460 ws=8
3.000 packet 0 out 10.0.0.1:50000 > `+server+`:445 S seq=100 mss=1460 ws=8
9.000 packet 0 out 10.0.0.1:50000 > `+server+`:445 S seq=100 mss=1460 ws=8
`)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, how := range []string{"renamed", "cut", "cut in a record"} {
		t.Run(how, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "growing.pcap")
			first, second := capture("10.0.0.2", "a.pcap"), capture("10.0.0.3", "b.pcapng")
			b, err := os.ReadFile(first)
			if err != nil {
				t.Fatal(err)
			}
			if how == "cut in a record" {
				b = append(b, b[24:60]...)
			}
			write(t, path, b)
			var out, errs spoken
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan int)
			go func() { ended <- run(ctx, []string{"live", path}, nil, &out, &errs) }()
			defer func() { stop(); <-ended }()
			out.await(t, "10.0.0.2:445 answers none")
			after, err := os.ReadFile(second)
			if err != nil {
				t.Fatal(err)
			}
			if how == "renamed" {
				write(t, path+".new", after)
				if err := os.Rename(path+".new", path); err != nil {
					t.Skipf("a file that is open cannot be replaced here: %v", err)
				}
			} else {
				if err := os.Truncate(path, 0); err != nil {
					t.Fatal(err)
				}
				errs.await(t, "begins anew")
				write(t, path, after)
			}
			out.await(t, "10.0.0.3:445 answers none")
			errs.await(t, path+" begins anew")
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoken is what a program says, which may be looked at while it speaks.
type spoken struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// await waits until it has said something.
func (s *spoken) await(t *testing.T, what string) {
	t.Helper()
	for deadline := time.Now().Add(50 * time.Second); !strings.Contains(s.String(), what); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not say %q: %s", what, s.String())
		}
	}
}
