// Package index gives random access to the records of a case: the rows of the
// list in order of time over all sources, those that pass a display filter,
// and all that is known of one record.
//
// It keeps some ten bytes a record. What the row of a record says follows from
// its bytes and from what the packets before it said. Most rows are made anew
// from the bytes, which are read again, and from a few numbers of their
// conversation (see stance). Rows that depend on more (messages of
// applications, verdicts of the analysis of TCP, fragments, events) are made
// while the index is built and kept, compressed, in a private temporary file.
package index

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// Words are what a list says of a record.
type Words struct {
	Source, Destination, Protocol, Info string
	Length                              int    // bytes on the wire, of the payload for events
	Mark                                string // class for colour and sign, "" for the usual
}

// Options of an index.
type Options struct {
	// Engine are the options of every pass: LengthAsSent, KeepDuplicates, DecodeAs, Secrets, Clock, Workers, Progress and Case are used. With
	// Case, the result of an analysis of the same paths, rows have the owners that it found.
	Engine engine.Options
	// OneClock puts the records of several capture points in order by the one clock that the analysis found (see SetCase), as timeline does, instead of
	// by their own clocks, as packets does. Rows keep their own times.
	OneClock bool
	// Words says what the list shows of a row; it is called by several goroutines.
	Words func(row *engine.Row) Words
	// Location is the time zone of filters; UTC when nil.
	Location *time.Location
	// TempDir is the folder of temporary files, "" for that of the system.
	TempDir string
}

// An Index is random access to the records of some sources. Its methods may be
// called by several goroutines, also while it is built.
type Index struct {
	paths []string
	opt   Options
	worth worth

	mu       sync.RWMutex // guards what follows
	sources  []*source
	order    order
	complete bool
	owners   *owners // of Case, nil without one
	err      error   // of Build

	built    chan struct{} // closed when Build has ended
	filters  filters
	closing  context.Context
	close    context.CancelFunc
	passes   sync.WaitGroup // filters that run
	readers  readers
	isClosed bool
}

// New prepares an index over the same paths that an analysis has. Build fills it.
func New(paths []string, opt Options) *Index {
	x := &Index{paths: paths, opt: opt, worth: usually, built: make(chan struct{})}
	x.closing, x.close = context.WithCancel(context.Background())
	x.opt.Engine.Applications, x.opt.Engine.Requests, x.opt.Engine.Points = choiceOf(&opt.Engine), false, false
	x.opt.Engine.Case = nil
	for i := range paths {
		x.sources = append(x.sources, newSource(i))
	}
	if opt.Engine.Case != nil {
		x.SetCase(opt.Engine.Case)
	}
	return x
}

// choiceOf is the choice of applications that rows are shown with.
func choiceOf(opt *engine.Options) *stream.Choice {
	if opt.Applications != nil {
		return opt.Applications
	}
	return stream.NewChoice(opt.DecodeAs)
}

// Build reads the sources and fills the index. It is called once. Rows of a
// single source can be asked for meanwhile, those of several when all are read.
// A source that ends early is indexed as far as it goes; an error is returned when one cannot be opened, or ctx is done.
func (x *Index) Build(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(x.closing, stop)()
	err := x.build(ctx)
	x.mu.Lock()
	x.complete, x.err = err == nil, err
	x.mu.Unlock()
	close(x.built)
	return err
}

func (x *Index) build(ctx context.Context) error {
	for _, s := range x.sources {
		if err := x.read(ctx, s); err != nil {
			return err
		}
	}
	if len(x.sources) > 1 {
		o := x.merge()
		x.mu.Lock()
		x.order = o
		x.mu.Unlock()
	}
	return nil
}

// Total is how many rows there are so far; complete says that there are no more.
func (x *Index) Total() (n int, complete bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.total(), x.complete
}

// total is how many rows can be asked for. The lock is held.
func (x *Index) total() int {
	if len(x.sources) == 1 {
		return x.sources[0].n
	}
	return x.order.n
}

// SetCase gives the index the result of the analysis, before Build: rows that are asked for from then on have their owners.
func (x *Index) SetCase(c *engine.Case) {
	o := ownersOf(c)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.owners = o
	if x.opt.OneClock && c.Points != nil {
		x.opt.Engine.Clock = oneClock(c.Points, len(x.paths))
	}
}

// oneClock is the time of records on the clock that all points have.
func oneClock(points *point.Result, sources int) func(*trace.Record) int64 {
	bases := make([]*point.Timebase, sources)
	for i := range bases {
		bases[i] = points.Clock(i)
	}
	return func(rec *trace.Record) int64 {
		if rec.Time == trace.NoTime {
			return trace.NoTime
		}
		at, _ := bases[rec.Pos.Source].At(rec.Pos.Number, rec.Time)
		return at
	}
}

// Close cancels what runs, and removes temporary files. Nothing is to be asked afterwards.
func (x *Index) Close() error {
	x.close()
	x.passes.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.isClosed {
		return nil
	}
	x.isClosed = true
	errs := []error{x.readers.close()}
	for _, s := range x.sources {
		errs = append(errs, s.told.close(), s.spool.close())
	}
	return errors.Join(errs...)
}

// errEnd is returned when the index has been closed.
var errEnd = errors.New("the case is closed")

// Memory is the memory of the index in bytes, without results of filters.
func (x *Index) Memory() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := x.order.size()
	for _, s := range x.sources {
		n += s.size()
	}
	return n
}
