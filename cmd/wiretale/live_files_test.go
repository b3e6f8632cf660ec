package main

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/record"
)

// TestFilesReadWhileWritten: who reads the files of a recording gets every byte of them, in order, whether they are there already or not.
func TestFilesReadWhileWritten(t *testing.T) {
	w := &written{Files: &record.Files{Path: filepath.Join(t.TempDir(), "x.pcapng"), Limits: record.Limits{Time: time.Hour}}}
	var want []byte
	got := make(chan []byte)
	go func() {
		b, err := io.ReadAll(w)
		if err != nil {
			t.Error(err)
		}
		got <- b
	}()
	for file := range 3 {
		out, err := w.Open()
		if err != nil {
			t.Fatal(err)
		}
		for n := range 50 {
			b := bytes.Repeat([]byte{byte(file), byte(n)}, 300)
			want = append(want, b...)
			if _, err := out.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Done(30000); err != nil {
			t.Fatal(err)
		}
	}
	w.end()
	if b := <-got; !bytes.Equal(b, want) {
		t.Errorf("%d bytes, want %d", len(b), len(want))
	}
}

// TestRingReadTooSlowly: of a ring no more is kept for the reader than the ring itself keeps; files are left out whole, and counted.
func TestRingReadTooSlowly(t *testing.T) {
	w := &written{Files: &record.Files{Path: filepath.Join(t.TempDir(), "x.pcapng"), Limits: record.Limits{Time: time.Hour, Files: 2}}}
	for file := range 6 {
		out, err := w.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte{byte('a' + file)}); err != nil {
			t.Fatal(err)
		}
		if err := w.Done(1); err != nil {
			t.Fatal(err)
		}
	}
	w.end()
	b, err := io.ReadAll(w)
	if err != nil || string(b) != "aef" || w.skipped != 3 {
		t.Errorf("got %q, skipped %d, %v", b, w.skipped, err)
	}
}
