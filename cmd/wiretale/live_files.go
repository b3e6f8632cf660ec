package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/record"
)

// beside tells findings of the files of a recording while they are written. heard gets each one that is told. done
// waits until all that was recorded is looked at, and gives the error of looking.
func (a *app) beside(files *record.Files, format string, heard func(*engine.Told)) (out record.Output, done func() error) {
	w := &written{Files: files}
	l := newListener(a, &liveFlags{format: format}, files.Path)
	l.heard = heard
	ended := make(chan error, 1)
	go func() {
		_, err := l.follow(context.Background(), w, engine.FollowOptions{}) // what comes ends with the recording
		ended <- err
	}()
	return w, func() error {
		w.end()
		err := <-ended
		if w.skipped > 0 && !a.quiet {
			fmt.Fprintf(a.stderr, "wiretale: %d files were not looked at: they were written faster than that\n", w.skipped)
		}
		return err
	}
}

// A written is the files of a recording, read one after another while they are written. What is not read yet lies in them, so
// a reader never holds up the recording.
type written struct {
	*record.Files

	mu      sync.Mutex
	parts   []*part // those that are not read to their ends, the oldest first
	ended   bool
	skipped int // files
}

type part struct {
	*os.File
	whole bool // nothing is added any more
}

// Open implements record.Output.
func (w *written) Open() (io.Writer, error) {
	out, err := w.Files.Open()
	if err != nil {
		return nil, err
	}
	paths := w.Files.Paths()
	path := paths[len(paths)-1]
	if file, ok := out.(*os.File); ok {
		if st, err := file.Stat(); err != nil || !st.Mode().IsRegular() {
			return nil, errors.Join(fmt.Errorf("%s: findings are told of a file, and this is none", path), err, file.Close())
		}
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts = append(w.parts, &part{File: in})
	// A ring takes no more room than it may, and as much again for what it has removed and nobody has read.
	for most := w.Limits.Files; most > 0 && len(w.parts) > most+1; w.skipped++ {
		w.parts[1].Close()
		w.parts = append(w.parts[:1], w.parts[2:]...)
	}
	return out, nil
}

// Done implements record.Output.
func (w *written) Done(whole int64) error {
	err := w.Files.Done(whole)
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.parts); n > 0 {
		w.parts[n-1].whole = true
	}
	return err
}

// end says that there is no further file.
func (w *written) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// Read implements io.Reader. It waits for what is written, and ends with the recording.
func (w *written) Read(p []byte) (int, error) {
	for ; ; time.Sleep(tailing / 4) {
		for {
			w.mu.Lock()
			if len(w.parts) == 0 {
				ended := w.ended
				w.mu.Unlock()
				if ended {
					return 0, io.EOF
				}
				break
			}
			now := w.parts[0]
			whole := now.whole || w.ended
			w.mu.Unlock()
			if n, err := now.Read(p); n > 0 || err != io.EOF {
				return n, err
			}
			if !whole {
				break
			}
			w.mu.Lock()
			w.parts = w.parts[1:]
			w.mu.Unlock()
			now.Close()
		}
	}
}
