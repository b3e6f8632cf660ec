package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
)

// filters are the searches of filters, those that were asked for last.
type filters struct {
	mu   sync.Mutex
	list []*search     // that asked for last at the end
	slot chan struct{} // one search at a time: each takes all processors
}

const (
	// maxSearches bounds the results that are kept, and maxSearchBytes their memory.
	maxSearches    = 32
	maxSearchBytes = 32 << 20
	// patience is how long Rows waits for rows that a search has not found yet.
	patience = 100 * time.Millisecond
	// forgotten is how long nobody has asked for a search that makes room for others.
	forgotten = 3 * time.Second
)

// A search is a filter with the places of the list that pass it.
type search struct {
	x      *Index
	filter *filter.Filter
	cancel context.CancelFunc

	mu      sync.Mutex
	changed chan struct{} // closed when there is more
	set     bitset        // by place
	done    bool
	err     error
	waiting int // calls of wait
	asked   time.Time
}

// Check says whether a filter is one: the error is a *filter.Error.
func (x *Index) Check(text string) error {
	_, err := filter.Compile(text, filter.Options{Location: x.opt.Location})
	return err
}

// search finds the search of a filter, or begins it.
func (x *Index) search(text string) (*search, error) {
	fs := &x.filters
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if i := slices.IndexFunc(fs.list, func(s *search) bool { return s.filter.String() == text }); i >= 0 {
		s := fs.list[i]
		fs.list = append(slices.Delete(fs.list, i, i+1), s)
		if s.ask() {
			return s, nil
		}
		fs.list = fs.list[:len(fs.list)-1]
	}
	f, err := filter.Compile(text, filter.Options{Location: x.opt.Location})
	if err != nil {
		return nil, err
	}
	if x.closing.Err() != nil {
		return nil, errEnd
	}
	if fs.slot == nil {
		fs.slot = make(chan struct{}, 1)
	}
	for _, old := range fs.list {
		old.giveWay()
	}
	fs.trim()
	ctx, cancel := context.WithCancel(x.closing)
	s := &search{x: x, filter: f, cancel: cancel, changed: make(chan struct{}), asked: time.Now()}
	fs.list = append(fs.list, s)
	x.passes.Go(func() { s.run(ctx, fs.slot) })
	return s, nil
}

// trim forgets results that were not asked for for longest.
func (fs *filters) trim() {
	bytes := 0
	for i := len(fs.list) - 1; i >= 0; i-- {
		n, done := fs.list[i].size()
		if bytes += n; done && (len(fs.list)-i >= maxSearches || bytes > maxSearchBytes) {
			fs.list = slices.Delete(fs.list, i, i+1)
		}
	}
}

// ask notes that somebody wants the result; false when there will be none, because it was cancelled.
func (s *search) ask() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = time.Now()
	return !errors.Is(s.err, context.Canceled)
}

// giveWay ends a search that nobody asks for any more.
func (s *search) giveWay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done && s.waiting == 0 && time.Since(s.asked) > forgotten {
		s.cancel()
	}
}

func (s *search) size() (bytes int, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.size(), s.done
}

// run tests all records, when the index is built and no other search runs.
func (s *search) run(ctx context.Context, slot chan struct{}) {
	err := s.queue(ctx, slot)
	if err == nil {
		err = s.pass(ctx)
		<-slot
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := s.x.Total()
	s.set.extend(n)
	s.done, s.err = true, err
	close(s.changed)
}

func (s *search) queue(ctx context.Context, slot chan struct{}) error {
	select {
	case <-s.x.built:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.x.mu.RLock()
	defer s.x.mu.RUnlock()
	if s.x.err != nil {
		<-slot
		return s.x.err
	}
	return nil
}

// pass tests the records of all sources. Sources are searched one after another, in lanes, unless the filter depends on their order or on the case.
func (s *search) pass(ctx context.Context) error {
	x, f := s.x, s.filter
	opt := x.opt.Engine
	opt.Rules = []*diag.Rule{} // nobody looks at findings
	opt.Progress = nil
	if !f.Applications() {
		opt.Applications = nil
	}
	if f.Final() {
		x.mu.RLock()
		owners := x.owners
		x.mu.RUnlock()
		if owners == nil {
			return errors.New("the filter names what only the analysis tells, and that is not done")
		}
		opt.Case = owners.c
	}
	if len(x.sources) == 1 {
		return s.over(ctx, x.sources, opt, !f.Ordered(), func(row *engine.Row) error { return s.found(x.sources[0], row) })
	}
	if f.Ordered() || f.Final() {
		return s.over(ctx, x.sources, opt, false, func(row *engine.Row) error { return s.found(x.sources[row.Source], row) })
	}
	sets := make([]bitset, len(x.sources))
	for i, src := range x.sources {
		err := s.over(ctx, x.sources[i:i+1], opt, true, func(row *engine.Row) error {
			if at, ok := x.find(src, row.Record.Pos.Number); ok && row.Record.Numbered {
				sets[i].extend(at)
				sets[i].append(true)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.join(sets)
	return nil
}

// over makes one pass. Apart says that rows may be tested out of order.
func (s *search) over(ctx context.Context, sources []*source, opt engine.Options, apart bool, visit func(*engine.Row) error) error {
	paths, opt := s.x.again(opt, sources...)
	run, err := engine.Open(ctx, paths, opt)
	if err != nil {
		return err
	}
	defer run.Close()
	if !apart {
		m := s.filter.Matcher()
		return run.Each(func(row *engine.Row) error {
			if !m.Match(row) {
				return nil
			}
			return visit(row)
		})
	}
	sel := engine.Selection{Match: func() func(*engine.Row) bool { return s.filter.Matcher().Match }, Visit: visit, Skip: func(int64) {}}
	if pair := s.filter.Pair(); pair != nil {
		sel.Pair = func() func(*engine.Row) bool { return pair.Matcher().Match }
	}
	return run.Select(sel)
}

// found adds a row of a source, in the order of the list.
func (s *search) found(src *source, row *engine.Row) error {
	if !row.Record.Numbered {
		return nil
	}
	x := s.x
	x.mu.RLock()
	at, ok := src.find(row.Record.Pos.Number)
	if ok && len(x.sources) > 1 {
		at = x.place(src, at)
	}
	x.mu.RUnlock()
	if !ok {
		return fmt.Errorf("record %d of %s was not there before: the file has changed", row.Record.Pos.Number, x.paths[src.index])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at < s.set.n {
		return nil
	}
	s.set.extend(at)
	s.set.append(true)
	if s.set.count&(s.set.count-1) == 0 || s.set.count%1024 == 0 { // whoever waits for a page looks again
		close(s.changed)
		s.changed = make(chan struct{})
	}
	return nil
}

// join makes the set of the list from those of the sources.
func (s *search) join(sets []bitset) {
	s.x.mu.RLock()
	defer s.x.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	at := make([]int, len(sets))
	for _, k := range s.x.order.of {
		s.set.append(sets[k].has(at[k]))
		at[k]++
	}
}

// wait waits a moment until n rows are known, or all.
func (s *search) wait(ctx context.Context, n int) (total int, complete bool, err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting++
	defer func() { s.waiting-- }()
	for {
		if s.done && s.err != nil {
			return 0, false, s.err
		}
		if s.done || s.set.count >= n {
			return s.set.count, s.done, nil
		}
		changed := s.changed
		s.mu.Unlock()
		late := false
		select {
		case <-changed:
		case <-timer.C:
			late = true
		case <-ctx.Done():
		}
		s.mu.Lock()
		s.asked = time.Now()
		if err := ctx.Err(); err != nil {
			if s.waiting == 1 && !s.done {
				s.cancel()
			}
			return 0, false, err
		}
		if late {
			return s.set.count, s.done, nil
		}
	}
}

// places are those of the rows from offset on.
func (s *search) places(offset, limit int) (list []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offset >= s.set.count {
		return nil
	}
	for at := s.set.find(offset); at < s.set.n && len(list) < limit; at++ {
		if word := s.set.words[at/64] >> (at % 64); word == 0 {
			at |= 63
		} else if word&1 != 0 {
			list = append(list, at)
		}
	}
	return list
}
