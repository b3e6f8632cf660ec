package main

import (
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A file that takes a second for each read, and knows what was asked of it.
type slowFile struct {
	mu        sync.Mutex
	size      int64
	now, most int
	read      map[int64]int
	fail      int64
}

func (f *slowFile) ReadAt(b []byte, offset int64) (int, error) {
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.read[offset] = len(b)
	f.mu.Unlock()
	time.Sleep(time.Second)
	f.mu.Lock()
	f.now--
	f.mu.Unlock()
	switch {
	case offset == f.fail:
		return 0, errors.New("no")
	case offset+int64(len(b)) == f.size:
		return len(b), io.EOF
	}
	return len(b), nil
}

func TestAllReadsSoManyAtOnce(t *testing.T) {
	for _, c := range []struct{ readers, most, seconds int }{{1, 1, 10}, {3, 3, 4}, {16, 10, 1}} {
		synctest.Test(t, func(t *testing.T) {
			f := &slowFile{size: 950, read: map[int64]int{}, fail: -1}
			start := time.Now()
			if err := all(f, 950, 100, c.readers); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			if f.most != c.most || took != time.Duration(c.seconds)*time.Second || len(f.read) != 10 || f.read[900] != 50 {
				t.Errorf("%d readers: %d at once, %v, %v", c.readers, f.most, took, f.read)
			}
			f.fail = 300
			if err := all(f, 950, 100, c.readers); err == nil {
				t.Error("a read failed and nobody said so")
			}
		})
	}
}
