package text

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// A Layout is whose columns the rows have.
type Layout uint8

const (
	Tshark    Layout = iota
	NetMon           // those of Network Monitor
	Wireshark        // those that Wireshark prints, below their heading, in its older words
)

// Layouts are their names.
var Layouts = []string{Tshark: "tshark", NetMon: "netmon", Wireshark: "wireshark"}

// Rows prints one line a record.
type Rows struct {
	p      printer
	style  Style
	names  view.Names
	clock  *view.Clock
	layout Layout
	headed bool // the heading is printed, where there is one
}

// NewRows prints rows in the columns of a layout.
func NewRows(w io.Writer, names view.Names, clock *view.Clock, of Layout, s Style) *Rows {
	return &Rows{p: printer{w: w}, style: s, names: names, clock: clock, layout: of, headed: of != Wireshark}
}

// Print writes the line of a row. timed is false when the source has no times.
func (r *Rows) Print(row *engine.Row, timed bool) error {
	if !row.Record.Numbered { // names, statistics, secrets: not frames; jsonl has them
		return nil
	}
	at := ""
	if timed {
		at = r.clock.Text(row.Record.Time)
	}
	number := r.names.Pos(row.Record.Pos)
	var line string
	switch r.layout {
	case NetMon:
		line = netmonLine(number, at, timed, view.NetMonOf(row))
	case Wireshark:
		line = wiresharkLine(number, at, view.WiresharkOf(row))
	default:
		line = tsharkLine(number, at, timed, view.ColumnsOf(row))
	}
	if !r.headed {
		r.headed = true
		r.p.line(r.style.cut(wiresharkLine("No.    ", "Time", view.Columns{Source: "Source", Destination: "Destination", Protocol: "Protocol", Info: "Info"})))
	}
	lane := view.LaneOf(row)
	c := laneColors[lane]
	if lane == view.Wire { // in a list of packets the rest stands out
		c = plain
	}
	r.p.line(r.style.paint(c, r.style.cut(line)))
	return r.p.err
}

// tsharkLine has tshark's spacing: number right in 5, time right in 10, source
// right and destination left in 12, the rest as it comes.
func tsharkLine(number, at string, timed bool, c view.Columns) string {
	when := ""
	if timed {
		when = fmt.Sprintf("%10s ", at)
	}
	arrow := " → "
	if c.Source == "" && c.Destination == "" {
		arrow = "   "
	}
	return fmt.Sprintf("%5s %s%s%s%s %s %d %s", number, when, padLeft(c.Source, 12), arrow, padRight(c.Destination, 12), c.Protocol, c.Length, c.Info)
}

// wiresharkLine has the spacing of a packet list that Wireshark printed: number right in 7, the rest left in columns of its own widths.
func wiresharkLine(number, at string, c view.Columns) string {
	return fmt.Sprintf("%7s %-11s %-21s %-21s %-8s %s", number, at, c.Source, c.Destination, c.Protocol, c.Info)
}

// netmonLine separates the columns by tabs, as a copy from Network Monitor does.
func netmonLine(number, at string, timed bool, n view.NetMon) string {
	when := ""
	if timed {
		when = at + "\t"
	}
	return number + "\t" + when + n.Process + "\t" + n.Source + "\t" + n.Destination + "\t" + n.Protocol + "\t" + n.Description
}

func padLeft(s string, n int) string {
	return fmt.Sprintf("%*s", n+len(s)-utf8.RuneCountInString(s), s)
}

func padRight(s string, n int) string {
	return fmt.Sprintf("%-"+strconv.Itoa(n)+"s", s)
}
