package jsonl

import "github.com/wiretale/wiretale/internal/point"

// Relayed is a connection at a, and one at b with the same bytes.
type Relayed struct {
	A        int     `json:"a" doc:"conversation at a"`
	B        int     `json:"b" doc:"conversation at b"`
	Flipped  bool    `json:"flipped,omitempty" doc:"the first endpoint at a is on the side of the second at b"`
	By       string  `json:"by" doc:"what is the same: 'bytes'"`
	Doubtful bool    `json:"doubtful,omitempty" doc:"no address and no clock shows that the one passes on what the other brings"`
	ErrorNS  int64   `json:"error_ns,omitempty" doc:"how far delays may be off, where the clocks of other pairs of points helped to tell them"`
	Ways     []Bytes `json:"ways" doc:"by the sender at a, in the order of its endpoints"`
}

// Bytes is one direction of connections with the same bytes.
type Bytes struct {
	From  *int   `json:"from,omitempty" doc:"source of the point that bytes pass first; left out when nothing tells, and of one point"`
	First string `json:"first,omitempty" doc:"of one point: 'a' when bytes pass the connection a first, 'b' when they pass b first"`
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

// inside are those that a point has both of.
func inside(r *point.Result, p int) (out []Relayed) {
	for i := range r.Inside {
		if x := &r.Inside[i]; x.Point == p {
			out = append(out, relays(x.Relays, r.Points[p].Source, r.Points[p].Source)...)
		}
	}
	return out
}

// relays are connections of two points that carry the same bytes.
func relays(list []point.Relay, a, b int) (out []Relayed) {
	for i := range list {
		x := &list[i]
		y := Relayed{x.A.ID, x.B.ID, x.Flipped, point.SameBytes.String(), x.Doubtful, x.Error, nil}
		for d := range 2 {
			y.Ways = append(y.Ways, relayed(&x.Ways[d], a, b))
		}
		out = append(out, y)
	}
	return out
}

func relayed(w *point.Relayed, a, b int) Bytes {
	out := Bytes{Bytes: w.Bytes, Spots: w.Spots}
	switch {
	case a == b:
		out.First = map[point.Course]string{point.AtoB: "a", point.BtoA: "b"}[w.From]
	case w.From == point.AtoB:
		out.From = &a
	case w.From == point.BtoA:
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

// Likely is a conversation at a that may be one at b.
type Likely struct {
	A       int   `json:"a" doc:"conversation at a"`
	B       int   `json:"b" doc:"conversation at b"`
	Flipped bool  `json:"flipped,omitempty" doc:"the first endpoint at a is on the side of the second at b"`
	Packets int64 `json:"packets" doc:"that come in the same order and rhythm, with the same differences of their sizes"`
	Of      int64 `json:"of" doc:"packets with a payload, of the conversation that has fewer in these directions"`
	More    int   `json:"more,omitempty" doc:"bytes of payload that most of them have more at b"`
}

// possible are the conversations of a pair that may be one.
func possible(p *point.Pair) (out []Likely) {
	for i := range p.Possible {
		x := &p.Possible[i]
		out = append(out, Likely{x.A.ID, x.B.ID, x.Flipped, x.Packets, x.Of, x.More})
	}
	return out
}
