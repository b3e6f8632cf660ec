package main

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressAfter is how long work may take before a bar appears.
const progressAfter = time.Second

// A progress shows how much of the sources has been read. The zero value shows nothing.
type progress struct {
	w     io.Writer // nil: silent
	start time.Time
	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	done  map[int]int64
	total map[int]int64
}

// newProgress shows a bar on stderr when that is a terminal and the output does not scroll there too.
func newProgress(stderr io.Writer, show bool) *progress {
	p := &progress{start: time.Now(), done: map[int]int64{}, total: map[int]int64{}}
	if show && terminal(stderr) != nil {
		p.w = stderr
	}
	return p
}

// update is an engine's progress callback; total is -1 when unknown.
func (p *progress) update(source int, done, total int64) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[source], p.total[source] = done, total
	if time.Since(p.start) < progressAfter {
		return
	}
	read, all := p.sums()
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(all, progressbar.OptionSetWriter(p.w), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("reading"), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	if all > 0 {
		p.bar.ChangeMax64(all)
	}
	p.bar.Set64(read)
}

// sums adds up the sources; all is -1 as long as one of them has no known size.
func (p *progress) sums() (read, all int64) {
	for i, n := range p.done {
		read += n
		switch {
		case p.total[i] < 0:
			all = -1
		case all >= 0:
			all += p.total[i]
		}
	}
	return read, all
}

// finish takes the bar off the screen.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
}
