package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Lanes prints one conversation as several points saw it: a line for each packet, a lane for each point. Sightings of
// one packet stand side by side, each with the time since the first.
type Lanes struct {
	p     printer
	style Style
	lanes *view.Lanes
	clock *view.Clock
	width []int
	// pending are the lines that wait for sightings, in the order of their first ones.
	pending []*line
	of      map[*point.Packet]*line
	// Lines is how many were begun.
	Lines int
}

// A line is one packet, or one event.
type line struct {
	time, text string
	arrow      string
	color      Color
	first, err int64 // of the first sighting, on the one clock
	cells      []string
	left       int // sightings to come
}

const (
	// maxPending bounds the lines that wait: a filter may leave out what they wait for.
	maxPending = 1 << 12
	// leastLane is how wide a lane is at least: a frame and a delay.
	leastLane = 14
)

// NewLanes prints a head of the conversation and its points, then rows.
func NewLanes(w io.Writer, title string, lanes *view.Lanes, clock *view.Clock, s Style) *Lanes {
	t := &Lanes{p: printer{w: w}, style: s, lanes: lanes, clock: clock, of: map[*point.Packet]*line{}}
	t.p.line(s.paint(bold, title))
	t.p.line(s.wrap(lanes.Certainty(), 0))
	head := fmt.Sprintf("%10s   ", "")
	for _, i := range lanes.Points {
		t.width = append(t.width, max(leastLane, utf8.RuneCountInString(lanes.Name(i))))
		head += pad(lanes.Name(i), t.width[len(t.width)-1]) + "  "
	}
	t.p.line(s.paint(dim, strings.TrimRight(head, " ")))
	return t
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// More reports whether the row belongs to a line that was begun before.
func (t *Lanes) More(row *engine.Row) bool {
	p := t.lanes.Packet(row)
	return p != nil && t.of[p] != nil
}

// Waiting reports whether sightings of a packet whose line was begun are still to come.
func (t *Lanes) Waiting() bool { return len(t.of) > 0 }

// Print takes a row. timed is false when the source has no times.
func (t *Lanes) Print(row *engine.Row, timed bool) error {
	i := t.lane(row)
	if i < 0 {
		return t.p.err
	}
	p := t.lanes.Packet(row)
	at, e := t.lanes.Time(row)
	frame := fmt.Sprint(row.Record.Pos.Number)
	if l := t.of[p]; p != nil && l != nil {
		l.cells[i] = frame
		if timed && at != trace.NoTime && l.first != trace.NoTime {
			l.cells[i] += " " + t.lanes.Apart(at-l.first, e, l.err)
		}
		if l.left--; l.left == 0 {
			delete(t.of, p)
		}
		return t.flush(false)
	}
	t.Lines++
	l := t.begin(row, at, e, timed)
	l.cells[i] = frame
	if p != nil {
		l.left = p.Seen() - 1
		for k, point := range t.lanes.Points {
			if p.Lost[point] {
				l.cells[k] = "lost"
			}
		}
		if l.left > 0 {
			t.of[p] = l
		}
	}
	t.pending = append(t.pending, l)
	return t.flush(false)
}

// lane is the lane of a row, -1 when there is none.
func (t *Lanes) lane(row *engine.Row) int {
	at := t.lanes.Point(row)
	for k, i := range t.lanes.Points {
		if i == at {
			return k
		}
	}
	return -1
}

func (t *Lanes) begin(row *engine.Row, at, e int64, timed bool) *line {
	lane := view.LaneOf(row)
	c := view.ColumnsOf(row)
	l := &line{first: at, err: e, cells: make([]string, len(t.width)), color: laneColors[lane], text: c.Info, arrow: lane.String()[:1]}
	if timed {
		l.time = t.clock.Text(at)
	}
	if lane == view.Wire {
		l.text = c.Protocol + " " + c.Info
		l.arrow = "→"
		if !t.lanes.Forth(row) {
			l.arrow = "←"
		}
	}
	return l
}

// flush writes the lines that wait for nothing more, all with force.
func (t *Lanes) flush(force bool) error {
	n := 0
	for n < len(t.pending) && (force || t.pending[n].left == 0 || len(t.pending)-n > maxPending) {
		l := t.pending[n]
		text := fmt.Sprintf("%10s %s ", l.time, l.arrow)
		for k, cell := range l.cells {
			text += pad(cell, t.width[k]) + "  "
		}
		t.p.line(t.style.paint(l.color, t.style.cut(text+l.text)))
		n++
	}
	t.pending = t.pending[n:]
	return t.p.err
}

// End writes what still waits.
func (t *Lanes) End() error { return t.flush(true) }
