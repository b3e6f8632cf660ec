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
}

// A Path is what two points saw of the same traffic.
type Path struct {
	head
	A             int       `json:"a" doc:"source of the first point"`
	B             int       `json:"b" doc:"source of the second point"`
	Conversations int       `json:"conversations" doc:"that both have"`
	Rewritten     int       `json:"rewritten" doc:"of them: those with other endpoints"`
	Contradicted  int       `json:"contradicted,omitempty" doc:"conversations with the same endpoints at both points, but other numbers or content"`
	Twice         bool      `json:"twice,omitempty" doc:"both points have the same records at the same times: one capture, given twice"`
	Sample        int       `json:"sample,omitempty" doc:"not 0: one of so many packets was compared, and counts are of those"`
	UnitNS        int64     `json:"unit_ns,omitempty" doc:"of the times: nothing is known finer"`
	Clock         []Clock   `json:"clock,omitempty" doc:"how far the clock of b is ahead of that of a; several where one was set; none when nothing tells"`
	Ways          []Way     `json:"ways,omitempty" doc:"what became of packets, by the point that they pass first"`
	Rewrites      []Rewrite `json:"rewrites,omitempty" doc:"what differs in the same packets"`
	Met           []Met     `json:"met,omitempty" doc:"the conversations that both have"`
	Relayed       []Relayed `json:"relayed,omitempty" doc:"connections that carry the same bytes without being the same: a proxy or load balancer ends the one and begins the other"`
	Possible      []Likely  `json:"possible,omitempty" doc:"conversations that agree in nothing but the sizes and the order of their packets: one may be the other in a tunnel"`
	Ambiguous     int       `json:"ambiguous,omitempty" doc:"connections of a that carry the same bytes as several of b, or share one with others, so that nothing tells which belong together"`
}

// A Clock is the offset of two clocks in a time without a step.
type Clock struct {
	From     string `json:"from" doc:"first packet that tells, by the clock of a"`
	To       string `json:"to" doc:"last one"`
	Bound    string `json:"bound" doc:"'both': packets of both ways tell the offset; 'at_most', 'at_least': those of one way only; 'loose': nobody knows which way they went"`
	OffsetNS *int64 `json:"offset_ns,omitempty" doc:"at from; of 'at_most' and 'at_least' the limit"`
	ErrorNS  *int64 `json:"error_ns,omitempty" doc:"how far the offset may be off; of 'both' only"`
	DriftPPB *int64 `json:"drift_ppb,omitempty" doc:"parts per billion that the clock of b is faster; left out when it may be none"`
	SlowPPB  *int64 `json:"drift_slowest_ppb,omitempty" doc:"least possible drift"`
	FastPPB  *int64 `json:"drift_fastest_ppb,omitempty" doc:"greatest possible drift"`
	SumNS    *int64 `json:"sum_ns,omitempty" doc:"offset and time on the way together (minus it for 'at_least'), when one way only is there"`
	SumError *int64 `json:"sum_error_ns,omitempty" doc:"how far that may be off"`
}

// A Way is one direction between two points.
type Way struct {
	From    *int   `json:"from,omitempty" doc:"source of the point that packets pass first; left out when nothing tells"`
	Matched int64  `json:"matched" doc:"packets that both points have"`
	Lost    int64  `json:"lost" doc:"packets that the first point has and the second has not, though it captured then; without from, those of a only"`
	Only    int64  `json:"only" doc:"packets that only the second point has"`
	Outside int64  `json:"outside" doc:"packets of one point when the other did not capture: not judged"`
	Altered int64  `json:"altered,omitempty" doc:"packets that both points have with payloads of one size that are not the same; neither matched nor lost"`
	AlikeA  int64  `json:"alike_a,omitempty" doc:"packets of a that are so much alike that nothing tells which of them b has"`
	AlikeB  int64  `json:"alike_b,omitempty" doc:"those of b that may be they, not as many"`
	Ranges  int64  `json:"ranges,omitempty" doc:"of matched: those whose bytes the other point has in segments of another size"`
	MinNS   *int64 `json:"delay_min_ns,omitempty" doc:"least time on the way, as far as the clocks are known (error_ns)"`
	P50NS   *int64 `json:"delay_p50_ns,omitempty" doc:"of half of the packets at most"`
	P95NS   *int64 `json:"delay_p95_ns,omitempty" doc:"of 95 % at most"`
}

// A Rewrite is a field that differs at two points.
type Rewrite struct {
	Field         string `json:"field" doc:"what differs"`
	AtA           string `json:"at_a" doc:"value at a; of the TTL, what it is more"`
	AtB           string `json:"at_b" doc:"value at b"`
	Conversations int    `json:"conversations" doc:"in how many directions of conversations"`
}

// Met is a conversation at two points.
type Met struct {
	A       int    `json:"a" doc:"conversation at a"`
	B       int    `json:"b" doc:"conversation at b"`
	Flipped bool   `json:"flipped,omitempty" doc:"the first endpoint at a is the second at b"`
	By      string `json:"by" doc:"what is the same: 'endpoints', 'numbers', 'content'"`
	Ways    []Way  `json:"ways" doc:"by the sender at a, in the order of its endpoints"`
}

// Relayed is a connection at a, and one at b with the same bytes.
type Relayed struct {
	A        int     `json:"a" doc:"conversation at a"`
	B        int     `json:"b" doc:"conversation at b"`
	Flipped  bool    `json:"flipped,omitempty" doc:"the first endpoint at a is on the side of the second at b"`
	By       string  `json:"by" doc:"what is the same: 'bytes'"`
	Doubtful bool    `json:"doubtful,omitempty" doc:"no address and no clock shows that the one passes on what the other brings"`
	Ways     []Bytes `json:"ways" doc:"by the sender at a, in the order of its endpoints"`
}

// Bytes is one direction of connections with the same bytes.
type Bytes struct {
	From  *int   `json:"from,omitempty" doc:"source of the point that bytes pass first; left out when nothing tells"`
	Bytes int64  `json:"bytes" doc:"of the ranges"`
	Spots int64  `json:"spots" doc:"places where the bytes were compared"`
	Runs  []Run  `json:"runs,omitempty" doc:"ranges that are the same, in the order of the bytes at a"`
	MinNS *int64 `json:"delay_min_ns,omitempty" doc:"least time until the bytes came by at the second point, as far as the clocks are known (error_ns)"`
	P50NS *int64 `json:"delay_p50_ns,omitempty" doc:"of half of the places at most"`
	P95NS *int64 `json:"delay_p95_ns,omitempty" doc:"of 95 % at most"`
}

// A Run is a range of bytes at both points.
type Run struct {
	A      uint32 `json:"a" doc:"sequence number of the first byte at a, as sent"`
	B      uint32 `json:"b" doc:"the same at b"`
	Length int64  `json:"length" doc:"bytes"`
}

// Likely is a conversation at a that may be one at b.
type Likely struct {
	A       int   `json:"a" doc:"conversation at a"`
	B       int   `json:"b" doc:"conversation at b"`
	Flipped bool  `json:"flipped,omitempty" doc:"the first endpoint at a is on the side of the second at b"`
	Packets int64 `json:"packets" doc:"that come in the same order and rhythm, with the same differences of their sizes"`
	Of      int64 `json:"of" doc:"packets with a payload, of the conversation that has fewer in these directions"`
	More    int   `json:"more,omitempty" doc:"bytes of payload that most of them have more at b"`
}

// points writes what capture points say together.
func (e *encoder) points(r *point.Result) {
	if r == nil {
		return
	}
	for i := range r.Points {
		p := &r.Points[i]
		e.put(Point{kind("point"), p.Source, p.More, p.Name, p.Packets, p.Tick})
	}
	for i := range r.Pairs {
		e.put(path(r, &r.Pairs[i]))
	}
}

func path(r *point.Result, p *point.Pair) Path {
	a, b := r.Points[p.A].Source, r.Points[p.B].Source
	out := Path{head: kind("path"), A: a, B: b, Conversations: len(p.Meetings), Contradicted: p.Contradicted, Twice: p.Twice, UnitNS: p.Clock.Unit}
	if r.Sampled > 0 {
		out.Sample = 1 << r.Sampled
	}
	for i := range p.Clock.Segments {
		out.Clock = append(out.Clock, clock(&p.Clock.Segments[i]))
	}
	for _, c := range []point.Course{point.AtoB, point.BtoA, point.Unknown} {
		if w, n := p.Total(c); n > 0 {
			out.Ways = append(out.Ways, passage(&w, a, b))
		}
	}
	for _, x := range p.Rewrites() {
		out.Rewrites = append(out.Rewrites, Rewrite{x.Field, x.A, x.B, x.Conversations})
	}
	for i := range p.Meetings {
		m := &p.Meetings[i]
		if m.How != point.SameEnds {
			out.Rewritten++
		}
		out.Met = append(out.Met, Met{m.A.ID, m.B.ID, m.Flipped, m.How.String(), []Way{passage(&m.Ways[0], a, b), passage(&m.Ways[1], a, b)}})
	}
	for i := range p.Relays {
		x := &p.Relays[i]
		y := Relayed{x.A.ID, x.B.ID, x.Flipped, point.SameBytes.String(), x.Doubtful, nil}
		for d := range 2 {
			y.Ways = append(y.Ways, relayed(&x.Ways[d], a, b))
		}
		out.Relayed = append(out.Relayed, y)
	}
	for i := range p.Possible {
		x := &p.Possible[i]
		out.Possible = append(out.Possible, Likely{x.A.ID, x.B.ID, x.Flipped, x.Packets, x.Of, x.More})
	}
	out.Ambiguous = p.Ambiguous
	return out
}

func relayed(w *point.Relayed, a, b int) Bytes {
	out := Bytes{Bytes: w.Bytes, Spots: w.Spots}
	switch w.From {
	case point.AtoB:
		out.From = &a
	case point.BtoA:
		out.From = &b
	}
	for _, x := range w.Runs {
		out.Runs = append(out.Runs, Run{x.A, x.B, x.Length})
	}
	if d := w.Delay; d.N > 0 {
		out.MinNS, out.P50NS, out.P95NS = &d.Min, &d.P50, &d.P95
	}
	return out
}

func clock(s *point.Segment) Clock {
	out := Clock{From: view.ISO(s.From), To: view.ISO(s.To), Bound: s.Bound.String()}
	switch s.Bound {
	case point.Both:
		out.OffsetNS, out.ErrorNS = &s.Offset, &s.Error
		if s.Slowest > 0 || s.Fastest < 0 {
			out.DriftPPB, out.SlowPPB, out.FastPPB = &s.Drift, &s.Slowest, &s.Fastest
		}
	case point.AtMost, point.AtLeast:
		out.OffsetNS = &s.Offset
		fallthrough
	default:
		out.SumNS, out.SumError = &s.Sum, &s.SumError
	}
	return out
}

func passage(w *point.Way, a, b int) Way {
	out := Way{Matched: w.Matched, Lost: w.Lost, Only: w.Only, Outside: w.Outside, Altered: w.Altered, AlikeA: w.Alike[0], AlikeB: w.Alike[1], Ranges: w.Ranges}
	switch w.From {
	case point.AtoB:
		out.From = &a
	case point.BtoA:
		out.From = &b
	}
	if d := w.Delay; d.N > 0 {
		out.MinNS, out.P50NS, out.P95NS = &d.Min, &d.P50, &d.P95
	}
	return out
}
