package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
)

// A Told is a finding as a Follower tells it.
type Told struct {
	Finding *diag.Finding
	Again   bool  // it was told before, and has grown much since, or goes on
	AtEnd   bool  // the recording is over
	At      int64 // time of the trace
	Case    *Case // that the finding is of; valid as long as the call
}

// A Tally is how often one rule has told of one thing.
type Tally struct {
	Rule     *diag.Rule
	Severity diag.Severity
	About    string // the sentence of the last time
	Times    int    // it was told
	Count    int    // as much as a window had of it at most
	Cost     time.Duration
}

// A stage is how final what a look finds is.
type stage uint8

const (
	looking stage = iota // a second look has to confirm it
	turning              // the window ends: there is no second look
	ending               // the recording ends
)

// memory is what has been told, and what waits for a second look.
type memory struct {
	list   map[string]*telling
	window int64
	looks  int64
}

// A telling is one thing that a rule found, whatever the conversations that showed it.
type telling struct {
	Tally
	order      int   // of the first time
	seen       int64 // the last look that found it
	at         int64 // when it was told last, trace.NoTime before
	confidence diag.Confidence
}

const (
	// grown is how many times as much a finding must be to be told again.
	grown = 4
	// leastMore is how much more cost makes a finding worth to be told again.
	leastMore = time.Second
	// still is how many windows later a finding that goes on is told again.
	goesOn = 6
	// maxTold bounds the memory: the oldest go first.
	maxTold = 1 << 14
)

func newMemory(window time.Duration) memory {
	return memory{list: map[string]*telling{}, window: int64(window)}
}

// about is what tells one thing that a rule finds from another: the process, the server, else the host. Numbers of
// conversations are of one window.
func about(f *diag.Finding) string {
	k := f.Rule.ID + " " + f.Host
	if f.Process != nil {
		k += " " + f.Process.Name
	}
	if len(f.Conversations) > 0 {
		c := f.Conversations[0]
		k += " " + c.Ends[1].String()
		if f.Host != c.Ends[1].Addr().String() {
			k += " " + c.Ends[0].Addr().String()
		}
	}
	return k
}

// look goes through the findings of a look and tells those that are news. At
// the last look of a window nothing waits for a second one.
func (m *memory) look(findings []diag.Finding, now int64, at stage, tell func(f *diag.Finding, again bool) error) error {
	m.looks++
	type sum struct {
		first *diag.Finding
		count int
		cost  time.Duration
	}
	sums := map[string]*sum{}
	var order []string
	for i := range findings {
		f := &findings[i]
		if f.Rule.AtEnds && at != ending {
			continue
		}
		k := about(f)
		s := sums[k]
		if s == nil {
			s = &sum{first: f}
			sums[k] = s
			order = append(order, k)
		}
		s.count, s.cost = s.count+f.Count, s.cost+f.Cost
	}
	for _, k := range order {
		s := sums[k]
		t := m.of(k, s.first)
		confirmed := t.seen == m.looks-1 && s.first.Confidence > diag.Possible || at != looking
		t.seen = m.looks
		if !confirmed || !t.news(s.first, s.count, s.cost, now, m.window) {
			continue
		}
		again := t.Times > 0
		t.Times++
		t.at, t.Count, t.Cost, t.About = now, s.count, s.cost, s.first.Summary
		t.Severity, t.confidence = max(t.Severity, s.first.Severity), max(t.confidence, s.first.Confidence)
		if err := tell(s.first, again); err != nil {
			return err
		}
	}
	return nil
}

// of is the telling with this key.
func (m *memory) of(k string, f *diag.Finding) *telling {
	t := m.list[k]
	if t == nil {
		if len(m.list) >= maxTold {
			m.forget()
		}
		t = &telling{Tally: Tally{Rule: f.Rule}, order: int(m.looks)}
		m.list[k] = t
	}
	return t
}

// forget makes room: what no look has found for longest goes.
func (m *memory) forget() {
	seen := make([]int64, 0, len(m.list))
	for _, t := range m.list {
		seen = append(seen, t.seen)
	}
	slices.Sort(seen)
	middle := seen[len(seen)/2]
	for k, t := range m.list {
		if t.seen <= middle {
			delete(m.list, k)
		}
	}
}

// news reports whether what a look found is worth to be told: it never was, has grown, is more certain, or goes on for long.
func (t *telling) news(f *diag.Finding, count int, cost time.Duration, now, window int64) bool {
	switch {
	case t.Times == 0, f.Severity > t.Severity, f.Confidence > t.confidence:
		return true
	case count >= grown*t.Count, cost >= grown*t.Cost && cost-t.Cost >= leastMore:
		return true
	}
	return now-t.at >= goesOn*window
}

// tallies are what was told, in order of the first time.
func (m *memory) tallies() (out []Tally) {
	var list []*telling
	for _, t := range m.list {
		if t.Times > 0 {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *telling) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.About, b.About))
	})
	for _, t := range list {
		out = append(out, t.Tally)
	}
	return out
}
