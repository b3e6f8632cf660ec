package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/view"
)

// A Comparison is what the two runs of `compare` say together.
type Comparison struct {
	head
	Ratio    float64  `json:"ratio" doc:"rate of the good run over that of the slow one"`
	Unit     string   `json:"unit" doc:"of rates: 'bit/s', or 'request/s' where there is no content"`
	Protocol string   `json:"protocol" doc:"of the work that both did"`
	Common   int64    `json:"common_bytes" doc:"bytes that both moved of the same places of files"`
	Notes    []string `json:"notes,omitempty" doc:"what limits the comparison"`
}

// A RunOfTwo is one of the two runs of `compare`.
type RunOfTwo struct {
	head
	Run         string      `json:"run" doc:"'slow' or 'good'"`
	Rate        float64     `json:"rate" doc:"in the unit of the comparison"`
	Steady      bool        `json:"steady" doc:"true when it is over full cycles of questions, false when it is over everything"`
	FromFrame   int64       `json:"from_frame" doc:"record that the rate begins with"`
	ToFrame     int64       `json:"to_frame" doc:"record that it ends with"`
	FromTime    string      `json:"from_time" doc:"of that record"`
	TimeNS      int64       `json:"time_ns" doc:"between the two"`
	FirstByteNS int64       `json:"first_byte_ns" doc:"of it, something was asked and nothing on its way"`
	TransferNS  int64       `json:"transfer_ns" doc:"of it, a question or an answer was on its way"`
	OtherNS     int64       `json:"other_ns" doc:"of it, only other requests were open on the same connections"`
	PauseNS     int64       `json:"pause_ns" doc:"of it, nothing was asked"`
	LossNS      int64       `json:"loss_ns" doc:"of it, a lost segment was being recovered"`
	WindowNS    int64       `json:"window_ns" doc:"of it, the window of the receiver had no room"`
	Requests    int         `json:"requests" doc:"asked in that time"`
	Bytes       int64       `json:"bytes" doc:"content of these"`
	Batches     int         `json:"batches" doc:"of questions between which no answer began or ended"`
	Depth       int         `json:"depth" doc:"questions that are usually open once a batch is asked"`
	Service     *SpreadOfNS `json:"service,omitempty" doc:"from a question's last byte to the first of its answer"`
	RoundTripNS int64       `json:"round_trip_ns,omitempty" doc:"of the handshake"`
	Unasked     int         `json:"unasked,omitempty" doc:"answers whose question is not in the capture"`
	Pauses      []PauseOf   `json:"pauses,omitempty" doc:"the fewest that make up 95 % of the pauses"`
}

// A SpreadOfNS is how times are distributed.
type SpreadOfNS struct {
	N      int   `json:"n" doc:"how many there are"`
	Min    int64 `json:"min_ns" doc:"the shortest"`
	Median int64 `json:"median_ns" doc:"half of them take longer"`
	P95    int64 `json:"p95_ns" doc:"one in twenty takes longer"`
	Max    int64 `json:"max_ns" doc:"the longest"`
	Mean   int64 `json:"mean_ns" doc:"the average"`
}

// A PauseOf is a time in which nothing was asked.
type PauseOf struct {
	FromFrame int64 `json:"from_frame" doc:"record after which nothing is open"`
	ToFrame   int64 `json:"to_frame" doc:"record of the next question"`
	NS        int64 `json:"ns" doc:"length"`
}

// A Factor is the part of the ratio that one difference makes.
type Factor struct {
	head
	Name   string  `json:"name" doc:"'request size', 'depth', 'client pauses', 'other requests', 'first byte', 'round trip', 'transfer', 'loss', 'window'"`
	Factor float64 `json:"factor" doc:"the product of all is the ratio"`
	Share  float64 `json:"share" doc:"of the logarithm of the ratio; negative when it speaks for the slow run"`
	Slow   float64 `json:"slow" doc:"size in bytes, depth, first byte and round trip in nanoseconds (0 when transfers hid it), transfer in the unit of rates; else the share of the time"`
	Good   float64 `json:"good" doc:"the same of the good run"`
}

// A WhatIf is the rate that the slow run would have.
type WhatIf struct {
	head
	Change string  `json:"change" doc:"'no pauses', 'good requests': size and depth of the good run, 'no pauses, good requests', 'ceiling': something always on its way, 'filling': the depth that this takes"`
	Size   float64 `json:"size" doc:"content of a request, bytes"`
	Depth  float64 `json:"depth,omitempty" doc:"requests that are open"`
	Rate   float64 `json:"rate" doc:"in the unit of the comparison"`
}

// A Work is what was asked of one file or name with one command, by both runs or by one.
type Work struct {
	head
	Command string     `json:"command" doc:"what is asked"`
	Slow    *WorkShare `json:"slow,omitempty" doc:"what the slow run did"`
	Good    *WorkShare `json:"good,omitempty" doc:"what the good run did"`
	Common  int64      `json:"common_bytes" doc:"bytes that both moved of the same places"`
}

// A WorkShare is what one run did of a work.
type WorkShare struct {
	Name     string `json:"name,omitempty" doc:"of the file or what else is asked for; none for several"`
	Requests int    `json:"requests" doc:"that were answered"`
	Bytes    int64  `json:"bytes" doc:"of content"`
	Distinct int64  `json:"distinct_bytes" doc:"of different places; 0 where places have no meaning"`
}

var runKinds = [2]string{"slow", "good"}

// Contrast writes the comparison of two runs, of these cases.
func Contrast(w io.Writer, cases [2]*engine.Case, c *contrast.Contrast) error {
	e := newEncoder(w, cases[contrast.Slow])
	e.contrast(c)
	return e.err
}

func (e *encoder) contrast(c *contrast.Contrast) {
	unit := "request/s"
	if c.Bytes {
		unit = "bit/s"
	}
	e.put(Comparison{head: kind("comparison"), Ratio: c.Ratio, Unit: unit, Protocol: c.Protocol.String(), Common: c.Overlap, Notes: c.Notes})
	if c.Finding != nil {
		e.put(finding(1, view.FindingID(c.Finding), c.Finding))
	}
	for i := range c.Runs {
		e.put(runOf(i, &c.Runs[i]))
	}
	for _, f := range c.Factors {
		e.put(Factor{kind("factor"), f.Kind.String(), f.By, f.Share, f.Slow, f.Good})
	}
	for _, x := range c.WhatIfs {
		e.put(WhatIf{kind("what_if"), x.Kind.String(), x.Size, x.Depth, x.Rate})
	}
	for _, list := range [][]*contrast.Work{c.Work, c.Only[contrast.Slow], c.Only[contrast.Good]} {
		for _, x := range list {
			e.put(Work{kind("work"), x.Command, shareOf(&x.Shares[contrast.Slow]), shareOf(&x.Shares[contrast.Good]), x.Common})
		}
	}
}

func runOf(i int, r *contrast.Run) RunOfTwo {
	out := RunOfTwo{
		head: kind("run"), Run: runKinds[i], Rate: r.Rate(), Steady: r.Steady, FromFrame: r.From.Number, ToFrame: r.To.Number, FromTime: view.ISO(r.From.Time),
		TimeNS: r.Time, FirstByteNS: r.Parts[contrast.PartFirstByte], TransferNS: r.Parts[contrast.PartTransfer], OtherNS: r.Parts[contrast.PartOther],
		PauseNS: r.Parts[contrast.PartPause], LossNS: r.Parts[contrast.PartLoss], WindowNS: r.Parts[contrast.PartWindow],
		Requests: r.N, Bytes: r.Moved, Batches: r.Batches, Depth: r.Depth, Service: spreadOf(&r.First), RoundTripNS: r.RoundTrip, Unasked: r.Unasked,
	}
	for _, p := range r.Longest() {
		out.Pauses = append(out.Pauses, PauseOf{p.From.Number, p.To.Number, p.Length()})
	}
	return out
}

func spreadOf(s *request.Spread) *SpreadOfNS {
	if s.N == 0 {
		return nil
	}
	return &SpreadOfNS{s.N, s.Min, s.Median, s.P95, s.Max, s.Mean}
}

func shareOf(s *contrast.Share) *WorkShare {
	if s.N == 0 {
		return nil
	}
	return &WorkShare{s.Name, s.N, s.Moved, s.Distinct}
}
