package main

import (
	"context"
	"io"
	"os"
	"time"
)

// A tail is a file that grows: its end is not the end. It ends where another file has its name, or where it was cut:
// whoever writes has begun another capture then.
type tail struct {
	ctx  context.Context
	path string
	file *os.File
	read int64
	anew bool // it has ended because another capture begins
}

// tailing is how often a file is looked at that does not grow.
const tailing = 200 * time.Millisecond

// Read implements io.Reader; it ends with the context.
func (t *tail) Read(p []byte) (int, error) {
	for last := false; ; {
		n, err := t.file.Read(p)
		t.read += int64(n)
		if n > 0 || err != io.EOF {
			return n, err
		}
		if last || t.isCut() {
			t.anew = true
			return 0, io.EOF
		}
		if last = t.isReplaced(); last { // once more: what was written before that
			continue
		}
		select {
		case <-time.After(tailing):
		case <-t.ctx.Done():
			return 0, io.EOF
		}
	}
}

// isCut reports whether the file is shorter than what was read of it.
func (t *tail) isCut() bool {
	st, err := t.file.Stat()
	return err == nil && st.Size() < t.read
}

// isReplaced reports whether another file has the name. Where none has, the one that is open may still grow.
func (t *tail) isReplaced() bool {
	mine, err := t.file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(t.path)
	return err == nil && !os.SameFile(mine, now)
}

// reopen goes over to what has the name now, from its beginning.
func (t *tail) reopen() error {
	file, err := os.Open(t.path)
	if err != nil {
		return err
	}
	t.file.Close()
	t.file, t.read, t.anew = file, 0, false
	return nil
}

func (t *tail) close() error {
	t.file.Close()
	return nil
}
