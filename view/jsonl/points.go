package jsonl

import (
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/view"
)

// A Point is a place where traffic was captured.
type Point struct {
	head
	Source  int    `json:"source" doc:"index of the source"`
	More    []int  `json:"more,omitempty" doc:"indexes of the sources that go on with it: files that its recorder wrote one after another, or of one name given with --point"`
	Name    string `json:"name" doc:"as given with --point, else that of the file"`
	Packets int64  `json:"packets" doc:"packets with a network layer"`
	TickNS  int64  `json:"tick_ns,omitempty" doc:"step of the clock, when it is coarse"`
	Clock   *Base  `json:"clock,omitempty" doc:"where its times are on the one clock of all points"`

	Relayed []Relayed `json:"relayed,omitempty" doc:"of a point on the host of a proxy: its connections with clients (a) and those with servers (b) that carry on their bytes, as it and points on either side show; by one clock"`
}

// A Base is where the times of a point are on the one clock of all points.
type Base struct {
	Reference bool      `json:"reference,omitempty" doc:"true for the point whose clock it is"`
	Bound     string    `json:"bound,omitempty" doc:"as of the clock of two points; left out when nothing tells. With 'at_most' and 'at_least' the offset has the time on the way in it"`
	Stretches []Stretch `json:"stretches,omitempty" doc:"times in which no clock was set"`
}

// A Stretch is a time in which no clock was set.
type Stretch struct {
	From     string `json:"from" doc:"beginning, by the clock of the point"`
	To       string `json:"to" doc:"end"`
	OffsetNS int64  `json:"offset_ns" doc:"what its clock is ahead of that of the reference at from"`
	EndNS    int64  `json:"offset_end_ns" doc:"the same at to"`
	ErrorNS  int64  `json:"error_ns" doc:"how far that may be off anywhere between"`
}

// A Route is the points that conversations pass one after another.
type Route struct {
	head
	Points        []int `json:"points" doc:"sources of the points, in the order in which packets pass them away from the first"`
	Back          []int `json:"back" doc:"the same of the packets to the first"`
	Conversations int   `json:"conversations" doc:"that pass these points"`
	Hops          []Hop `json:"hops" doc:"what became of packets from each point to the next"`
}

// A Hop is two points with none between them.
type Hop struct {
	A     int    `json:"a" doc:"source of the point that packets pass first"`
	B     int    `json:"b" doc:"source of the next"`
	Known bool   `json:"known" doc:"true when something tells that they pass in this order"`
	TTL   int    `json:"ttl" doc:"how much lower the TTL is at b, of most packets"`
	Way   Way    `json:"way" doc:"what became of them"`
	Queue *Queue `json:"queue,omitempty" doc:"a time in which all packets waited"`
}

// A Queue is a time in which all packets of one direction waited.
type Queue struct {
	From    string `json:"from" doc:"beginning, by the clock of the first point of the pair"`
	To      string `json:"to" doc:"end"`
	LeastNS int64  `json:"least_ns" doc:"what all packets of the worst period waited more than the fastest ones of the capture"`
	MostNS  int64  `json:"most_ns" doc:"the same of 95 % of the packets"`
	OtherNS int64  `json:"other_way_ns" doc:"what all packets of a period waited the other way, at most"`
	ErrorNS int64  `json:"error_ns" doc:"how far that may be off for the drift of the clocks"`
	Rate    int64  `json:"bits_per_second" doc:"payload in that time"`
	Steady  bool   `json:"steady,omitempty" doc:"true when the delay changed once and stayed: perhaps another way"`
}

// points writes what capture points say together.
func (e *encoder) points(r *point.Result) {
	if r == nil {
		return
	}
	for i := range r.Points {
		p := &r.Points[i]
		e.put(Point{kind("point"), p.Source, p.More, p.Name, p.Packets, p.Tick, base(r, i), inside(r, i)})
	}
	for _, c := range r.Classes() {
		e.put(route(r, c))
	}
	for i := range r.Pairs {
		e.put(e.path(r, &r.Pairs[i]))
	}
}

// base is nil when nothing was compared.
func base(r *point.Result, i int) *Base {
	if i >= len(r.Timebases) {
		return nil
	}
	b := &r.Timebases[i]
	out := &Base{Reference: b.Reference}
	if b.Linked {
		out.Bound = b.Bound.String()
	}
	for _, s := range b.Stretches {
		out.Stretches = append(out.Stretches, Stretch{view.ISO(s.From), view.ISO(s.To), s.Offset[0], s.Offset[1], s.Error})
	}
	return out
}

func route(r *point.Result, c *point.Class) Route {
	out := Route{head: kind("route"), Points: sources(r, c.Points[0]), Back: sources(r, c.Points[1]), Conversations: c.Conversations, Hops: []Hop{}}
	for d := range c.Hops {
		for i := range c.Hops[d] {
			h := &c.Hops[d][i]
			w := h.Total()
			p := h.Pair()
			x := Hop{A: r.Points[h.From].Source, B: r.Points[h.To].Source, Known: h.Known, TTL: w.TTL, Way: passage(&w, r.Points[p.A].Source, r.Points[p.B].Source)}
			if h.Course() == point.BtoA {
				x.TTL = -x.TTL
			}
			if q := p.Queue(h.Course()); q != nil {
				x.Queue = &Queue{view.ISO(q.From), view.ISO(q.To), q.Least, q.Most, q.Other, q.Error, q.Rate, q.Steady}
			}
			out.Hops = append(out.Hops, x)
		}
	}
	return out
}

func sources(r *point.Result, points []int) []int {
	out := make([]int, len(points))
	for i, p := range points {
		out[i] = r.Points[p].Source
	}
	return out
}
