package engine

import (
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A recording that has no end is analysed in windows:
//
//  1. Records are followed as they come, by the trackers of the window.
//  2. Every few seconds the rules look at what there is, as if the recording
//     ended there. What two looks in a row find is told, once, and again when
//     it has grown much.
//  3. A window ends after some minutes, or when it holds much. Before, the next
//     one begins and follows the same records for a while, so that what happens
//     at the border is in one of them whole. With the old window, its
//     conversations are forgotten: memory is bounded for a recording of days.

// FollowOptions are those of an analysis without an end. The zero value is ready to use.
type FollowOptions struct {
	Options
	// Every is how often the rules look, in time of the trace, and Window how long conversations are remembered at least; 0 for the defaults.
	Every, Window time.Duration
	// Most is how many conversations a window may have, and Calls how many calls and requests; 0 for the defaults.
	Most, Calls int
	// Tell gets each finding that is told, with the case that it is from: valid during the call. An error ends the run.
	Tell func(*Told) error
	// Tick is called some times a second while [Follow] waits or reads; nil for nothing to call. An error ends the run.
	Tick func(f *Follower) error
	// Filter, when set, leaves only findings about conversations of which a row passes.
	Filter *filter.Filter
}

const (
	defaultEvery  = 2 * time.Second
	defaultWindow = 10 * time.Minute
	defaultMost   = 32768
	defaultCalls  = 1 << 18
	// overlap is the part of a window that the next one follows too.
	overlap = 5
	// share is how many times as long as a look the time between two is at least: looks take a sixth of a processor at most.
	share = 5
)

// A Follower analyses records as they come, without an end. It is not safe for concurrent use.
type Follower struct {
	opt      FollowOptions
	info     *trace.Info
	name     string
	now      *window
	next     *window // nil unless the two overlap
	told     memory
	looked   int64         // time of the trace at the last look
	lookedAt time.Time     // when that was
	took     time.Duration // how long it took
	unseen   int           // records since the last look
	still    bool          // the look before found nothing that was not there: nobody has to look until the next record
	Windows  int           // that have ended
	Records  int64         // in all
	Packets  int64
	Events   int64
	Bytes    int64 // of packets, on the wire
	First    int64 // time of the first record and of the last one; trace.NoTime without
	Last     int64
	clock    func() time.Time
}

// A window is the trackers of some minutes.
type window struct {
	*source
	began   int64 // time of its first record, trace.NoTime before
	matcher *filter.Matcher
	passed  map[int]bool // conversations of which a row passes the filter
}

// NewFollower follows records of a source that says of itself what is in info, which grows.
func NewFollower(name string, info *trace.Info, opt FollowOptions) *Follower {
	if opt.Every <= 0 {
		opt.Every = defaultEvery
	}
	if opt.Window <= 0 {
		opt.Window = defaultWindow
	}
	if opt.Most <= 0 {
		opt.Most = defaultMost
	}
	if opt.Calls <= 0 {
		opt.Calls = defaultCalls
	}
	opt.collect()
	f := &Follower{opt: opt, info: info, name: name, looked: trace.NoTime, First: trace.NoTime, Last: trace.NoTime, told: newMemory(opt.Window), clock: time.Now}
	f.now = f.open()
	f.lookedAt = f.clock()
	return f
}

func (f *Follower) open() *window {
	w := &window{source: newSource(f.name, 0, f.info, f.opt.Options), began: trace.NoTime}
	if f.opt.Filter != nil {
		w.matcher, w.passed = f.opt.Filter.Matcher(), map[int]bool{}
	}
	if f.now != nil { // what a counter says since the recording began is no news
		w.losses.ifs = slices.Clone(f.now.losses.ifs)
	}
	return w
}

// Add follows one more record. It may be used again when Add returns.
func (f *Follower) Add(rec *trace.Record) error {
	f.count(rec)
	f.unseen++
	f.still = false
	f.now.add(rec)
	if f.next != nil {
		f.next.add(rec)
	}
	if f.unseen%checkWindow == 0 || f.unseen == 1 {
		if err := f.turn(); err != nil {
			return err
		}
	}
	if rec.Time == trace.NoTime {
		return nil
	}
	if f.looked == trace.NoTime {
		f.looked = rec.Time
	}
	if d := f.Last - f.looked; d >= int64(f.opt.Every) && f.clock().Sub(f.lookedAt) >= share*f.took {
		return f.look()
	}
	return nil
}

// checkWindow is how many records pass between two looks at how large a window is.
const checkWindow = 64

func (f *Follower) count(rec *trace.Record) {
	f.Records++
	switch rec.Kind {
	case trace.Packet:
		f.Packets++
		f.Bytes += int64(rec.WireLen)
	case trace.Event:
		f.Events++
	}
	if rec.Time == trace.NoTime {
		return
	}
	if f.First == trace.NoTime {
		f.First = rec.Time
	}
	f.Last = max(f.Last, rec.Time)
}

// Idle is for the times when nothing comes: the rules look at what came last.
func (f *Follower) Idle() error {
	if f.still || f.clock().Sub(f.lookedAt) < f.opt.Every {
		return nil
	}
	f.still = f.unseen == 0
	return f.look()
}

// End tells what only the end of the recording proves, and returns the case of the last window.
func (f *Follower) End() (*Case, error) { return f.end(ending) }

// end closes the window.
func (f *Follower) end(at stage) (*Case, error) {
	f.now.finish()
	run := Run{opt: f.opt.Options, sources: []*source{f.now.source}}
	c := run.Case()
	return c, f.tell(c, at)
}

// Conversations is how many the window has.
func (f *Follower) Conversations() int { return f.now.flows.Len() }

// Spent is the time that the records cover so far, in nanoseconds.
func (f *Follower) Spent() int64 {
	if f.First == trace.NoTime {
		return 0
	}
	return f.Last - f.First
}

// Told is what was told so far.
func (f *Follower) Told() []Tally { return f.told.tallies() }

func (w *window) add(rec *trace.Record) {
	w.record = *rec
	if rec.Time != trace.NoTime {
		if w.due = rec.Time; w.began == trace.NoTime {
			w.began = rec.Time
		}
	}
	var row Row
	row.First, row.Previous, row.Displayed = trace.NoTime, trace.NoTime, trace.NoTime
	w.fill(&row)
	if w.matcher != nil && w.matcher.Match(&row) && row.Object.Conv != nil {
		w.passed[row.Object.Conv.ID] = true
	}
}

// age is how much of its time, or of the memory that it may take, a window has used: 1 is all.
func (f *Follower) age(w *window) float64 {
	a := max(float64(w.flows.Len())/float64(f.opt.Most), float64(w.tracker.Kept()+len(w.requests.Requests)+len(w.requests.Unasked))/float64(f.opt.Calls))
	if w.began != trace.NoTime && f.Last > w.began {
		a = max(a, float64(f.Last-w.began)/float64(f.opt.Window))
	}
	return a
}

// turn opens the next window when this one is old, and ends this one when the next one has followed enough.
func (f *Follower) turn() error {
	if f.next == nil {
		if f.age(f.now) >= 1 {
			f.next = f.open()
		}
		return nil
	}
	if f.age(f.next) < 1./overlap {
		return nil
	}
	_, err := f.end(turning)
	f.now, f.next = f.next, nil
	f.Windows++
	return err
}

// look applies the rules to what there is.
func (f *Follower) look() error {
	start := f.clock()
	err := f.tell(f.now.soFar(), looking)
	f.lookedAt = f.clock()
	f.took = f.lookedAt.Sub(start)
	f.looked, f.unseen = f.Last, 0
	return err
}

// tell tells what is news in a case.
func (f *Follower) tell(c *Case, at stage) error {
	return f.told.look(c.Findings, f.Last, at, func(finding *diag.Finding, again bool) error {
		if !f.concerns(finding) || f.opt.Tell == nil {
			return nil
		}
		return f.opt.Tell(&Told{Finding: finding, Again: again, AtEnd: at == ending, At: f.Last, Case: c})
	})
}

// concerns reports whether a finding is about what the filter leaves.
func (f *Follower) concerns(finding *diag.Finding) bool {
	return f.now.matcher == nil || slices.ContainsFunc(finding.Conversations, func(c *flow.Conversation) bool { return f.now.passed[c.ID] })
}
