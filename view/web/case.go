package web

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/trace"

	"github.com/wiretale/wiretale/view/api"
)

// A File is one of the files of a case.
type File struct {
	Name     string `json:"name" doc:"of the file, without its folder"`
	Bytes    int64  `json:"bytes" doc:"its size"`
	Uploaded bool   `json:"uploaded" doc:"it is a copy in the server's temporary folder, and goes with the case"`

	path   string // where it is
	source string // what it is called in results
}

// Stages of a case.
const (
	Reading   = "reading"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// A State is what is known of a case at a moment.
type State struct {
	ID          string `json:"id" doc:"names the case in addresses"`
	Name        string `json:"name" doc:"of the case: those of its files"`
	Files       []File `json:"files" doc:"what is analysed together"`
	State       string `json:"state" doc:"reading, done, failed, cancelled"`
	Read        int64  `json:"read" doc:"bytes that were read"`
	Bytes       int64  `json:"bytes" doc:"bytes in all; 0 when that is not known, as of compressed files"`
	Records     int64  `json:"records" doc:"records that are known so far"`
	Indexed     bool   `json:"indexed" doc:"the list of records is complete"`
	Error       string `json:"error" doc:"why it failed, else empty"`
	Suggestion  string `json:"suggestion,omitempty" doc:"what to do about it"`
	Preliminary bool   `json:"preliminary" doc:"what is shown is from a part of the files"`
	Revision    int    `json:"revision" doc:"grows when there is something else to show; 0: nothing yet"`
}

// A Case is files that are analysed together. Its analysis runs by itself, from the moment it is made.
type Case struct {
	id     string
	server *Server
	folder string // of what is uploaded, and of what the index keeps there
	files  []File

	life context.Context // until it is closed
	end  context.CancelFunc
	work context.Context // until it is cancelled
	stop context.CancelFunc
	busy sync.WaitGroup // who uses the files

	mu      sync.Mutex
	state   State
	pages   *api.Analysis // what answers questions, nil as long as nothing is known
	index   *index.Index  // of all records, nil as long as they are not read for it
	read    map[int]progress
	changed chan struct{} // closed at the next change
}

type progress struct{ done, total int64 }

// newCase makes a case; nothing runs yet.
func newCase(s *Server, id string, files []File, folder string) *Case {
	c := &Case{id: id, server: s, folder: folder, files: files, read: map[int]progress{}, changed: make(chan struct{})}
	c.life, c.end = context.WithCancel(s.cases.ctx)
	c.work, c.stop = context.WithCancel(c.life)
	var names []string
	for i := range files {
		if st, err := os.Stat(files[i].path); err == nil && st.Mode().IsRegular() {
			files[i].Bytes = st.Size()
		}
		names = append(names, files[i].Name)
	}
	c.state = State{ID: id, Name: strings.Join(names, ", "), Files: files, State: Reading}
	return c
}

// State is a copy of what is known.
func (c *Case) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// watch is the state, and a channel that is closed when it has changed.
func (c *Case) watch() (State, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state, c.changed
}

// change changes the state and tells those who watch.
func (c *Case) change(how func(*State)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	how(&c.state)
	close(c.changed)
	c.changed = make(chan struct{})
}

// current is what answers questions, nil as long as nothing does.
func (c *Case) current() *api.Analysis {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages
}

// list is the list of records, nil as long as there is none.
func (c *Case) list() *index.Index {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.index
}

// cancel ends what runs at once: what is known stays.
func (c *Case) cancel() {
	c.change(func(s *State) {
		if s.State == Reading || s.State == Done && !s.Indexed {
			s.State = Cancelled
		}
	})
	c.stop()
}

// A firstLook is at the beginning of each file, when one is larger than large: findings are there after a moment.
type firstLook struct{ large, bytes int64 }

var usualLook = firstLook{large: 128 << 20, bytes: 32 << 20}

// run analyses the files:
//
//  1. when one is large, the beginning of each, which is shown until
//  2. all of them are read, and with them the list of records is made;
//  3. what the list needs beyond that is read, as of events.
func (c *Case) run() {
	defer c.stop()
	paths, opt := c.sources()
	if c.large() {
		early := opt
		early.Prefix, early.Progress = c.server.first.bytes, nil
		if found, err := c.server.analyse(c.work, paths, early); err == nil {
			c.publish(found, paths, opt, nil)
		}
	}
	x := c.newIndex(paths, opt)
	found, err := c.server.analyse(c.work, paths, x.Beside(opt))
	switch {
	case c.work.Err() != nil:
		if c.life.Err() == nil && found != nil {
			c.publish(found, paths, opt, nil)
		}
		x.Build(c.work) // those who wait for a filter learn that it will not be searched
		return
	case err != nil:
		c.fail(err)
		c.stop()
		x.Build(c.work)
		return
	}
	x.SetCase(found)
	c.publish(found, paths, opt, x)
	c.change(func(s *State) {
		if s.State == Reading {
			s.State, s.Read = Done, max(s.Read, s.Bytes)
		}
	})
	if err := x.Build(c.work); err != nil {
		if c.work.Err() == nil {
			c.fail(err)
		}
		return
	}
	n, _ := x.Total()
	c.change(func(s *State) { s.Indexed, s.Records = true, int64(n) })
}

// newIndex begins the list of records. What it needs of room on the disk is in the case's folder.
func (c *Case) newIndex(paths []string, opt engine.Options) *index.Index {
	opt.Progress = nil
	x := index.New(paths, index.Options{Engine: opt, Words: words, Location: c.server.opt.Location, TempDir: c.folder})
	c.change(func(*State) { c.index = x })
	return x
}

// sources are the paths of the case's sources, and the options to read them with.
func (c *Case) sources() ([]string, engine.Options) {
	opt := c.server.opt.Engine
	opt.Called = map[string]string{}
	var paths []string
	for i := range c.files {
		f := &c.files[i]
		for _, p := range engine.Points([]string{f.path}) {
			paths = append(paths, p)
			opt.Called[p] = f.source + strings.TrimPrefix(p, f.path)
		}
	}
	opt.Points, opt.Matches = true, len(paths) > 1
	opt.Progress = c.progress
	return paths, opt
}

func (c *Case) large() bool {
	for i := range c.files {
		if c.files[i].Bytes > c.server.first.large {
			return true
		}
	}
	return false
}

// publish shows what was found: preliminary without an index, in which what is known of a conversation is found again.
func (c *Case) publish(found *engine.Case, paths []string, opt engine.Options, x *index.Index) {
	opt.Progress = nil
	pages := &api.Analysis{Case: found, Paths: paths, Options: opt, Location: c.server.opt.Location}
	preliminary := x == nil
	if !preliminary {
		pages.Narrow = x.Narrow
	}
	c.change(func(s *State) {
		c.pages = pages
		s.Preliminary = preliminary
		s.Revision++
		if !preliminary {
			s.Records = 0
			for _, src := range found.Sources {
				s.Records += src.Records
			}
		}
	})
}

// progress notes how far a source is read. The engine calls it from one goroutine at a time.
func (c *Case) progress(source int, done, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read[source] = progress{done, total}
	read, all := int64(0), int64(0)
	for _, p := range c.read {
		read += p.done
		if p.total < 0 || all < 0 {
			all = -1
			continue
		}
		all += p.total
	}
	if len(c.read) < len(c.files) { // those that are still to be read
		for i := len(c.read); i < len(c.files) && all >= 0; i++ {
			all += c.files[i].Bytes
		}
	}
	c.state.Read, c.state.Bytes = read, max(all, 0)
	if c.index != nil {
		n, _ := c.index.Total()
		c.state.Records = max(c.state.Records, int64(n))
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// fail says why the files cannot be analysed: as the command line does, by the names that the user knows.
func (c *Case) fail(err error) {
	message, hint := err.Error(), ""
	var unknown *formats.UnknownError
	var bad *trace.Error
	var path *fs.PathError
	switch {
	case errors.As(err, &unknown):
		hint = unknown.Hint
	case errors.As(err, &bad):
	case errors.As(err, &path):
		message = path.Path + ": " + path.Err.Error()
	default:
		c.server.log.Printf("case %s: %v", c.id, err)
	}
	c.change(func(s *State) { s.State, s.Error, s.Suggestion = Failed, message, hint })
}

// leaving is how long closing a case waits for what used its files.
const leaving = 5 * time.Second

// close ends the case and removes what was uploaded for it.
func (c *Case) close() {
	c.end()
	c.remove() // where open files can be removed
	ended := make(chan struct{})
	go func() {
		c.busy.Wait()
		if x := c.list(); x != nil {
			x.Close()
		}
		c.remove()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(leaving):
	}
}

func (c *Case) remove() {
	if c.folder != "" {
		os.RemoveAll(c.folder)
	}
}
