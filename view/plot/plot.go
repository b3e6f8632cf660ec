// Package plot draws what a capture tells over time: the TCP graphs with the
// names people know from tcptrace and Wireshark, and the IO graph.
//
// A [Collector] turns rows into a [Plot]: panels of series of points. It keeps
// a bounded number of points whatever the length of the capture (see thinned).
// A Plot is then drawn as SVG or PNG; the same rows give the same bytes.
package plot

import (
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
)

// A Kind is one graph.
type Kind struct {
	Name  string // as the user types it
	Title string
	About string // one line for the help
	// Conversation is true when the graph shows one conversation, TCP when that must be of TCP.
	Conversation, TCP bool
	// Directed is true when it shows the data of one direction.
	Directed bool

	collect func(Options) Collector
}

// Kinds are all graphs.
var Kinds = []*Kind{
	{Name: "stevens", Title: "Time sequence (Stevens)", About: "sequence numbers of data segments over time", Conversation: true, TCP: true, Directed: true, collect: newStevens},
	{Name: "tcptrace", Title: "Time sequence (tcptrace)", About: "segments, acknowledgements, the window's edge, SACK, retransmissions, zero windows", Conversation: true, TCP: true, Directed: true, collect: newTcptrace},
	{Name: "throughput", Title: "Throughput", About: "sent and acknowledged bits a second of both directions, and the size of each segment", Conversation: true, collect: newThroughput},
	{Name: "rtt", Title: "Round-trip time", About: "from a byte sent to its acknowledgement, one sample an ACK", Conversation: true, TCP: true, Directed: true, collect: newRTT},
	{Name: "window", Title: "Window and bytes in flight", About: "receive window and bytes that are not acknowledged yet", Conversation: true, TCP: true, Directed: true, collect: newWindow},
	{Name: "io", Title: "IO graph", About: "packets, bytes or bits over time, one line a filter", collect: newIO},
}

// Options say what is collected.
type Options struct {
	Kind *Kind
	// Conv is the conversation to show, with its final ends; nil in an IO graph.
	Conv *flow.Conversation
	// Sender is the index in Conv.Ends whose data a directed graph shows.
	Sender int
	// Start is the time 0 of the plot, End the last time in it: nanoseconds
	// since 1970. Only the IO graph needs End.
	Start, End int64
	// From and To limit the plot to a part of the time since Start; To is 0 without an end.
	From, To time.Duration
	// Interval is the span of a moving average of throughput, and of one point
	// of an IO graph. It is more than 0.
	Interval time.Duration
	// Columns is about how many columns of pixels the picture has. Every
	// series keeps the lowest and highest point of at least so many moments.
	Columns int
	// Unit, Smooth, Filters and Want are of the IO graph: what is counted, over how
	// many intervals it is averaged (1 is not at all), a line for each of which
	// rows, and which rows are in it at all (all when Want is nil).
	Unit    Unit
	Smooth  int
	Filters []Filter
	Want    func(*engine.Row) bool
}

// A Collector takes rows and tells in the end what there is to see.
type Collector interface {
	// Add takes a row; of a graph of a conversation, any row, also of others.
	Add(row *engine.Row)
	// Panels are the panels, from top to bottom, and notes on what is not in them.
	Panels() (panels []Panel, notes []string)
}

// Collect returns a collector for the graph that opt names.
func Collect(opt Options) Collector { return opt.Kind.collect(opt) }

// A Plot is a picture: panels above each other over the same time.
type Plot struct {
	Title    string
	Subtitle string   // who talks, and in which file
	Time     string   // what the time axis is: "time since ..."
	From     int64    // the time that the axis begins with, at the latest
	Panels   []Panel  // at least one
	Notes    []string // what is not in the picture, and why
}

// A Panel is a pair of axes with series. Times are nanoseconds since the plot's time 0.
type Panel struct {
	Label    string // of the vertical axis, without its unit
	Unit     Quantity
	FromZero bool   // the vertical axis begins at 0
	Empty    string // what to say when there is no point
	Series   []Series
}

// A Series is one line or one kind of mark. Points are in order of time. One
// without a name are the letters that go with the series before it.
type Series struct {
	Name   string
	Look   Look
	Points []Point
	// Beyond is true when the series may leave the picture at the top: it
	// widens the vertical axis by no more than the others need, times beyondSpan.
	Beyond bool
	// Bucket is 0 when every point is there. Else only the first, last, lowest
	// and highest of each such time are.
	Bucket time.Duration
}

// A Point is a value at a time, in nanoseconds since the plot's time 0. Low
// and High differ in series of bars only.
type Point struct {
	Time      int64
	Low, High float64
	// Frame is the number of the record that the point is of, in Source; 0 for one that is of none.
	Frame  int64
	Source int32
}

// at is a point with one value.
func at(t int64, v float64) Point { return Point{Time: t, Low: v, High: v} }

// A Quantity is what a value measures.
type Quantity uint8

const (
	Count   Quantity = iota // packets
	Bytes                   // sizes and sequence numbers
	Bits                    // bits a second
	Seconds                 // durations, in nanoseconds
	Open                    // requests
)
