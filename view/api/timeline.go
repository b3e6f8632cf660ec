package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A TimelineQuery says what is told of in lanes: a conversation, or a process.
type TimelineQuery struct {
	Range
	Conversation int // its number; -1 without a process is the one of the first finding
	Process      int // id of the process, -1 for a conversation
	Source       int // of the process, -1 for any
	Nth          int // of the processes with that id there
}

// A Timeline is what applications called, what stacks did and what was on the wire, in lanes.
type Timeline struct {
	Title    string  `json:"title" doc:"conversation or process"`
	Clock    string  `json:"clock,omitempty" doc:"with several points: by whose clock times are, and how far those of others may be off"`
	Lanes    []Lane  `json:"lanes" doc:"in the order in which they lie side by side"`
	Rows     []any   `json:"rows" doc:"'row' lines with 'lane_id', the id of a lane"`
	Total    int     `json:"total" doc:"rows in all"`
	Complete bool    `json:"complete" doc:"true: all that there is was read; false of a report that has the first rows alone"`
	Of       int     `json:"of,omitempty" doc:"of a report: rows that there are, when that is more"`
	Arrows   []Arrow `json:"arrows" doc:"what of these rows belongs together"`
}

// A Lane is a layer of a host, or a capture point.
type Lane struct {
	ID     string `json:"id" doc:"'application', 'stack', 'wire'; of several sources with the source behind it: 'wire:1'"`
	Title  string `json:"title" doc:"for its head"`
	Kind   string `json:"kind" doc:"'application', 'stack', 'packets'"`
	Source int    `json:"source" doc:"index of the source"`
}

// An Arrow goes from one row to another.
type Arrow struct {
	From int    `json:"from" doc:"position in rows"`
	To   int    `json:"to" doc:"position in rows"`
	Why  string `json:"why" doc:"'sighting': the same packet at another place; 'call': the packet that a call made, or waited for"`
}

// A LanedRow is a `row` line with its lane.
type LanedRow struct {
	jsonl.Row
	LaneID string `json:"lane_id" doc:"id of the lane"`
}

func timelineQuery(q *query) answering {
	w := TimelineQuery{q.part(), q.conversation(), q.number("process", -1, -1, math.MaxUint32), q.number("source", -1, -1, math.MaxInt32), q.number("nth", 0, 0, math.MaxInt32)}
	if w.Conversation >= 0 && w.Process >= 0 {
		q.fail("a timeline is of a conversation or of a process", "")
	}
	return func(_ context.Context, a *Analysis) (*pass, error) { return a.timeline(w) }
}

// timeline lays the rows of a selection out in lanes.
func (a *Analysis) timeline(w TimelineQuery) (*pass, error) {
	sel, err := a.selection(w)
	if err != nil {
		return nil, err
	}
	t := &timing{a: a, w: w, sel: sel, lanes: a.lanes(sel), seen: map[laneKey]bool{}, clock: newClock(a.Case.Points)}
	t.out = Timeline{Title: sel.Title(), Lanes: []Lane{}, Rows: []any{}, Complete: true, Arrows: []Arrow{}}
	if t.lanes != nil {
		t.out.Clock = t.lanes.Certainty()
	} else {
		t.clock = nil
	}
	t.arrows.begin(a.Case, sel, t.lanes)
	return &pass{of: sel.Conversations(), applications: true, clock: t.clock, visit: t.row, answer: func() any {
		t.out.Lanes = t.laid()
		t.out.Arrows = append(t.out.Arrows, t.arrows.all()...)
		return &t.out
	}}, nil
}

// lanes are those of a conversation at several points, nil at one.
func (a *Analysis) lanes(sel *view.Selection) *view.Lanes {
	a.judging.Lock()
	defer a.judging.Unlock()
	return view.NewLanes(a.Case, sel)
}

// selection is the conversation or process that is asked for.
func (a *Analysis) selection(w TimelineQuery) (*view.Selection, error) {
	if w.Process < 0 {
		conv, err := a.conversation(w.Conversation)
		if err != nil {
			return nil, err
		}
		return a.selected(conv), nil
	}
	var found []*session.Process
	if s := a.Case.Session; s != nil {
		for _, p := range s.Processes {
			if int(p.PID) == w.Process && (w.Source < 0 || p.Source == w.Source) {
				found = append(found, p)
			}
		}
	}
	if w.Nth >= len(found) {
		return nil, notFound(fmt.Sprintf("there is no such process %d", w.Process))
	}
	return view.SelectProcess(a.Case, found[w.Nth]), nil
}

// A timing puts a timeline together.
type timing struct {
	a      *Analysis
	w      TimelineQuery
	sel    *view.Selection
	lanes  *view.Lanes
	clock  *clock
	seen   map[laneKey]bool
	arrows arrows
	out    Timeline
}

type laneKey struct {
	source int
	lane   view.Lane
}

func (t *timing) row(row *engine.Row) error {
	if !t.sel.Has(row) {
		return nil
	}
	key := laneKey{row.Source, view.LaneOf(row)}
	if t.lanes != nil && key.lane == view.Wire { // files of one point have one lane
		if i := t.lanes.Point(row); i >= 0 {
			key.source = t.lanes.Source(i)
		}
	}
	t.seen[key] = true
	n := t.out.Total
	t.out.Total++
	if n < t.w.Offset || len(t.out.Rows) >= t.w.Limit {
		return nil
	}
	t.arrows.add(row, len(t.out.Rows))
	timed := row.Record.Time != trace.NoTime && !view.Untimed(t.a.Case, row.Source)
	t.out.Rows = append(t.out.Rows, LanedRow{jsonl.RowOf(row, timed, t.lanes), t.id(key)})
	return nil
}

func (t *timing) id(k laneKey) string {
	if len(t.a.Case.Sources) == 1 {
		return k.lane.String()
	}
	return k.lane.String() + ":" + strconv.Itoa(k.source)
}

// laid are the lanes that have rows. Hosts lie in the order in which packets pass their points; of the last of several the wire comes first,
// as packets come to it from there.
func (t *timing) laid() []Lane {
	var order []int
	if t.lanes != nil {
		for _, i := range t.lanes.Points {
			order = append(order, t.lanes.Source(i))
		}
	}
	for i := range t.a.Case.Sources { // a log beside them comes first
		if !slices.Contains(order, i) {
			order = slices.Insert(order, 0, i)
		}
	}
	paths := make([]string, len(t.a.Case.Sources))
	for i, src := range t.a.Case.Sources {
		paths[i] = src.Info.Name
	}
	names := view.NewNames(paths)
	out := []Lane{}
	for n, source := range order {
		lanes := []view.Lane{view.Application, view.Stack, view.Wire}
		if n > 0 && n == len(order)-1 {
			slices.Reverse(lanes)
		}
		for _, l := range lanes {
			if k := (laneKey{source, l}); t.seen[k] {
				title, kind := l.String(), l.String()
				if l == view.Wire {
					kind = "packets"
				}
				if name := names.Source(source); name != "" {
					title += ", " + view.Printable(name)
				}
				out = append(out, Lane{t.id(k), title, kind, source})
			}
		}
	}
	return out
}
