package jsonl

import (
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/view"
)

// A Profile is the time on the way of one direction, over time.
type Profile struct {
	From    int      `json:"from" doc:"source of the point that packets pass first"`
	WidthNS int64    `json:"width_ns" doc:"length of a period"`
	Level   bool     `json:"level" doc:"false when packets went one way only: then only changes are known, and the least delay is written as 0"`
	Periods []Period `json:"periods" doc:"those in which packets were matched"`
}

// A Period is a part of a profile.
type Period struct {
	From    string `json:"from" doc:"beginning, by the clock of a"`
	Packets int64  `json:"packets" doc:"matched packets"`
	Bytes   int64  `json:"bytes" doc:"their payload"`
	MinNS   int64  `json:"min_ns" doc:"least time on the way"`
	P50NS   int64  `json:"p50_ns" doc:"of half of the packets at most"`
	P95NS   int64  `json:"p95_ns" doc:"of 95 % at most"`
}

// A ClockStep is where one of the two clocks was set.
type ClockStep struct {
	After   string `json:"after" doc:"last packet before it, by the clock of a"`
	Before  string `json:"before" doc:"first packet after it"`
	ByNS    int64  `json:"by_ns" doc:"how much more b is ahead of a after it"`
	ErrorNS int64  `json:"error_ns" doc:"how far that may be off"`
}

// A Foreign is a packet that its sender did not send past the first point.
type Foreign struct {
	Frame int64  `json:"frame" doc:"number of the record at the second point"`
	TTL   int    `json:"ttl" doc:"that it arrived with"`
	Usual int    `json:"usual_ttl" doc:"that of the others"`
	Why   string `json:"why" doc:"'ttl', 'content', 'sent_on', separated by commas: no other packet has its TTL, the first point has other content under its numbers, it ends the connection and its sender went on"`
}

// A Path is what two points saw of the same traffic.
type Path struct {
	head
	A             int         `json:"a" doc:"source of the first point"`
	B             int         `json:"b" doc:"source of the second point"`
	Conversations int         `json:"conversations" doc:"that both have"`
	Rewritten     int         `json:"rewritten" doc:"of them: those with other endpoints"`
	Contradicted  int         `json:"contradicted,omitempty" doc:"conversations with the same endpoints at both points, but other numbers or content"`
	Twice         bool        `json:"twice,omitempty" doc:"both points have the same records at the same times: one capture, given twice"`
	Sample        int         `json:"sample,omitempty" doc:"not 0: one of so many packets was compared, and counts are of those"`
	UnitNS        int64       `json:"unit_ns,omitempty" doc:"of the times: nothing is known finer"`
	Contradicts   int64       `json:"contradicts_ns,omitempty" doc:"not 0: the offsets that the pair allows and those that other points tell are so far apart; what it says is left out of the one clock"`
	Steps         []ClockStep `json:"steps,omitempty" doc:"where a clock was set"`
	Over          []Profile   `json:"over,omitempty" doc:"how long packets took, over time"`
	Clock         []Clock     `json:"clock,omitempty" doc:"how far the clock of b is ahead of that of a; several where one was set; none when nothing tells"`
	Ways          []Way       `json:"ways,omitempty" doc:"what became of packets, by the point that they pass first"`
	Rewrites      []Rewrite   `json:"rewrites,omitempty" doc:"what differs in the same packets"`
	Met           []Met       `json:"met,omitempty" doc:"the conversations that both have"`
	Relayed       []Relayed   `json:"relayed,omitempty" doc:"connections that carry the same bytes without being the same: a proxy or load balancer ends the one and begins the other"`
	Possible      []Likely    `json:"possible,omitempty" doc:"conversations that agree in nothing but the sizes and the order of their packets: one may be the other in a tunnel"`
	Ambiguous     int         `json:"ambiguous,omitempty" doc:"connections of a that carry the same bytes as several of b, or share one with others, so that nothing tells which belong together"`
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

	Reordered int64     `json:"reordered,omitempty" doc:"packets that arrived after one that was sent later"`
	Extent    int64     `json:"reordered_extent,omitempty" doc:"how many packets behind the first that overtook it one fell at most"`
	LateNS    int64     `json:"reordered_late_ns,omitempty" doc:"how much later one came at most"`
	Twice     int64     `json:"twice,omitempty" doc:"packets more than were sent that arrived with the same identification"`
	Foreign   []Foreign `json:"foreign,omitempty" doc:"packets of only that come from elsewhere, 20 at most"`
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

func (e *encoder) path(r *point.Result, p *point.Pair) Path {
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
	for _, x := range r.Contradictions {
		if &r.Pairs[x.Pair] == p {
			out.Contradicts = x.By
		}
	}
	for _, x := range p.Clock.Steps() {
		out.Steps = append(out.Steps, ClockStep{view.ISO(x.After), view.ISO(x.Before), x.By, x.Error})
	}
	for i, from := range []int{a, b} {
		if over := &p.Over[i]; len(over.Periods) > 0 {
			out.Over = append(out.Over, profile(over, from))
		}
	}
	for _, x := range p.Rewrites {
		out.Rewrites = append(out.Rewrites, Rewrite{x.Field, x.A, x.B, x.Conversations})
	}
	for i := range p.Meetings {
		if p.Meetings[i].How != point.SameEnds {
			out.Rewritten++
		}
	}
	for i := range limited(e, p.Meetings) {
		m := &p.Meetings[i]
		out.Met = append(out.Met, Met{int(m.A), int(m.B), m.Flipped, m.How.String(), []Way{passage(&m.Ways[0], a, b), passage(&m.Ways[1], a, b)}})
	}
	out.Relayed, out.Possible, out.Ambiguous = relays(limited(e, p.Relays), a, b), limited(e, possible(p)), p.Ambiguous
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
	out.Reordered, out.Extent, out.LateNS, out.Twice = w.Reordered, w.Extent, w.Late, w.Twice
	for _, x := range w.Places().Foreign {
		out.Foreign = append(out.Foreign, Foreign{x.Pos.Number, int(x.TTL), int(x.Usual), x.Why.String()})
	}
	if d := w.Delay; d.N > 0 {
		out.MinNS, out.P50NS, out.P95NS = &d.Min, &d.P50, &d.P95
	}
	return out
}

func profile(p *point.Profile, from int) Profile {
	out := Profile{From: from, WidthNS: p.Width, Level: p.Level}
	for i := range p.Periods {
		x := &p.Periods[i]
		out.Periods = append(out.Periods, Period{view.ISO(x.From), x.N, x.Bytes, x.Min, x.P50, x.P95})
	}
	return out
}
